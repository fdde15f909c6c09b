"""Consumed events in the portal: timelines without sealed values, latest events, applicant search."""

import json
from uuid import UUID, uuid4

import pytest
from sqlmodel import col, select

from services.portal import queries
from services.portal.bus import HANDLERS
from services.portal.errors import UnknownApplicant
from services.portal.models import Applicant, Occurrence
from shared.events.billing import FeePaid
from shared.events.intake import ApplicationResubmitted
from shared.events.portal import StaffAccessChanged
from shared.messaging.consumer import Consumer
from tests.portal.conftest import NOW, Portal
from tests.portal.received import APPLICATION, delivery_of, handle, hour, interview, paid, submitted, verified


def test_a_timeline_shows_the_events_of_every_service_newest_first(any_portal: Portal) -> None:
    handle(any_portal, submitted(), at=hour(0))
    handle(any_portal, verified(), at=hour(1))
    handle(any_portal, interview(), at=hour(2))
    handle(any_portal, paid(), at=hour(3))
    with any_portal.process.database.reader() as session:
        timeline = queries.timeline_of(session, APPLICATION)
    assert [(item.who, item.title, item.text.format(**item.values)) for item in timeline] == [
        ("缴费结算", "自筹费用缴清", "25,000.00 元，2021-11-23 09:00 到账"),
        ("面试与教学", "面试已安排", "2021-12-06 09:00，线上，会议 1，第一组"),
        ("评审录取", "审核通过", ""),
        ("报名受理", "提交报名", "重庆琮渟齿轮箱股份有限公司 推荐 杨致远，报名编号 BM2021-0001"),
    ]


def test_simultaneous_events_of_a_service_are_ordered_by_sequence(any_portal: Portal) -> None:
    handle(any_portal, submitted(), at=hour(0))
    for sequence in (2, 5, 3, 4):
        handle(any_portal, submitted(ApplicationResubmitted, revision=sequence), at=hour(1), sequence=sequence)
    with any_portal.process.database.reader() as session:
        timeline = queries.timeline_of(session, APPLICATION)
    assert [item.values.get("number") for item in timeline] == [5, 4, 3, 2, "BM2021-0001"]


def test_no_sealed_value_and_no_birth_date_is_stored(any_portal: Portal) -> None:
    handle(any_portal, submitted(), at=hour(0))
    with any_portal.process.database.reader() as session:
        body = session.exec(select(Occurrence)).one().body
    assert body["student"]["mobile"] == "138****8000"
    assert "CIPHERTEXT" not in json.dumps(body)
    assert "1980-01-01" not in json.dumps(body)


def test_repeated_and_overtaken_events_are_stored_once(any_portal: Portal) -> None:
    process = any_portal.process
    consumer = Consumer(process.database, process.transport(), HANDLERS, clock=process.clock, tools=process.tools)
    first, second = delivery_of(interview(), 1), delivery_of(interview(), 2)
    for delivery in (second, first, first, second):
        consumer.handle([delivery])
    with process.database.reader() as session:
        assert session.exec(select(Occurrence.event_id).order_by(col(Occurrence.occurred_at))).all() == [
            UUID(one.headers["cloudEvents:id"]) for one in (first, second)
        ]


def test_the_last_event_is_the_newest_by_business_time(any_portal: Portal) -> None:
    handle(any_portal, paid(), at=hour(3))
    handle(any_portal, submitted(), at=hour(0))
    handle(any_portal, submitted(ApplicationResubmitted, name="杨志远", revision=2), at=hour(1))
    with any_portal.process.database.reader() as session:
        row = session.exec(select(Applicant)).one()
    assert (row.student_name, row.application_no) == ("杨志远", "BM2021-0001")
    assert (row.last_type, row.last_at) == (FeePaid.TYPE, hour(3))


def test_changes_of_access_are_stored_but_not_among_the_latest_events(portal: Portal) -> None:
    handle(portal, StaffAccessChanged(account="li", roles=(), valid_from=NOW), at=hour(0))
    handle(portal, submitted(), at=hour(1))
    with portal.process.database.reader() as session:
        latest = queries.latest_occurrences(session, most=10)
        assert len(session.exec(select(Occurrence)).all()) == 2
    assert [(item.title, item.applicant.student_name if item.applicant else "") for item in latest] == [
        ("提交报名", "杨致远")
    ]


def test_an_unknown_applicant_has_no_timeline(portal: Portal) -> None:
    with portal.process.database.reader() as session, pytest.raises(UnknownApplicant):
        queries.applicant_with(session, APPLICATION)


def test_people_find_an_applicant_by_name_firm_and_number(any_portal: Portal) -> None:
    handle(any_portal, submitted(), at=hour(0))
    clerk = any_portal.signed_in("qian", "intake")
    for term, is_found in (("致远", True), ("琮渟", True), ("0001", True), ("孙", False)):
        assert (str(APPLICATION) in clerk.get("/tables/applicants/list", params={"q": term}).text) == is_found
    page = clerk.get(f"/applicants/{APPLICATION}").text
    assert "重庆琮渟齿轮箱股份有限公司 推荐 杨致远" in page
    assert clerk.get(f"/applicants/{uuid4()}").status_code == 404


def test_a_judge_cannot_see_timelines(portal: Portal) -> None:
    handle(portal, submitted(), at=hour(0))
    judge, auditor = portal.signed_in("qian", "judge"), portal.signed_in("sun", "auditor")
    for path in (f"/applicants/{APPLICATION}", "/tables/applicants/list"):
        assert (judge.get(path).status_code, auditor.get(path).status_code) == (403, 200)
    export = {"format": "csv", "scope": "page"}
    query = {"name": "export", "_list_query": ""}
    responses = [
        client.post("/tables/_api/applicants/action", params=query, data=export) for client in (judge, auditor)
    ]
    assert ["杨致远" in response.text for response in responses] == [False, True]
    assert ("杨致远" in judge.get("/").text, "杨致远" in auditor.get("/").text) == (False, True)
