"""Scores over HTTP: desk points, the judges' sheets, sheets from paper."""

from pathlib import Path

import pytest

from services.review.models import ScoreSheet
from tests.review.desk import as_staff, case_path
from tests.review.sheets import ITEMS
from tests.review.submissions import case_id


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """Use SQLite only; other tests cover the actions on both databases."""
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture
def reviewer(review):
    return as_staff(review, "review01", "reviewer")


def test_desk_points_are_stored_together_or_not_at_all(review, reviewer):
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


def test_a_judge_locks_the_filled_rows(review, judge):
    empty = dict.fromkeys(row(1), "")
    assert judge.post("/review/my-sheets", data=row(0) | empty).status_code == 303
    assert [(sheet.case_id, sheet.judge, sheet.total) for sheet in review.rows(ScoreSheet)] == [
        (case_id(0), "judge01", 10000)
    ]
    shown = judge.get("/review/my-sheets").text
    assert "100.00" in shown
    assert judge.post("/review/my-sheets", data=empty).status_code == 422


def test_an_incomplete_row_names_the_candidate_and_the_field(review, judge):
    response = judge.post(
        "/review/my-sheets", data=row(0, strategy="") | row(1), headers={"Accept": "application/json"}
    )
    assert response.status_code == 422
    assert review.case(0).student_name in response.json()["detail"]
    assert response.json()["faults"][0]["field"] == f"/points-{case_id(0)}-strategy"
    response = judge.post("/review/my-sheets", data=row(0, strategy="31"), headers={"Accept": "application/json"})
    assert [error["code"] for error in response.json()["faults"]] == ["points"]
    assert review.rows(ScoreSheet) == []


def test_a_judge_corrects_a_sheet_and_declares_a_recusal(review, judge):
    judge.post("/review/my-sheets", data=row(0))
    assert judge.post("/review/my-sheets", data=row(0, strategy="29")).status_code == 422
    corrected = row(0, strategy="29") | {f"reason-{case_id(0)}": "加总有误"}
    assert judge.post("/review/my-sheets", data=corrected).status_code == 303
    assert judge.post(case_path(1, "recusal"), data={"reason": "曾共事"}).status_code == 303
    assert "曾共事" in judge.get("/review/my-sheets").text


def test_a_judge_can_open_only_the_score_sheets(review, judge):
    for path in ("/review/", case_path(0), "/review/scores", "/review/ranking", "/review/work", "/review/seats"):
        assert judge.get(path).status_code == 403
    assert judge.get(case_path(0, "scans/form")).status_code == 403
    assert judge.get("/review/api/cases").status_code == 403
    assert [one["recused"] for one in judge.get("/review/api/sheets").json()] == [False, False]


def test_the_secretary_enters_a_sheet_from_paper(review, judge):
    secretary = as_staff(review, "secretary", "committee")
    fields = {f"points-{name}": str(most // 100) for name, most in ITEMS.items()}
    assert len(secretary.get("/review/api/sheets/awaited").json()) == 10
    assert secretary.post(case_path(0, "sheets"), data=fields | {"judge": "judge02"}).status_code == 303
    assert [(sheet.judge, sheet.keyed_by) for sheet in review.rows(ScoreSheet)] == [("judge02", "secretary")]
    assert secretary.post(case_path(0, "sheets"), data=fields | {"judge": "judge09"}).status_code == 403
    assert "纸质录入" in secretary.get(case_path(0)).text
