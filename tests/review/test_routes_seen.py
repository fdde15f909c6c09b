"""Request metrics of the dashboard: labelled by route template, never by address."""

from shared.observability.metrics import REGISTRY
from tests.review.desk import as_staff, case_path


def routes_seen():
    return {
        (sample.labels["route"], sample.labels["status"])
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.labels.get("service") == "review" and "route" in sample.labels
    }


def test_requests_are_counted_by_route_template(review):
    review.arrive(1)
    http = as_staff(review, "review01", "reviewer")
    for address in ("/review/", case_path(1), "/review/tables/cases/list", "/review/13800138000"):
        http.get(address)
    seen = {route for route, _status in routes_seen()}
    assert {"/review/", "/review/cases/{case_id}", "/review/tables/{key}/list", "none"} <= seen
    assert [route for route in seen if any(sign.isdigit() for sign in route)] == []
