"""The committee's pages over HTTP: freeze and release, ties, lapses, promotions, late payments, drop-outs."""

import io
from pathlib import Path

import pytest
from openpyxl import load_workbook

from services.demo.programme import CODE
from services.review import actions
from services.review.models import LetterRow
from services.review.states import SeatState, WorkKind
from shared.events.review import RefundOrdered, SeatReleased
from shared.events.scheduling import StudentRegistered
from tests.printed import words
from tests.review.desk import as_staff
from tests.review.stage import AFTER_PAY_BY, FREEZE, RELEASE
from tests.review.submissions import case_id


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """Use SQLite only; other tests cover the actions on both databases."""
    return f"sqlite:///{tmp_path / 'test.db'}"


def test_the_committee_freezes_releases_and_prints(review):
    review.ready(90, 85, 80, 75, 70, 65)
    review.publish_programme(version=2, quota=3, waiting_list_places=2, closes_at="2021-12-06T16:00:00Z")
    chair = as_staff(review, "chair", "committee")
    assert chair.get(f"/review/ranking/{CODE}/table.pdf").status_code == 409
    assert chair.post(f"/review/ranking/{CODE}/freeze").status_code == 409
    review.travel(FREEZE)
    review.act(actions.freeze_ranking, CODE, actor="secretary")
    assert chair.post(f"/review/ranking/{CODE}/freeze").status_code == 409
    review.travel(RELEASE)
    assert chair.post(f"/review/ranking/{CODE}/release").status_code == 303
    shown = chair.get("/review/ranking").text
    assert "名次一致" in shown
    printed = words(chair.get(f"/review/ranking/{CODE}/table.pdf").content)
    assert "学员选拔排名表" in printed
    sheet = load_workbook(io.BytesIO(chair.get(f"/review/ranking/{CODE}/table.xlsx").content)).active
    assert sheet is not None
    assert [line[0].value for line in sheet.iter_rows(min_row=2)] == [1, 2, 3, 4, 5, 6]
    found = chair.get("/review/api/ranking").json()
    assert (found["state"], found["frozen_by"], len(found["places"])) == ("released", "secretary", 6)
    review.run_jobs()
    letter = chair.get(f"/review/letters/{review.rows(LetterRow)[0].id}")
    assert letter.content.startswith(b"%PDF-")
    assert chair.get(f"/review/letters/{case_id(0)}").status_code == 404


def test_the_committee_processes_lapses_promotions_and_late_payments(review):
    review.released(90, 85, 80, 75, 70)
    review.travel(AFTER_PAY_BY)
    chair = as_staff(review, "chair", "committee")
    for number in (0, 1, 2):
        review.overdue(number)
    work = chair.get("/review/api/work").json()
    assert [one["kind"] for one in work] == ["lapse_proposed"] * 3
    assert chair.get("/review/work").text.count("确认逾期") == 1
    kept = next(one for one in work if one["case_id"] == str(case_id(2)))
    assert chair.post(f"/review/work/{kept['id']}/dismissal", data={"reason": "银行延误"}).status_code == 303
    ids = [one["id"] for one in work if one is not kept]
    assert chair.post("/review/work/lapses", data={"item_id": ids}).status_code == 303
    review.paid(0, AFTER_PAY_BY)
    promotions = [one for one in chair.get("/review/api/work").json() if one["kind"] == "promotion_proposed"]
    assert [one["case_id"] for one in promotions] == [str(case_id(3)), str(case_id(4))]
    assert chair.post(f"/review/seats/{case_id(4)}/override", data={"reason": "首位失联"}).status_code == 303
    assert "确认递补录取" in chair.get("/review/work").text
    assert chair.post("/review/work/promotions", data={"case_id": promotions[0]["id"]}).status_code == 303
    [late] = review.items(WorkKind.LATE_PAYMENT)
    assert chair.post(f"/review/work/{late.id}/late-payment", data={"choice": "both"}).status_code == 422
    assert chair.post(f"/review/work/{late.id}/late-payment", data={"choice": "seat"}).status_code == 303
    assert chair.post(f"/review/seats/{case_id(2)}/decline", data={"reason": "放弃"}).status_code == 303
    assert review.seats() == {
        0: SeatState.HELD,
        1: SeatState.RELEASED,
        2: SeatState.RELEASED,
        3: SeatState.HELD,
        4: SeatState.WAITING,
    }
    assert chair.get("/review/seats").text.count("逾期未缴") == 1


def test_only_a_registered_student_drops_out_with_the_form(review):
    review.released(90, 85)
    chair = as_staff(review, "chair", "committee")
    fields = {"reason": "健康原因", "refund": "true"}
    assert chair.post(f"/review/seats/{case_id(0)}/drop-out", data=fields).status_code == 409
    review.handle(StudentRegistered(application_id=case_id(0), programme=CODE, registered_at=review.now))
    assert chair.post(f"/review/seats/{case_id(0)}/decline", data={"reason": "放弃"}).status_code == 409
    assert chair.post(f"/review/seats/{case_id(0)}/drop-out", data={"reason": ""}).status_code == 422
    reviewer = as_staff(review, "review01", "reviewer")
    assert reviewer.post(f"/review/seats/{case_id(0)}/drop-out", data=fields).status_code == 403
    assert chair.post(f"/review/seats/{case_id(0)}/drop-out", data=fields).status_code == 303
    assert [event.reason for event in review.published(SeatReleased)] == ["dropped_out"]
    assert [event.reason for event in review.published(RefundOrdered)] == ["退学：健康原因"]


def test_a_tie_is_decided_with_the_form(review):
    review.ready(90, 85, 70, 70)
    with review.together() as uow:
        same = review.case(2).content["firm"]
        tied = uow.session.get_one(type(review.case(3)), case_id(3))
        tied.content = tied.content | {"firm": same}
    review.travel(FREEZE)
    chair = as_staff(review, "chair", "committee")
    assert "同分须评审委员会决定" in chair.get("/review/ranking").text
    [tie] = chair.get("/review/api/ranking").json()["ties"]
    assert tie["first"] == 3
    fields = {"order": list(reversed(tie["case_ids"])), "reason": "实绩更优"}
    assert chair.post(f"/review/ranking/{CODE}/tie-decisions", data=fields).status_code == 303
    assert chair.post(f"/review/ranking/{CODE}/freeze").status_code == 303
    assert review.ranks() == [0, 1, 3, 2]
