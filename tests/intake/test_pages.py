"""Intake's pages in a real browser, and validation of their forms."""

import json
import re
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from services.demo.player import filing
from services.demo.player.clients import Person, Stage
from services.demo.programme import CODE, programme
from services.intake.models import Application, PastParticipant, PlatformClient, ProgrammeRow
from services.intake.web import make_app
from services.intake.worker import make_jobs
from services.standalone import PathRouter
from shared.jobs.worker import JobWorker
from shared.persistence.models import AuditRow, JobRow
from tests.browser import transferred
from tests.portal.conftest import PASSWORD, make_portal
from tests.processes import sent_mails
from tests.signing import csrf_headers, serving, session_cookies

CASES = Path(__file__).parents[1] / "cases"


def run_jobs(intake):
    """Execute every waiting job, as the worker does."""
    worker = JobWorker(
        intake.process.database,
        make_jobs(intake.process.settings),
        service="intake",
        clock=intake.process.clock,
        tools=intake.process.tools,
    )
    for row in intake.rows(JobRow):
        worker.execute(row.id)


def links(intake):
    """Return the consent links sent so far."""
    return re.findall(r"/intake/consent/[\w-]+", "".join(sent_mails(intake.folder)))


@pytest.fixture
def staff_http(intake):
    """A client signed in as intake's staff."""
    return TestClient(
        make_app(intake.process),
        cookies=session_cookies(intake.process, "intake"),
        headers=csrf_headers(),
        follow_redirects=False,
    )


def sign_in(page, address):
    """Open intake's dashboard and sign in on the portal's login page."""
    page.goto(f"{address}/intake/")
    page.get_by_label("账号").fill("qian")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(f"{address}/intake/")


def test_staff_resend_the_notice_and_see_the_students_consent(intake, applications, browser_context):
    filed = intake.file(applications[0]).json()
    run_jobs(intake)
    portal = make_portal(intake.folder)
    portal.account("qian", "intake")
    with serving(PathRouter({"portal": portal.app, "intake": make_app(intake.process)})) as address:
        office, person = browser_context.new_page(), browser_context.new_page()
        sign_in(office, address)
        assert office.locator(".lj-stat-value").first.inner_text().startswith("1")
        office.get_by_role("link", name="报名申请").first.click()
        office.get_by_role("link", name=filed["application_no"]).click()
        office.wait_for_url(f"**/intake/applications/{filed['id']}")
        assert applications[0].body["student"]["identity_number"] not in office.content()
        office.get_by_role("button", name="重新发送确认通知").click()
        office.locator(".modal.show").get_by_role("button", name="重新发送确认通知").click()
        office.get_by_text("确认通知已安排发送。").wait_for()
        (first,) = links(intake)
        run_jobs(intake)
        person.goto(address + next(link for link in links(intake) if link != first))
        person.get_by_role("button", name="本人确认以上信息无误").click()
        person.get_by_text("您已于以下时间确认").wait_for()
        office.reload()
        office.get_by_text("学员本人确认").first.wait_for()
        for page in (person, office):
            page.wait_for_load_state("networkidle")
    portal.process.database.close()
    sent = [row for row in intake.rows(AuditRow) if row.action == "request_consent"]
    assert [row.actor for row in sent] == ["qian"]
    assert intake.rows(Application)[0].consented_at is not None


def test_staff_publish_a_programme_from_a_file_and_print_its_annexes(intake, staff_http):
    second = programme() | {"code": "CQ-2022-ZJTX"}
    files = {"definition": ("p.json", json.dumps(second), "application/json")}
    assert staff_http.post("/intake/programmes", files=files).status_code == 303
    assert staff_http.post("/intake/programmes", files=files).status_code == 409
    for number in range(1, 5):
        annex = staff_http.get(f"/intake/programmes/{CODE}/annexes/{number}")
        assert annex.content.startswith(b"%PDF-")
    assert staff_http.get(f"/intake/programmes/{CODE}/annexes/5").status_code == 404


def test_an_invalid_programme_file_is_refused_with_the_field(staff_http):
    invalid = programme() | {"quota": "fifty"}
    files = {"definition": ("p.json", json.dumps(invalid), "application/json")}
    response = staff_http.post("/intake/programmes", files=files)
    assert response.status_code == 422
    assert "quota" in response.text


def test_a_revision_can_extend_the_window_but_not_shorten_it(intake, staff_http):
    longer = programme() | {"version": 2, "closes_at": "2021-12-03T16:00:00Z"}
    shorter = programme() | {"version": 3, "closes_at": "2021-12-01T16:00:00Z"}

    def revise(definition):
        files = {"definition": ("p.json", json.dumps(definition), "application/json")}
        return staff_http.post(f"/intake/programmes/{CODE}/revision", files=files).status_code

    assert [revise(longer), revise(shorter)] == [303, 409]


def test_a_key_is_shown_once_and_stored_as_a_hash(intake, staff_http):
    assert staff_http.post("/intake/clients", data={"name": "第二平台"}).status_code == 303
    key = re.search(r"ljk_[\w-]+", staff_http.get("/intake/access").text)
    assert key is not None
    assert key[0] not in staff_http.get("/intake/access").text
    assert key[0] not in str(intake.rows(PlatformClient))
    assert staff_http.post("/intake/clients", data={"name": "第二平台"}).status_code == 409
    assert staff_http.post("/intake/clients/revocation", data={"name": "没有的"}).status_code == 404


def request_with(intake, key):
    """Call the platform's endpoint with this key and return the response."""
    client = TestClient(make_app(intake.process), headers={"Authorization": f"Bearer {key}"})
    return client.get("/intake/api/applications")


def test_a_lost_key_is_replaced_and_the_client_keeps_its_applications(intake, applications, staff_http):
    filed = intake.file(applications[0]).json()
    assert staff_http.post("/intake/clients/revocation", data={"name": "平台"}).status_code == 303
    assert staff_http.post("/intake/clients", data={"name": "平台"}).status_code == 303
    key = re.search(r"ljk_[\w-]+", staff_http.get("/intake/access").text)
    assert key is not None
    assert [one["id"] for one in request_with(intake, key[0]).json()] == [filed["id"]]
    assert intake.http.get("/intake/api/applications").status_code == 401
    assert len(intake.rows(PlatformClient)) == 1


def test_a_demo_that_lost_its_key_gets_a_new_one(intake, staff_http):
    clerk = Person("intake01", staff_http, csrf=csrf_headers()["X-CSRF-Token"])
    stage = Stage({}, {}, intake.folder, people={"intake01": clerk})
    lost, stored = filing.issue_key(stage), filing.issue_key(stage)
    assert (request_with(intake, lost).status_code, request_with(intake, stored).status_code) == (401, 200)


def test_the_texts_of_a_programme_pass_the_gate(intake, staff_http):
    def publish(title):
        second = programme() | {"code": "SECOND", "title": title}
        files = {"definition": ("p.json", json.dumps(second), "application/json")}
        return staff_http.post("/intake/programmes", files=files, headers={"accept": "application/json"})

    refused = publish("培\u202e训")
    assert (refused.status_code, refused.json()["faults"][0]["code"]) == (422, "character")
    assert publish("\u200b培训\ue863").status_code == 303
    titles = [row.data["title"] for row in intake.rows(ProgrammeRow) if row.code == "SECOND"]
    assert titles == ["培训\u4dae"]


def test_past_participants_are_imported_once_and_stored_as_hashes(intake, staff_http):
    table = "证件号码,姓名,培训\n500103197803123018,张三,2019\n"
    for _ in range(2):
        response = staff_http.post("/intake/past-participants", files={"table": ("t.csv", table.encode(), "text/csv")})
        assert response.status_code == 303
    rows = intake.rows(PastParticipant)
    assert [row.name for row in rows] == ["张三"]
    assert "500103197803123018" not in str(rows)


@pytest.mark.parametrize("content", [b"a,b,c\n1,2\n", "证件,姓名\n".encode("utf-16")])
def test_an_unreadable_list_of_past_participants_is_refused_as_a_whole(intake, staff_http, content):
    response = staff_http.post("/intake/past-participants", files={"table": ("t.csv", content, "text/csv")})
    assert (response.status_code, intake.rows(PastParticipant)) == (422, [])


def test_a_mangled_list_of_past_participants_is_refused_whole_with_its_cells(intake, staff_http):
    table = (CASES / "past-excel-mangled.csv").read_bytes()
    page = staff_http.post("/intake/past-participants", files={"table": ("t.csv", table, "text/csv")})
    assert (page.status_code, intake.rows(PastParticipant)) == (422, [])
    assert re.findall(r"<code>(A\d)</code>", page.text) == ["A2", "A3", "A5"]
    assert "5.00102E+17" in page.text


@pytest.mark.parametrize("spell", [str.lower, lambda number: f"\u200b{number[:6]} {number[6:]}\u3000"])
def test_a_listed_person_cannot_apply_in_any_spelling(intake, applications, staff_http, spell):
    number = next(one for one in applications if one.body["student"]["identity_type"] == "resident_id")
    student = number.body["student"]
    table = f"姓名,证件号码,参加的培训\n{student['name']},'{student['identity_number'].upper()},2019\n".encode("utf-16")
    assert (
        staff_http.post("/intake/past-participants", files={"table": ("t.csv", table, "text/csv")}).status_code == 303
    )
    answer = intake.file(number, student=student | {"identity_number": spell(student["identity_number"])})
    assert (answer.status_code, answer.json()["code"]) == (409, "past-participant")


def test_a_student_on_a_phone_loads_a_light_page(intake, applications, browser_context):
    intake.file(applications[0])
    run_jobs(intake)
    page, loaded = browser_context.new_page(), []
    page.on("request", lambda request: loaded.append(request.url.rpartition("/")[2]))
    with serving(make_app(intake.process)) as address:
        assert transferred(page, address + links(intake)[0]) <= 60_000
    assert set(loaded[1:]) == {"light.css", "frame.js", "mark.svg"}


def test_a_replaced_consent_link_is_invalid(intake, applications, staff_http):
    filed = intake.file(applications[0]).json()
    run_jobs(intake)
    replaced = links(intake)[0]
    assert staff_http.post(f"/intake/applications/{filed['id']}/consent-request").status_code == 303
    run_jobs(intake)
    current = next(link for link in links(intake) if link != replaced)
    client = TestClient(make_app(intake.process))
    assert (client.get(replaced).status_code, client.get(current).status_code) == (404, 200)
    assert client.post(current).status_code == 200
    assert staff_http.post(f"/intake/applications/{filed['id']}/consent-request").status_code == 409


def test_users_without_the_role_have_no_access(intake, applications):
    filed = intake.file(applications[0]).json()
    judge = TestClient(
        make_app(intake.process), cookies=session_cookies(intake.process, "judge"), headers=csrf_headers()
    )
    stranger = TestClient(make_app(intake.process), follow_redirects=False)
    for path in ("/intake/", f"/intake/applications/{filed['id']}", "/intake/programmes", "/intake/access"):
        assert judge.get(path).status_code == 403
        assert stranger.get(path).headers["location"].startswith("/sign-in")
    assert judge.post("/intake/clients", data={"name": "x y"}).status_code == 403
    with intake.process.database.reader() as session:
        assert [client.name for client in session.exec(select(PlatformClient)).all()] == ["平台"]


def test_a_consent_request_of_an_unknown_application_is_not_found(intake, staff_http):
    answer = staff_http.post(f"/intake/applications/{uuid4()}/consent-request")
    assert answer.status_code == 404
