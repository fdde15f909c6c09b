"""Review's pages over HTTP: who sees what, what forms do, and what they refuse."""

import io
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from services.demo.programme import CODE
from services.review import actions
from services.review.models import LetterRow, ScoreSheet
from services.review.settings import ReviewSettings
from services.review.states import CaseState, SeatState, WorkKind
from services.review.web import make_app
from shared.models import AuditRow
from tests.printed import words
from tests.processes import process_for
from tests.review.stage import AFTER_PAY_BY, FREEZE, ITEMS, RELEASE, Review, applications, case_id
from tests.signing import csrf_headers, session_cookies


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite alone: what the actions behind the forms do is proved elsewhere on both."""
    return f"sqlite:///{tmp_path / 'test.db'}"


def as_staff(review: Review, account: str, *roles: str) -> TestClient:
    cookies = session_cookies(review.process, *roles, account=account, name=account)
    return TestClient(make_app(review.process), cookies=cookies, headers=csrf_headers(), follow_redirects=False)


@pytest.fixture
def reviewer(review):
    return as_staff(review, "review01", "reviewer")


def all_good(**more):
    kinds = ("form", "licence", "identity")
    return {f"verdict-{kind}": "pass" for kind in kinds} | {f"seal-{kind}": "true" for kind in kinds} | more


def case_path(number, verb=""):
    return f"/review/cases/{case_id(number)}" + (f"/{verb}" if verb else "")


def test_a_reviewer_checks_and_passes_with_one_form(review, reviewer):
    review.arrive(0)
    answer = reviewer.post(case_path(0, "checks"), data=all_good(then="pass"))
    assert (answer.status_code, answer.headers["location"]) == (303, case_path(0))
    assert review.case(0).state == CaseState.PASSED
    assert "初审通过" in reviewer.get(case_path(0)).text


def test_a_form_that_is_refused_says_why_and_changes_nothing(review, reviewer):
    review.arrive(0)
    wrong = all_good(then="pass") | {"verdict-form": "illegible"}
    answer = reviewer.post(case_path(0, "checks"), data=wrong)
    assert answer.status_code == 409
    assert "无法辨认" in answer.text
    assert review.case(0).state == CaseState.OPEN
    assert reviewer.post(case_path(0, "checks"), data={"verdict-form": "nice"}).status_code == 422
    assert reviewer.post(case_path(0, "checks")).status_code == 422
    assert reviewer.post(case_path(9, "pass")).status_code == 404


def test_many_are_passed_at_once_or_none(review, reviewer):
    review.arrive(0, 1, 2)
    for number in (0, 1):
        reviewer.post(case_path(number, "checks"), data=all_good())
    ids = [str(case_id(number)) for number in range(3)]
    assert reviewer.post("/review/passes", data={"case_id": ids}).status_code == 409
    assert review.case(0).state == CaseState.OPEN
    assert reviewer.post("/review/passes", data={"case_id": ids[:2]}).status_code == 303
    assert [review.case(number).state for number in range(3)] == ["passed", "passed", "open"]


def test_a_return_takes_pairs_and_passes_over_empty_ones(review, reviewer):
    review.arrive(0)
    fields = {"item": ["form", "", "student.position"], "reason": ["未盖章", "", "与申请表不符"]}
    assert reviewer.post(case_path(0, "return"), data=fields | {"correct_by": "2021-12-04T00:00"}).status_code == 303
    assert [defect["item"] for defect in review.case(0).defects] == ["form", "student.position"]
    assert "2021-12-03 24:00" in reviewer.get(case_path(0)).text
    review.arrive(1)
    assert reviewer.post(case_path(1, "return"), data={"item": [""], "reason": [""]}).status_code == 422
    assert reviewer.post(case_path(1, "return"), data=fields | {"correct_by": "soon"}).status_code == 422


def test_a_rejection_by_form(review, reviewer):
    review.arrive(0)
    assert reviewer.post(case_path(0, "reject"), data={"reason": "任职不符"}).status_code == 303
    assert reviewer.post(case_path(0, "reject"), data={"reason": "任职不符"}).status_code == 409


def test_a_scan_opens_in_a_locked_box_and_leaves_a_record(review, reviewer):
    review.arrive(0)
    for scan in applications()[0].scans:
        answer = reviewer.get(case_path(0, f"scans/{scan.kind}"))
        assert answer.content == scan.content()
        assert answer.headers["content-disposition"].startswith("inline")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert ("sandbox" in answer.headers["content-security-policy"]) == scan.media_type.startswith("image/")
    looks = [row.details["item"] for row in review.rows(AuditRow) if row.action == "look_at_scan"]
    assert looks == ["领军人才“专精特新”专题培训申请表", "公司营业执照", "学员身份证"]


def test_a_look_at_a_scan_that_is_gone_is_on_record_too(review, reviewer):
    review.arrive(0)
    review.process.tools.files.delete(f"{CODE}/scans/0-form")
    assert reviewer.get(case_path(0, "scans/form")).status_code == 404
    assert "look_at_scan" in [row.action for row in review.rows(AuditRow)]


def test_the_whole_number_shows_only_for_a_reason(review, reviewer):
    review.arrive(0)
    number = applications()[0].body["student"]["identity_number"]
    assert number not in reviewer.get(case_path(0)).text
    assert reviewer.post(case_path(0, "identity"), data={"reason": ""}).status_code == 422
    assert number in reviewer.post(case_path(0, "identity"), data={"reason": "与公安机关核验"}).text
    assert number not in str(review.rows(AuditRow))


def test_desk_points_are_saved_row_by_row_and_refused_whole(review, reviewer):
    review.arrive(0, 1)
    review.verify(0, 1)
    first, second = case_id(0), case_id(1)
    fields = {f"firm-{first}": "22.5", f"materials-{first}": "18", f"firm-{second}": "", f"materials-{second}": ""}
    assert reviewer.post("/review/scores", data=fields).status_code == 303
    assert (review.case(0).firm_points, review.case(0).materials_points) == (2250, 1800)
    assert review.case(1).firm_points is None
    wrong = {f"firm-{first}": "23", f"materials-{first}": "18", f"firm-{second}": "31", f"materials-{second}": "1"}
    assert reviewer.post("/review/scores", data=wrong).status_code == 422
    assert review.case(0).firm_points == 2250
    for text in ("viele", "1.005", "NaN", ""):
        fields = {f"firm-{first}": text, f"materials-{first}": "1"}
        assert reviewer.post("/review/scores", data=fields).status_code == 422
    assert reviewer.post("/review/scores", data={}).status_code == 422
    assert reviewer.post("/review/scores", data={"firm-x": "1", "materials-x": "1"}).status_code == 422
    assert "22.50" in reviewer.get("/review/scores").text


@pytest.fixture
def judge(review):
    for number in (0, 1):
        review.arrive(number)
        review.verify(number)
        review.book(number)
    return as_staff(review, "judge01", "judge")


def row(number, **changes):
    full = {name: str(most // 100) for name, most in ITEMS.items()} | changes
    return {f"points-{case_id(number)}-{name}": text for name, text in full.items()}


def test_a_judge_locks_the_rows_that_are_filled_in(review, judge):
    empty = dict.fromkeys(row(1), "")
    assert judge.post("/review/my-sheets", data=row(0) | empty).status_code == 303
    assert [(sheet.case_id, sheet.judge, sheet.total) for sheet in review.rows(ScoreSheet)] == [
        (case_id(0), "judge01", 10000)
    ]
    shown = judge.get("/review/my-sheets").text
    assert "100.00" in shown
    assert judge.post("/review/my-sheets", data=empty).status_code == 422


def test_a_row_that_is_half_filled_in_names_the_candidate_and_the_field(review, judge):
    answer = judge.post("/review/my-sheets", data=row(0, strategy="") | row(1), headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert review.case(0).student_name in answer.json()["detail"]
    assert answer.json()["faults"][0]["field"] == f"/points-{case_id(0)}-strategy"
    answer = judge.post("/review/my-sheets", data=row(0, strategy="31"), headers={"Accept": "application/json"})
    assert [fault["code"] for fault in answer.json()["faults"]] == ["points"]
    assert review.rows(ScoreSheet) == []


def test_a_correction_and_a_recusal_by_form(review, judge):
    judge.post("/review/my-sheets", data=row(0))
    assert judge.post("/review/my-sheets", data=row(0, strategy="29")).status_code == 422
    corrected = row(0, strategy="29") | {f"reason-{case_id(0)}": "加总有误"}
    assert judge.post("/review/my-sheets", data=corrected).status_code == 303
    assert judge.post(case_path(1, "recusal"), data={"reason": "曾共事"}).status_code == 303
    assert "曾共事" in judge.get("/review/my-sheets").text


def test_a_judge_sees_only_the_own_sheets(review, judge):
    for path in ("/review/", case_path(0), "/review/scores", "/review/ranking", "/review/work", "/review/seats"):
        assert judge.get(path).status_code == 403
    assert judge.get(case_path(0, "scans/form")).status_code == 403
    assert judge.get("/review/api/cases").status_code == 403
    assert [one["recused"] for one in judge.get("/review/api/sheets").json()] == [False, False]


def test_the_secretary_keys_in_a_sheet_from_paper(review, judge):
    secretary = as_staff(review, "secretary", "committee")
    fields = {f"points-{name}": str(most // 100) for name, most in ITEMS.items()}
    assert len(secretary.get("/review/api/sheets/awaited").json()) == 10
    assert secretary.post(case_path(0, "sheets"), data=fields | {"judge": "judge02"}).status_code == 303
    assert [(sheet.judge, sheet.keyed_by) for sheet in review.rows(ScoreSheet)] == [("judge02", "secretary")]
    assert secretary.post(case_path(0, "sheets"), data=fields | {"judge": "judge09"}).status_code == 403
    assert "纸质录入" in secretary.get(case_path(0)).text


def test_the_committee_freezes_releases_and_prints(review):
    review.ready(90, 85, 80, 75, 70, 65)
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


def test_the_committee_works_off_lapses_promotions_and_late_money(review):
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


def test_a_registered_student_drops_out_by_form(review):
    review.released(90)
    chair = as_staff(review, "chair", "committee")
    fields = {"reason": "健康原因", "refund": "true"}
    assert chair.post(f"/review/seats/{case_id(0)}/drop-out", data=fields).status_code == 409


def test_a_tie_is_decided_by_form(review):
    review.ready(90, 85, 70, 70)
    with review.together() as session:
        same = review.case(2).content["firm"]
        tied = session.get_one(type(review.case(3)), case_id(3))
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


def test_every_page_opens_for_the_auditor_who_can_change_nothing(review):
    review.released(90, 85, 80, 75, 70, 65)
    auditor = as_staff(review, "audit01", "auditor")
    for path in ("", "/", "/scores", "/my-sheets", "/ranking", "/work", "/seats", f"/cases/{case_id(0)}"):
        assert auditor.get(f"/review{path}").status_code == 200, path
    for path in ("cases", f"cases/{case_id(0)}", "sheets", "ranking", "work", "figures"):
        assert auditor.get(f"/review/api/{path}").status_code == 200, path
    for path in (f"ranking/{CODE}/release", f"seats/{case_id(0)}/decline", f"cases/{case_id(0)}/pass"):
        assert auditor.post(f"/review/{path}").status_code == 403
    for path in ("work/lapses", "work/promotions", "passes", "scores", "my-sheets"):
        assert auditor.post(f"/review/{path}", data={"item_id": str(case_id(0))}).status_code == 403


def test_the_list_of_cases_is_where_the_navigation_says(review, reviewer):
    review.arrive(0)
    assert reviewer.get("/review/cases").headers["location"] == "/review/tables/cases/list"
    assert reviewer.get("/review/tables/cases/list").status_code == 200
    found = reviewer.get("/review/api/cases", params={"state": "open", "programme": CODE}).json()
    assert [(one["platform_no"], one["fate"]) for one in found] == [(review.case(0).platform_no, "in_process")]
    assert reviewer.get("/review/api/cases", params={"programme": "nope"}).status_code == 404


def test_before_the_first_programme_pages_say_so(database_url, tmp_path):
    process = process_for(ReviewSettings, database_url, tmp_path)
    office = TestClient(make_app(process), cookies=session_cookies(process, "reviewer"))
    assert "还没有培训项目" in office.get("/review/").text
    assert office.get("/review/scores").status_code == 404
    process.database.close()


def test_a_visitor_is_led_to_the_door(review):
    visitor = TestClient(make_app(review.process), follow_redirects=False)
    assert visitor.get("/review/").headers["location"].startswith("/sign-in")
    assert visitor.get("/review/api/work").status_code == 401
