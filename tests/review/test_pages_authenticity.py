"""The authenticity check over HTTP: checklist, audited access to scans and ID numbers, returns and rejections."""

import io
from pathlib import Path

import pytest
from PIL import Image

from services.demo.programme import CODE
from services.review.states import CaseState
from shared.persistence.models import AuditRow
from tests.review.desk import as_staff, case_path
from tests.review.submissions import applications, case_id


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """Use SQLite only; other tests cover the actions on both databases."""
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture
def reviewer(review):
    return as_staff(review, "review01", "reviewer")


def all_good(**more):
    kinds = ("form", "licence", "identity")
    return {f"verdict-{kind}": "pass" for kind in kinds} | {f"seal-{kind}": "true" for kind in kinds} | more


def test_a_reviewer_checks_and_passes_with_one_form(review, reviewer):
    review.arrive(0)
    response = reviewer.post(case_path(0, "checks"), data=all_good(then="pass"))
    assert (response.status_code, response.headers["location"]) == (303, case_path(0))
    assert review.case(0).state == CaseState.PASSED
    assert "初审通过" in reviewer.get(case_path(0)).text


def test_a_refused_form_shows_the_reason_and_changes_nothing(review, reviewer):
    review.arrive(0)
    wrong = all_good(then="pass") | {"verdict-form": "illegible"}
    response = reviewer.post(case_path(0, "checks"), data=wrong)
    assert response.status_code == 409
    assert "无法辨认" in response.text
    assert review.case(0).state == CaseState.OPEN
    assert reviewer.post(case_path(0, "checks"), data={"verdict-form": "nice"}).status_code == 422
    assert reviewer.post(case_path(0, "checks")).status_code == 422
    assert reviewer.post(case_path(9, "pass")).status_code == 404


def test_a_refusal_is_localised_in_html_and_json(review, reviewer):
    review.arrive(0)
    name, path = review.case(0).student_name, case_path(0, "pass")
    form = {"accept": "application/json"}
    chinese = reviewer.post(path, headers=form).json()["detail"]
    assert chinese.startswith(f"“{name}”还不能通过初审：")
    assert chinese.endswith("尚未核对。")
    reviewer.cookies["lingjun_language"] = "en"
    english = reviewer.post(path, headers=form).json()["detail"]
    assert english.startswith(f"{name} cannot be verified yet: ")
    assert english.endswith("” is not checked yet.")
    assert english in reviewer.post(path).text


def test_many_cases_pass_together_or_not_at_all(review, reviewer):
    review.arrive(0, 1, 2)
    for number in (0, 1):
        reviewer.post(case_path(number, "checks"), data=all_good())
    ids = [str(case_id(number)) for number in range(3)]
    assert reviewer.post("/review/passes", data={"case_id": ids}).status_code == 409
    assert review.case(0).state == CaseState.OPEN
    assert reviewer.post("/review/passes", data={"case_id": ids[:2]}).status_code == 303
    assert [review.case(number).state for number in range(3)] == ["passed", "passed", "open"]


def test_a_return_takes_pairs_and_ignores_empty_ones(review, reviewer):
    review.arrive(0)
    fields = {"item": ["form", "", "student.position"], "reason": ["未盖章", "", "与申请表不符"]}
    assert reviewer.post(case_path(0, "return"), data=fields | {"correct_by": "2021-12-04T00:00"}).status_code == 303
    assert [defect["item"] for defect in review.case(0).defects] == ["form", "student.position"]
    assert "2021-12-03 24:00" in reviewer.get(case_path(0)).text
    review.arrive(1)
    assert reviewer.post(case_path(1, "return"), data={"item": [""], "reason": [""]}).status_code == 422
    assert reviewer.post(case_path(1, "return"), data=fields | {"correct_by": "soon"}).status_code == 422


def test_a_case_is_rejected_with_the_form(review, reviewer):
    review.arrive(0)
    assert reviewer.post(case_path(0, "reject"), data={"reason": "任职不符"}).status_code == 303
    assert reviewer.post(case_path(0, "reject"), data={"reason": "任职不符"}).status_code == 409


def test_the_picture_of_a_page_is_displayed_sandboxed_and_audited(review, reviewer):
    review.arrive(0)
    for scan in applications()[0].scans:
        response = reviewer.get(case_path(0, f"scans/{scan.kind}/pages/1"))
        assert Image.open(io.BytesIO(response.content)).format == "JPEG"
        assert response.headers["content-disposition"].startswith("inline")
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["content-security-policy"].startswith("default-src 'none'; sandbox")
    looks = [(row.details["item"], row.details["page"]) for row in looks_of(review)]
    assert looks == [("领军人才“专精特新”专题培训申请表", 1), ("公司营业执照", 1), ("学员身份证", 1)]
    assert reviewer.get(case_path(0, "scans/form/pages/99")).status_code == 404
    assert reviewer.get(case_path(0, "scans/form/pages/0")).status_code == 404


def looks_of(review):
    return [row for row in review.rows(AuditRow) if row.action == "look_at_scan"]


def test_the_original_of_a_scan_is_only_a_download_and_audited(review, reviewer):
    review.arrive(0)
    for scan in applications()[0].scans:
        response = reviewer.get(case_path(0, f"scans/{scan.kind}"))
        assert response.content == scan.content()
        assert response.headers["content-disposition"].startswith("attachment")
    assert [row.details["page"] for row in looks_of(review)] == [None, None, None]


def test_blank_pages_and_one_file_for_two_kinds_are_marked(review, reviewer):
    submitted = review.submitted(0)
    form, *others = submitted.scans
    twin = form.model_copy(update={"kind": others[0].kind, "blank_pages": (1,)})
    review.handle(submitted.model_copy(update={"scans": (form, twin, *others[1:])}))
    text = reviewer.get(case_path(0)).text
    assert "第 1 页几乎是空白" in text
    assert "与“公司营业执照”是同一个文件" in text


def test_a_scan_of_an_earlier_version_has_no_pictures(review, reviewer):
    submitted = review.submitted(0)
    scans = tuple(scan.model_copy(update={"pages": ()}) for scan in submitted.scans)
    review.handle(submitted.model_copy(update={"scans": scans}))
    assert "没有页面图片" in reviewer.get(case_path(0)).text


def test_access_to_a_missing_scan_is_audited(review, reviewer):
    review.arrive(0)
    review.process.tools.files.delete(f"{CODE}/scans/0-form")
    assert reviewer.get(case_path(0, "scans/form")).status_code == 404
    assert "look_at_scan" in [row.action for row in review.rows(AuditRow)]


def test_the_full_id_number_is_shown_only_with_a_reason(review, reviewer):
    review.arrive(0)
    number = applications()[0].body["student"]["identity_number"]
    assert number not in reviewer.get(case_path(0)).text
    assert reviewer.post(case_path(0, "identity"), data={"reason": ""}).status_code == 422
    assert number in reviewer.post(case_path(0, "identity"), data={"reason": "与公安机关核验"}).text
    assert number not in str(review.rows(AuditRow))
