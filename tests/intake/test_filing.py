"""The platform's door: what is accepted is kept and said once; what is refused says why and leaves nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.demo.cohort import DEADLINE, cohort
from services.demo.programme import programme
from services.demo.refusals import refused_cases
from services.intake import actions
from services.intake.models import Application, Consent, IdempotencyKey
from shared.events.intake import Programme
from shared.foundation.errors import Conflict
from shared.persistence.models import AuditRow, JobRow, OutboxRow
from tests.processes import travel

EXPECTED = {
    "no_consent": (422, "consent-notice"),
    "wrong_identity_check_digit": (422, "resident-id-check-digit"),
    "wrong_credit_code_check_digit": (422, "credit-code"),
    "missing_scan": (422, "scan-identity"),
    "past_participant": (409, "past-participant"),
    "same_person_twice": (409, "person-already-applied"),
    "after_deadline": (409, "closed"),
}


def test_an_accepted_application_is_said_once_and_the_student_is_asked_to_confirm(intake, applications):
    answer = intake.file(applications[0])
    assert answer.status_code == 201
    said = [row for row in intake.rows(OutboxRow) if "application_submitted" in row.headers["cloudEvents:type"]]
    assert [row.headers["cloudEvents:subject"] for row in said] == [answer.json()["id"]]
    assert [row.name for row in intake.rows(JobRow)] == ["send_consent_request"]
    assert len(intake.rows(Consent)) == 3
    assert answer.json()["payment_reference"] == "ZX21000113"


def test_no_sensitive_value_stands_in_clear_in_the_rows_or_the_events(intake, applications):
    intake.file(applications[0])
    student = applications[0].body["student"]
    kept = str(intake.rows(Application)) + str(intake.rows(OutboxRow)) + str(intake.rows(AuditRow))
    for secret in (student["identity_number"], student["mobile"], student["email"]):
        assert secret not in kept


def test_the_same_request_again_gets_the_same_answer_and_files_nothing_new(intake, applications):
    ids = intake.upload(applications[0])
    body = applications[0].request(ids)
    first, second = intake.post(body, key="key-000001"), intake.post(body, key="key-000001")
    assert (second.status_code, second.json()) == (201, first.json())
    assert len(intake.rows(Application)) == 1


def test_the_same_key_with_another_body_is_refused(intake, applications):
    body = applications[0].request(intake.upload(applications[0]))
    intake.post(body, key="key-000001")
    answer = intake.post(body | {"recommendation": "pending"}, key="key-000001")
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency-key-reused")


def test_ten_equal_requests_at_once_file_one_application_and_all_get_its_number(intake, applications):
    body = applications[0].request(intake.upload(applications[0]))
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _turn: intake.post(body, key="key-000001"), range(10)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["application_no"] for answer in answers}) == 1
    assert len(intake.rows(Application)) == 1


def test_the_same_person_filed_twice_at_once_is_accepted_once(intake, applications):
    body = applications[0].request(intake.upload(applications[0]))
    bodies = [body | {"platform_no": f"P-{turn}"} for turn in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda one: intake.post(one, key=f"key-{one['platform_no']}-x"), bodies))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    assert len(intake.rows(Application)) == 1


def test_each_flawed_application_of_the_demo_is_refused_with_its_own_reason(intake):
    given = cohort(1)
    with intake.process.database.transaction() as uow:
        people = [(number, name, code) for _kind, number, name, code in given.past_participants]
        now = datetime(2021, 11, 22, 2, tzinfo=UTC)
        actions.import_past_participants(uow, people, actor="test", now=now, keys=intake.process.tools.keys)
    intake.file(given.applications[0])
    seen = {}
    for number, case in enumerate(refused_cases(given, 1)):
        if case.code not in EXPECTED:
            continue
        if case.code == "after_deadline":
            travel(intake.process, DEADLINE)
        answer = intake.file(case.application, key=f"refused-{number}")
        codes = [answer.json()["code"], *[fault["code"] for fault in answer.json().get("faults", [])]]
        seen[case.code] = (answer.status_code, next(code for code in codes if code == EXPECTED[case.code][1]))
        assert answer.headers["content-type"] == "application/problem+json"
    assert seen == EXPECTED
    assert len(intake.rows(Application)) == 1


def test_a_refusal_is_remembered_under_its_key_too(intake, applications):
    answer = intake.file(applications[0], key="key-000001", consents=[])
    assert answer.status_code == 422
    assert [(row.key, row.status) for row in intake.rows(IdempotencyKey)] == [("key-000001", 422)]


def test_a_refusal_with_values_is_told_in_the_senders_language(intake, applications):
    travel(intake.process, DEADLINE)
    chinese = intake.file(applications[0], key="key-000001").json()
    intake.http.cookies["lingjun_language"] = "en"
    english = intake.file(applications[0], key="key-000002").json()
    assert [answer["detail"] for answer in (chinese, english)] == [
        "报名已于 2021年12月02日00:00 截止,不再受理。",
        "Applications closed at 2021-12-02 00:00; no more are taken.",
    ]


def test_the_last_moment_of_the_window_counts_and_the_next_does_not(intake, applications):
    travel(intake.process, DEADLINE - timedelta(microseconds=1))
    assert intake.file(applications[0]).status_code == 201
    travel(intake.process, DEADLINE)
    assert intake.file(applications[1]).json()["code"] == "closed"


def test_a_request_without_a_key_or_with_a_revoked_one_is_not_let_in(intake, applications):
    body = applications[0].request({"form": str(uuid4()), "licence": str(uuid4()), "identity": str(uuid4())})
    nobody = intake.http.post("/intake/api/applications", json=body, headers={"Authorization": "Bearer no-such-key"})
    with intake.process.database.transaction() as uow:
        actions.revoke_client_key(uow, "平台", actor="test", now=datetime.now(UTC))
    assert (nobody.status_code, intake.post(body, key="key-000001").status_code) == (401, 401)


def test_a_scan_that_was_never_uploaded_is_named(intake, applications):
    body = applications[0].request({"form": str(uuid4()), "licence": str(uuid4()), "identity": str(uuid4())})
    answer = intake.post(body, key="key-000001")
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["faults"]] == [f"/scans/{n}/file_id" for n in range(3)]


def test_a_body_of_the_wrong_shape_says_every_fault_with_a_pointer(intake, applications):
    body = applications[0].request(intake.upload(applications[0]))
    broken = body | {"student": body["student"] | {"name": "", "shoe_size": 43}, "recommendation": "maybe"}
    broken["platform_no"] = "A\x001"
    faults = {fault["field"]: fault["message"] for fault in intake.post(broken, key="key-000001").json()["faults"]}
    assert faults == {
        "/platform_no": "含有不能保存的字符,请删去",
        "/recommendation": "只能是 'recommended', 'not_recommended' or 'pending' 之一",
        "/student/name": "至少要 2 个字符",
        "/student/shoe_size": "没有这个字段,请删去或检查拼写",
    }


def test_a_draft_is_not_said_until_it_is_submitted_and_expires_at_the_deadline(intake, applications):
    ids = [intake.upload(one) for one in applications[:2]]
    drafts = [
        intake.post(one.request(its), key=one.key, draft=True).json()
        for one, its in zip(applications[:2], ids, strict=True)
    ]
    assert [draft["status"] for draft in drafts] == ["draft", "draft"]
    submitted = intake.http.post(f"/intake/api/applications/{drafts[0]['id']}/submission")
    assert submitted.json()["status"] == "under_review"
    travel(intake.process, DEADLINE)
    with intake.process.database.transaction() as uow:
        actions.expire_drafts(uow, actor="timer", now=DEADLINE)
    assert intake.http.get(f"/intake/api/applications/{drafts[1]['id']}").json()["status"] == "expired"
    late = intake.http.post(f"/intake/api/applications/{drafts[1]['id']}/submission")
    assert (late.status_code, late.json()["code"]) == (409, "closed")


def test_a_returned_application_may_be_corrected_after_the_window_but_not_after_its_own_term(intake, applications):
    filed = intake.file(applications[0]).json()
    term = DEADLINE + timedelta(days=3)
    travel(intake.process, DEADLINE + timedelta(days=1))
    with intake.process.database.transaction() as uow:
        actions.note_return(
            uow,
            intake.rows(Application)[0].id,
            [{"item": "identity", "reason": "模糊"}],
            correct_by=term,
            actor="review",
            now=DEADLINE,
        )
    assert intake.http.get(f"/intake/api/applications/{filed['id']}").json()["defects"] == [
        {"item": "identity", "reason": "模糊"}
    ]
    body = applications[0].request(intake.upload(applications[0]))
    corrected = intake.http.put(f"/intake/api/applications/{filed['id']}", json=body)
    assert (corrected.status_code, corrected.json()["revision"]) == (200, 2)
    again = intake.http.put(f"/intake/api/applications/{filed['id']}", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "state")


def test_a_withdrawal_is_said_once_and_frees_the_person(intake, applications):
    filed = intake.file(applications[0]).json()
    address = f"/intake/api/applications/{filed['id']}/withdrawal"
    assert intake.http.post(address, json={"reason": "另有安排"}).json()["status"] == "withdrawn"
    assert intake.http.post(address, json={"reason": "另有安排"}).status_code == 200
    said = [row for row in intake.rows(OutboxRow) if "withdrawn" in row.headers["cloudEvents:type"]]
    assert len(said) == 1
    again = intake.file(applications[0], key="another-key", platform_no="P-2")
    assert again.status_code == 201


def test_a_programme_cannot_be_published_twice(intake):
    given = Programme.model_validate(programme())
    keys = intake.process.tools.keys
    with intake.process.database.transaction() as uow, pytest.raises(Conflict, match="已发布"):
        actions.publish_programme(uow, given, actor="test", now=DEADLINE, keys=keys)
