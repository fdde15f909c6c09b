"""Drafts: saved in part, edited, validated and numbered like any application when they are filed."""

import json
from uuid import uuid4

import pytest
from sqlmodel import select

from services.demo.cohort import DEADLINE
from services.demo.programme import CODE
from services.intake import actions
from services.intake.actions.scans import keep_scans
from services.intake.models import Application, IdempotencyKey, StoredScan
from services.intake.rules.applications import canonical
from services.intake.schemas import DraftIn
from shared.events import Sealed
from shared.http.limits import JSON
from shared.persistence.models import AuditRow, JobRow, OutboxRow
from tests.processes import travel

URL = "/intake/api/applications"
IS_JSON = {"Content-Type": "application/json"}
FIRST = {"programme": CODE, "platform_no": "P-1"}


@pytest.fixture
def draft(intake):
    """The URL of a draft with nothing but its programme and number."""
    answer = intake.post(FIRST, key="draft-0001", draft=True)
    assert (answer.status_code, answer.json()["status"]) == (201, "draft"), answer.text
    return f"{URL}/{answer.json()['id']}"


def codes(answer):
    return answer.status_code, {(fault["field"], fault["code"]) for fault in answer.json().get("faults", ())}


def code(answer):
    return answer.status_code, answer.json()["code"]


def test_a_draft_grows_part_by_part_and_is_validated_when_it_is_filed(intake, draft, applications):
    whole = applications[0].request(intake.upload(applications[0])) | FIRST
    half = {name: whole[name] for name in ("firm", "consents", "scans")}
    assert intake.http.patch(draft, json=half | {"student": {"name": "李"}}).json()["status"] == "draft"
    early = intake.http.post(f"{draft}/submission")
    assert early.status_code == 422
    assert {("/student/email", "missing"), ("/unit_code", "missing")} <= codes(early)[1]
    assert ("/student/name", "missing") not in codes(early)[1]
    rest = whole | {"student": whole["student"] | {"identity_number": whole["student"]["identity_number"][:-1] + "?"}}
    assert intake.http.put(draft, json=rest).status_code == 200
    assert intake.http.post(f"{draft}/submission").status_code == 422
    assert intake.rows(OutboxRow) == [
        row for row in intake.rows(OutboxRow) if "programme" in row.headers["cloudEvents:type"]
    ]
    fixed = intake.http.patch(draft, json={"student": {"identity_number": whole["student"]["identity_number"]}})
    assert (fixed.status_code, fixed.json()["status"]) == (200, "draft")
    filed = intake.http.post(f"{draft}/submission")
    assert (filed.status_code, filed.json()["status"]) == (200, "under_review")
    row = intake.rows(Application)[0]
    assert (row.student_name, row.firm_name, row.draft) == (whole["student"]["name"], whole["firm"]["name"], None)
    events = [one.headers["cloudEvents:type"] for one in intake.rows(OutboxRow)]
    assert events.count("intake.application_submitted.v1") == 1
    assert [job.name for job in intake.rows(JobRow)].count("send_consent_request") == 1
    direct = intake.post(whole | {"platform_no": "P-2"}, key="draft-0002")
    assert code(direct) == (409, "person-already-applied")


def test_an_application_filed_from_a_draft_is_the_same_as_one_filed_at_once(intake, draft, applications):
    whole = applications[0].request(intake.upload(applications[0])) | FIRST
    intake.http.put(draft, json=whole)
    intake.http.post(f"{draft}/submission")
    other = applications[1].request(intake.upload(applications[1]))
    intake.post(other, key="draft-0002")
    one, two = sorted(intake.rows(Application), key=lambda row: row.serial)
    empty = {name for name in Application.model_fields if getattr(one, name) in ("", None)}
    assert empty == {name for name in Application.model_fields if getattr(two, name) in ("", None)}
    assert one.content.keys() == two.content.keys()
    assert (one.serial, two.serial) == (1, 2)


def test_what_is_removed_from_a_draft_is_gone_and_lists_are_replaced(intake, draft):
    intake.http.patch(draft, json={"student": {"name": "李", "resume": "一"}, "consents": [1, 2]})
    intake.http.patch(draft, json={"student": {"resume": None, "position": "总"}, "consents": [3]})
    assert stored(intake) == FIRST | {"student": {"name": "李", "position": "总"}, "consents": [3]}


def stored(intake):
    row = intake.rows(Application)[0]
    return json.loads(intake.process.tools.keys.open("identity", Sealed.model_validate(row.draft)))


def test_the_values_of_a_draft_are_sealed_and_no_other_client_sees_it(intake, draft, applications):
    whole = applications[0].request(intake.upload(applications[0])) | FIRST
    intake.http.put(draft, json=whole)
    row = intake.rows(Application)[0]
    written = row.model_dump_json() + json.dumps([one.model_dump(mode="json") for one in intake.rows(AuditRow)])
    assert whole["student"]["identity_number"] not in written
    assert whole["student"]["name"] not in written
    with intake.process.database.transaction() as uow:
        other = actions.issue_client_key(uow, "另一平台", actor="test", now=DEADLINE)
    headers = {"Authorization": f"Bearer {other}"}
    for method, url in (("PUT", draft), ("PATCH", draft), ("POST", f"{draft}/submission"), ("GET", draft)):
        assert intake.http.request(method, url, json=FIRST, headers=headers).status_code == 404


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, {("/programme", "missing"), ("/platform_no", "missing")}),
        ({"programme": CODE}, {("/platform_no", "missing")}),
        (FIRST | {"platform_no": 7}, {("/platform_no", "string_type")}),
        (FIRST | {"platform_no": "x" * 41}, {("/platform_no", "string_too_long")}),
    ],
)
def test_a_draft_needs_its_programme_and_its_number(intake, body, faults):
    assert codes(intake.post(body, key="draft-0001", draft=True)) == (422, faults)
    assert intake.rows(Application) == []


@pytest.mark.parametrize("body", [[], 7, "text", None])
def test_a_draft_is_a_json_object(intake, draft, body):
    for method, url in (("POST", f"{URL}?draft=true"), ("PUT", draft), ("PATCH", draft)):
        answer = intake.http.request(method, url, json=body, headers={"Idempotency-Key": f"draft-{method}"})
        assert answer.status_code == 422, (method, answer.text)


def test_a_draft_of_another_programme_or_number_and_a_used_number_are_refused(intake, draft):
    for change in ({"programme": "OTHER"}, {"platform_no": "P-2"}):
        assert code(intake.http.patch(draft, json=change)) == (409, "draft-moved")
        assert code(intake.http.put(draft, json=FIRST | change)) == (409, "draft-moved")
    assert code(intake.post(FIRST, key="draft-0002", draft=True)) == (409, "platform-no-used")
    assert code(intake.post(FIRST | {"programme": "NONE"}, key="draft-0003", draft=True)) == (404, "unknown-programme")


def test_edits_do_not_make_a_draft_larger_than_a_request(intake, draft):
    piece = "岩" * (JSON // 3 // 3)
    answers = [intake.http.patch(draft, json={f"part{number}": piece}).status_code for number in range(4)]
    assert answers == [200, 200, 422, 422]


def test_a_draft_that_is_too_large_uses_up_no_number(intake, draft):
    small = {f"{number:x}": "" for number in range(26_000)}
    text = json.dumps(FIRST | {"platform_no": "P-2"} | small, separators=(",", ":"))
    assert len(text) < JSON < len(json.dumps(json.loads(text)))
    refused = [
        intake.http.post(f"{URL}?draft=true", content=text, headers=IS_JSON | {"Idempotency-Key": f"draft-100{number}"})
        for number in range(3)
    ]
    assert [code(one) for one in refused] == [(422, "draft-too-large")] * 3
    intake.post(FIRST | {"platform_no": "P-3"}, key="draft-0003", draft=True)
    rows = sorted(intake.rows(Application), key=lambda row: row.serial)
    assert [row.serial for row in rows] == [1, 2]
    assert len({row.payment_reference for row in rows}) == 2


@pytest.mark.parametrize(
    "value",
    ['"\\ud800"', '{"\\ud800": 1}', "[" * 40 + "]" * 40, "9" * 3000],
    ids=["surrogate", "surrogate key", "nested", "large"],
)
def test_odd_values_are_saved_as_they_are(intake, draft, value):
    body = f'{{"programme": "{CODE}", "platform_no": "P-1", "odd": {value}}}'
    for method in ("PUT", "PATCH"):
        assert intake.http.request(method, draft, content=body, headers=IS_JSON).status_code == 200, method
    assert stored(intake)["odd"] == json.loads(value)
    other = body.replace("P-1", "P-2")
    assert (
        intake.http.post(
            f"{URL}?draft=true", content=other, headers=IS_JSON | {"Idempotency-Key": "draft-0002"}
        ).status_code
        == 201
    )


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "[" * 60 + "]" * 60, '{"a":' * 60 + "1" + "}" * 60])
def test_values_that_no_draft_can_have_are_refused(intake, draft, value):
    body = f'{{"programme": "{CODE}", "platform_no": "P-1", "odd": {value}}}'
    for method, url in (("POST", f"{URL}?draft=true"), ("PUT", draft), ("PATCH", draft)):
        answer = intake.http.request(method, url, content=body, headers=IS_JSON | {"Idempotency-Key": "draft-0002"})
        assert answer.status_code == 422, method


def test_the_order_of_members_does_not_change_a_repeated_draft(intake):
    first = intake.post(FIRST | {"a": 1, "b": {"c": 2, "d": 3}}, key="draft-0001", draft=True)
    again = intake.post({"b": {"d": 3, "c": 2}, "a": 1} | FIRST, key="draft-0001", draft=True)
    assert (again.status_code, again.json()) == (201, first.json())


def test_the_stored_digest_is_keyed(intake):
    intake.post(FIRST | {"student": {"identity_number": "5"}}, key="draft-0001", draft=True)
    [key] = intake.rows(IdempotencyKey)
    body = DraftIn(FIRST | {"student": {"identity_number": "5"}})
    assert key.body_digest == intake.process.tools.keys.index("identity", canonical(body))


def test_a_key_of_an_earlier_version_gets_its_answer_for_any_body(intake, draft):
    with intake.process.database.transaction() as uow:
        [key] = uow.session.exec(select(IdempotencyKey)).all()
        key.body_digest = ""
        uow.session.add(key)
    assert intake.post(FIRST | {"a": 1}, key="draft-0001", draft=True).status_code == 201
    assert len(intake.rows(Application)) == 1


def test_a_scan_that_a_draft_no_longer_refers_to_is_not_kept(intake, draft, applications):
    whole = applications[0].request(intake.upload(applications[0])) | FIRST
    intake.http.put(draft, json=whole)
    row = intake.rows(Application)[0]
    with intake.process.database.transaction() as uow:
        keep_scans(uow, row.id, row.content)
    assert {scan.kept_for for scan in intake.rows(StoredScan)} == {row.id}
    intake.http.patch(draft, json={"scans": whole["scans"][:1]})
    kept = [scan.kept_for for scan in intake.rows(StoredScan)]
    assert (kept.count(row.id), kept.count(None)) == (1, len(whole["scans"]) - 1)


def test_a_filed_application_is_no_draft_any_more(intake, draft, applications):
    whole = applications[0].request(intake.upload(applications[0])) | FIRST
    intake.http.put(draft, json=whole)
    intake.http.post(f"{draft}/submission")
    again = intake.http.post(f"{draft}/submission")
    assert (again.status_code, again.json()["status"]) == (200, "under_review")
    assert len([one for one in intake.rows(OutboxRow) if "submitted" in one.headers["cloudEvents:type"]]) == 1
    assert code(intake.http.patch(draft, json={"recommendation": "pending"})) == (409, "no-draft")
    assert code(intake.http.put(draft, json=whole)) == (409, "state")


def test_an_incomplete_correction_is_refused_with_its_faults(intake, applications):
    filed = intake.file(applications[0]).json()
    answer = intake.http.put(f"{URL}/{filed['id']}", json={"programme": CODE})
    assert answer.status_code == 422
    assert ("/student", "missing") in codes(answer)[1]


def test_a_repeated_key_saves_one_draft_and_not_an_application(intake, applications):
    whole = applications[0].request(intake.upload(applications[0]))
    first, repeat = (intake.post(whole, key="draft-0001", draft=True) for _ in range(2))
    assert first.json() == repeat.json()
    assert code(intake.post(whole, key="draft-0001")) == (409, "idempotency-key-reused")
    assert len(intake.rows(Application)) == len(intake.rows(IdempotencyKey)) == 1


def test_two_drafts_of_one_person_can_be_saved_and_one_of_them_filed(intake, applications):
    whole = applications[0].request(intake.upload(applications[0]))
    urls = []
    for number in (1, 2):
        saved = intake.post(whole | {"platform_no": f"P-{number}"}, key=f"draft-000{number}", draft=True)
        urls.append(f"{URL}/{saved.json()['id']}")
    assert intake.http.post(f"{urls[0]}/submission").status_code == 200
    assert code(intake.http.post(f"{urls[1]}/submission")) == (409, "person-already-applied")


def test_a_withdrawn_or_expired_draft_keeps_no_values(intake, draft):
    saved = intake.post(FIRST | {"platform_no": "P-2"}, key="draft-0002", draft=True).json()
    assert intake.http.post(f"{draft}/withdrawal", json={"reason": "误填"}).json()["status"] == "withdrawn"
    travel(intake.process, DEADLINE)
    with intake.process.database.transaction() as uow:
        actions.expire_drafts(uow, actor="timer", now=DEADLINE)
    assert intake.http.get(f"{URL}/{saved['id']}").json()["status"] == "expired"
    assert [row.draft for row in intake.rows(Application)] == [None, None]
    assert code(intake.http.post(f"{URL}/{saved['id']}/submission")) == (409, "closed")


def test_an_unknown_draft_is_not_found(intake):
    for method, url in (("PUT", ""), ("PATCH", ""), ("POST", "/submission")):
        assert code(intake.http.request(method, f"{URL}/{uuid4()}{url}", json=FIRST)) == (404, "unknown-application")
