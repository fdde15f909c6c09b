"""The closing summary reports every number that does not agree."""

import copy
from typing import Any

import pytest

from services.demo.player.clients import pending_work
from services.demo.player.summary import reconcile
from shared.wiring.registry import topology

SEAT = {"central": 1_000_000, "municipal": 500_000, "self": 2_500_000}
PUBLISHED = {
    "review.student_admitted.v1": 54,
    "review.applicant_waitlisted.v1": 20,
    "review.applicant_not_selected.v1": 57,
    "intake.application_submitted.v1": 118,
}


def infrastructure(service: str) -> dict[str, Any]:
    handled = {kind: PUBLISHED[kind] for kind in topology()[service] if kind in PUBLISHED}
    return {
        "outbox": 0,
        "jobs": {"done": 7},
        "published": {kind: count for kind, count in PUBLISHED.items() if kind.startswith(service)},
        "heard": handled,
        "looked_at": "2022-12-31T00:00:00+00:00",
        "now": "2022-12-31T00:00:00+00:00",
        "audit_break": None,
    }


def stats() -> dict[str, Any]:
    """Return statistics in which all totals agree."""
    domain = {
        "portal": {"dead_letters": 0},
        "intake": {"applications": 119, "applications_draft": 0, "applications_expired": 1},
        "review": {
            "cases": 118, "seat_held": 50, "lapsed": 3, "declined": 1, "waiting": 0, "not_selected": 57, "rejected": 4,
            "withdrawn": 3, "in_process": 0, "seats_held": 50, "promotions": 4, "letters_sent": 131,
        },
        "scheduling": {
            "interviews_scheduled": 114, "notices_sent": 114, "roster": 50, "schedules_sent": 50, "registered": 50, "certified": 45, "not_certified": 5,
            "plan_days": 16, "plan_hours": 128,
        },
        "billing": {
            "opening_fen": 100, "credits_fen": 125_000_400, "debits_fen": 350, "closing_fen": 125_000_150,
            "applied_fen": 125_000_000, "unapplied_fen": 300, "unmatched_fen": 60, "ignored_fen": 40,
            "refunds_sent_fen": 300, "reversals_fen": 30, "other_debits_fen": 20, "ledger_sum_fen": 0,
            "central_fen": 50_000_000, "municipal_fen": 25_000_000, "self_fen": 125_000_000,
            "self_paid_fen": 125_000_000, "invoiced_fen": 125_000_000,
            "documents_sent": 150, "red_letters_issued": 1, "red_letters_sent": 1,
        },
    }  # fmt: skip
    return {service: infrastructure(service) | {"domain": numbers} for service, numbers in domain.items()}


def failing_lines(values: dict[str, Any]) -> list[str]:
    return [line.text for line in reconcile(values, quota=50, seat_fen=SEAT) if not line.holds]


def test_every_line_holds_when_all_totals_agree():
    assert failing_lines(stats()) == []


NUMBERS = [(service, name) for service, one in stats().items() for name in one["domain"]]


@pytest.mark.parametrize(("service", "name"), NUMBERS)
def test_a_number_that_is_off_by_one_breaks_a_line(service, name):
    values = copy.deepcopy(stats())
    values[service]["domain"][name] -= 1
    assert failing_lines(values) != []


def test_each_kind_of_missing_document_breaks_a_line():
    values = stats()
    missing = {
        "review": ["letters_sent"],
        "scheduling": ["notices_sent", "schedules_sent"],
        "billing": ["documents_sent", "invoiced_fen", "red_letters_sent"],
    }
    for service, names in missing.items():
        values[service]["domain"] |= dict.fromkeys(names, 0)
    assert [line.partition(":")[0] for line in failing_lines(values)] == [
        "录取与结果通知",
        "面试通知",
        "课程表",
        "收款确认与开票单据",
        "发票金额",
        "红字发票",
    ]


def test_an_unhandled_or_unpublished_event_breaks_a_line():
    unhandled, waiting = stats(), stats()
    unhandled["billing"]["heard"]["review.student_admitted.v1"] -= 1
    waiting["review"]["outbox"] = 1
    assert failing_lines(unhandled) != []
    assert failing_lines(waiting) != []


@pytest.mark.parametrize("change", [{"jobs": {"failed": 1}}, {"audit_break": 4}, {"jobs": {"waiting": 1}}])
def test_a_failed_job_an_open_job_or_a_broken_audit_chain_breaks_a_line(change):
    values = stats()
    values["review"] |= change
    assert failing_lines(values) != []


def test_an_unchecked_deadline_is_pending_work():
    values = stats()
    values["review"]["looked_at"] = "2022-12-30T00:00:00+00:00"
    assert pending_work(values) == ["review: deadlines not looked at since 2022-12-30T00:00:00+00:00"]
