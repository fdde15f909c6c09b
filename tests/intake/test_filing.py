"""The filing endpoint: it stores and publishes an accepted application once; a refusal gives a reason, stores nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.demo.cohort import DEADLINE, cohort
from services.demo.programme import programme
from services.demo.refusals import refused_cases
from services.intake import actions
from services.intake.models import Application, Consent, IdempotencyKey
from services.intake.rules.past_participants import PastPerson
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


def test_an_accepted_application_is_published_once_and_the_student_is_asked_to_confirm(intake, applications):
    response = intake.file(applications[0])
    assert response.status_code == 201
    events = [row for row in intake.rows(OutboxRow) if "application_submitted" in row.headers["cloudEvents:type"]]
    assert [row.headers["cloudEvents:subject"] for row in events] == [response.json()["id"]]
    assert [row.name for row in intake.rows(JobRow)] == ["send_consent_request"]
    assert len(intake.rows(Consent)) == 3
    assert response.json()["payment_reference"] == "ZX21000113"


def test_rows_and_events_contain_no_sensitive_value_in_clear(intake, applications):
    intake.file(applications[0])
    student = applications[0].body["student"]
    stored = str(intake.rows(Application)) + str(intake.rows(OutboxRow)) + str(intake.rows(AuditRow))
    for secret in (student["identity_number"], student["mobile"], student["email"]):
        assert secret not in stored


def test_a_repeated_request_gets_the_same_response_and_files_nothing(intake, applications):
    ids = intake.upload(applications[0])
    body = applications[0].request(ids)
    first, second = intake.post(body, key="key-000001"), intake.post(body, key="key-000001")
    assert (second.status_code, second.json()) == (201, first.json())
    assert len(intake.rows(Application)) == 1


def test_the_same_key_with_a_different_body_is_refused(intake, applications):
    body = applications[0].request(intake.upload(applications[0]))
    intake.post(body, key="key-000001")
    response = intake.post(body | {"recommendation": "pending"}, key="key-000001")
    assert (response.status_code, response.json()["code"]) == (409, "idempotency-key-reused")


def test_ten_equal_requests_at_once_file_one_application(intake, applications):
    body = applications[0].request(intake.upload(applications[0]))
    with ThreadPoolExecutor(10) as pool:
        responses = list(pool.map(lambda _turn: intake.post(body, key="key-000001"), range(10)))
    assert {response.status_code for response in responses} == {201}
    assert len({response.json()["application_no"] for response in responses}) == 1
    assert len(intake.rows(Application)) == 1


def test_the_same_person_filed_twice_at_once_is_accepted_once(intake, applications):
    body = applications[0].request(intake.upload(applications[0]))
    bodies = [body | {"platform_no": f"P-{turn}"} for turn in range(6)]
    with ThreadPoolExecutor(6) as pool:
        responses = list(pool.map(lambda one: intake.post(one, key=f"key-{one['platform_no']}-x"), bodies))
    assert sorted(response.status_code for response in responses) == [201, 409, 409, 409, 409, 409]
    assert len(intake.rows(Application)) == 1


def test_each_invalid_demo_application_is_refused_with_its_own_reason(intake):
    demo = cohort(1)
    with intake.process.database.transaction() as uow:
        people = [PastPerson(number, name, code) for _kind, number, name, code in demo.past_participants]
        now = datetime(2021, 11, 22, 2, tzinfo=UTC)
        actions.import_past_participants(uow, people, actor="test", now=now, keys=intake.process.tools.keys)
    intake.file(demo.applications[0])
    refusals = {}
    for number, case in enumerate(refused_cases(demo, 1)):
        if case.code not in EXPECTED:
            continue
        if case.code == "after_deadline":
            travel(intake.process, DEADLINE)
        response = intake.file(case.application, key=f"refused-{number}")
        codes = [response.json()["code"], *[error["code"] for error in response.json().get("faults", [])]]
        refusals[case.code] = (response.status_code, next(code for code in codes if code == EXPECTED[case.code][1]))
        assert response.headers["content-type"] == "application/problem+json"
    assert refusals == EXPECTED
    assert len(intake.rows(Application)) == 1


def test_a_refusal_is_stored_under_its_key(intake, applications):
    response = intake.file(applications[0], key="key-000001", consents=[])
    assert response.status_code == 422
    assert [(row.key, row.status) for row in intake.rows(IdempotencyKey)] == [("key-000001", 422)]


def test_a_refusal_is_localized_with_its_values(intake, applications):
    travel(intake.process, DEADLINE)
    chinese = intake.file(applications[0], key="key-000001").json()
    intake.http.cookies["lingjun_language"] = "en"
    english = intake.file(applications[0], key="key-000002").json()
    assert [response["detail"] for response in (chinese, english)] == [
        "报名已于 2021年12月02日00:00 截止,不再受理。",
        "Applications closed at 2021-12-02 00:00; no more are taken.",
    ]


def test_the_window_ends_exactly_at_its_closing_time(intake, applications):
    travel(intake.process, DEADLINE - timedelta(microseconds=1))
    assert intake.file(applications[0]).status_code == 201
    travel(intake.process, DEADLINE)
    assert intake.file(applications[1]).json()["code"] == "closed"


def test_an_unknown_and_a_revoked_key_are_rejected(intake, applications):
    body = applications[0].request({"form": str(uuid4()), "licence": str(uuid4()), "identity": str(uuid4())})
    unknown = intake.http.post("/intake/api/applications", json=body, headers={"Authorization": "Bearer no-such-key"})
    with intake.process.database.transaction() as uow:
        actions.revoke_client_key(uow, "平台", actor="test", now=datetime.now(UTC))
    assert (unknown.status_code, intake.post(body, key="key-000001").status_code) == (401, 401)


def test_an_unknown_scan_is_reported_with_its_pointer(intake, applications):
    body = applications[0].request({"form": str(uuid4()), "licence": str(uuid4()), "identity": str(uuid4())})
    response = intake.post(body, key="key-000001")
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["faults"]] == [f"/scans/{n}/file_id" for n in range(3)]


def test_an_invalid_body_reports_every_error_with_a_pointer(intake, applications):
    body = applications[0].request(intake.upload(applications[0]))
    invalid = body | {"student": body["student"] | {"name": "", "shoe_size": 43}, "recommendation": "maybe"}
    invalid["platform_no"] = "A\x001"
    messages = {error["field"]: error["message"] for error in intake.post(invalid, key="key-000001").json()["faults"]}
    assert messages == {
        "/platform_no": "第 2 个字符(U+0000)不是可以保存的文字,请删去后重新输入",
        "/recommendation": "只能是 'recommended', 'not_recommended' or 'pending' 之一",
        "/student/name": "至少要 1 个字符",
        "/student/shoe_size": "没有这个字段,请删去或检查拼写",
    }


def test_names_and_addresses_pass_the_gate_before_they_are_stored(intake, applications):
    body = applications[0].request(intake.upload(applications[0]))
    typed = body["student"] | {"name": "\u200b王\ue863 ", "email": "li@例子.中国"}
    assert intake.post(body | {"student": typed}, key="key-000001").status_code == 201
    assert [row.student_name for row in intake.rows(Application)] == ["王\u4dae"]
    refused = body["student"] | {"name": "王\u202e伟", "email": "a,b@example.com"}
    faults = intake.post(body | {"student": refused}, key="key-000002").json()["faults"]
    assert [(fault["field"], fault["code"], fault["message"].partition("(")[0]) for fault in faults] == [
        ("/student/name", "character", "第 2 个字符"),
        ("/student/email", "email", "电子邮箱的第 2 个字符"),
    ]


def test_a_draft_can_be_submitted_and_expires_at_the_deadline(intake, applications):
    ids = [intake.upload(one) for one in applications[:2]]
    drafts = [
        intake.post(one.request(scan_ids), key=one.key, draft=True).json()
        for one, scan_ids in zip(applications[:2], ids, strict=True)
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


def test_a_returned_application_can_be_corrected_once_after_the_window(intake, applications):
    filed = intake.file(applications[0]).json()
    correct_by = DEADLINE + timedelta(days=3)
    travel(intake.process, DEADLINE + timedelta(days=1))
    with intake.process.database.transaction() as uow:
        actions.note_return(
            uow,
            intake.rows(Application)[0].id,
            [{"item": "identity", "reason": "模糊"}],
            correct_by=correct_by,
            actor="review",
            now=DEADLINE,
        )
    assert intake.http.get(f"/intake/api/applications/{filed['id']}").json()["defects"] == [
        {"item": "identity", "reason": "模糊"}
    ]
    body = applications[0].request(intake.upload(applications[0]))
    corrected = intake.http.put(f"/intake/api/applications/{filed['id']}", json=body)
    assert (corrected.status_code, corrected.json()["revision"]) == (200, 2)
    repeat = intake.http.put(f"/intake/api/applications/{filed['id']}", json=body)
    assert (repeat.status_code, repeat.json()["code"]) == (409, "state")


def test_a_withdrawal_is_published_once_and_the_person_can_file_again(intake, applications):
    filed = intake.file(applications[0]).json()
    url = f"/intake/api/applications/{filed['id']}/withdrawal"
    assert intake.http.post(url, json={"reason": "另有安排"}).json()["status"] == "withdrawn"
    assert intake.http.post(url, json={"reason": "另有安排"}).status_code == 200
    events = [row for row in intake.rows(OutboxRow) if "withdrawn" in row.headers["cloudEvents:type"]]
    assert len(events) == 1
    repeat = intake.file(applications[0], key="another-key", platform_no="P-2")
    assert repeat.status_code == 201


def test_a_programme_cannot_be_published_twice(intake):
    reference = Programme.model_validate(programme())
    keys = intake.process.tools.keys
    with intake.process.database.transaction() as uow, pytest.raises(Conflict, match="已发布"):
        actions.publish_programme(uow, reference, actor="test", now=DEADLINE, keys=keys)
