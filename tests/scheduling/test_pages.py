"""Scheduling's pages: in a real browser, over HTTP as a program that acts as staff, and their refusals."""

from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from services.demo.programme import CODE
from services.demo.staff import HALF_DAYS, panels
from services.scheduling import actions
from services.scheduling.models import Interview, Lesson
from services.scheduling.queries import stats
from services.scheduling.web import make_app
from tests.scheduling.test_roster import EVERYTHING, REPORT_DAY, pay
from tests.signing import csrf_headers, serving, session_cookies


def client(scheduling, *roles, account="schedule01"):
    """Return an HTTP client signed in with these roles."""
    return TestClient(
        make_app(scheduling.process),
        cookies=session_cookies(scheduling.process, *roles, account=account),
        headers=csrf_headers() | {"Accept": "application/json"},
        follow_redirects=False,
    )


@pytest.fixture
def scheduler(scheduling):
    return client(scheduling, "scheduler")


@pytest.fixture
def registrar(scheduling):
    return client(scheduling, "registrar", account="registrar01")


def lines_of(panel):
    return "\n".join(f"{judge.account} {judge.name} {judge.employer_credit_code}" for judge in panel.judges)


def enter_over_http(scheduler):
    for panel in panels():
        entered = {"code": panel.code, "room": panel.room, "link": panel.link, "judges": lines_of(panel)}
        assert scheduler.post("/scheduling/panels", data=entered).status_code == 303
    slots = {"days": "2021-12-06, 2021-12-07", "hours": "08:30-12:00 13:30-18:00", "minutes": "30"}
    assert scheduler.post("/scheduling/slots", data=slots).status_code == 303


def book_over_http(scheduling, scheduler):
    assert scheduler.post("/scheduling/proposals", data={"programme": CODE}).status_code == 303
    scheduling.run_jobs()
    [proposal, *_] = scheduler.get("/scheduling/api/proposals").json()
    assert scheduler.post(f"/scheduling/proposals/{proposal['id']}/book").status_code == 303


def test_a_program_enters_panels_books_interviews_and_moves_one(scheduling, scheduler):
    first, _second = scheduling.verify(2)
    enter_over_http(scheduler)
    book_over_http(scheduling, scheduler)
    candidates = {one["application_id"]: one for one in scheduler.get("/scheduling/api/candidates").json()}
    booking = candidates[str(first)]["booking"]
    slots = scheduler.get("/scheduling/api/slots").json()
    free = next(slot for slot in reversed(slots) if not slot["booked_panels"])
    moved = scheduler.post(
        f"/scheduling/candidates/{first}/reschedule", data={"panel_id": booking["panel_id"], "slot_id": free["id"]}
    )
    assert (moved.status_code, moved.headers["location"]) == (303, f"/scheduling/candidates/{first}")
    assert len(slots) == 2 * sum(count for _, _, count in HALF_DAYS)
    again = {one["application_id"]: one for one in scheduler.get("/scheduling/api/candidates").json()}
    assert again[str(first)]["booking"]["slot_id"] == free["id"]


def test_wrong_input_is_refused_with_its_field(scheduler):
    base = {"code": "第1组", "room": "301", "link": "https://a.cn", "judges": "judge01 评一川"}
    cases = [
        ("/scheduling/panels", base, "/judges"),
        ("/scheduling/slots", {"days": "12月6日", "hours": "08:30-12:00", "minutes": "30"}, "/days"),
        ("/scheduling/slots", {"days": "2021-12-06", "hours": "morning", "minutes": "30"}, "/hours"),
        ("/scheduling/calendar", {"on": "", "kind": "holiday"}, "/on"),
        ("/scheduling/assessments", {"result-1": "pass"}, "/result-1"),
    ]
    found = []
    for address, data, field in cases:
        response = scheduler.post(address, data=data)
        found.append((response.status_code, [error["field"] for error in response.json().get("faults", [])] == [field]))
    assert found == [(422, True)] * 4 + [(403, False)]


def signed_in(context, scheduling, address, *roles, account="schedule01"):
    """Return a browser page signed in with these roles."""
    cookies = session_cookies(scheduling.process, *roles, account=account)
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies.items()])
    return context.new_page()


def test_a_scheduler_sees_the_day_and_moves_an_interview_in_the_browser(
    scheduling, scheduler, browser_context, browser_problems
):
    _, second = scheduling.verify(2)
    enter_over_http(scheduler)
    book_over_http(scheduling, scheduler)
    scheduling.travel(datetime(2021, 12, 5, 23, tzinfo=UTC))
    with serving(make_app(scheduling.process)) as address:
        page = signed_in(browser_context, scheduling, address, "scheduler")
        page.goto(f"{address}/scheduling")
        board = page.locator(".lj-board")
        assert ("今日面试" in page.locator("body").inner_text(), board.locator("a").count()) == (True, 2)
        board.get_by_text("学员001").click()
        page.wait_for_url("**/candidates/*")
        page.get_by_role("button", name="改期").click()
        dialog = page.get_by_role("dialog")
        taken = scheduling.rows(Interview, Interview.application_id == second)[0]
        dialog.locator("[name=panel_id]").select_option(str(taken.panel_id))
        dialog.locator("[name=slot_id]").select_option(str(taken.slot_id))
        dialog.get_by_role("button", name="改期").click()
        dialog.get_by_text("同时面试").wait_for()
        assert [problem for problem in browser_problems if "409" not in problem] == []
        browser_problems.clear()
        dialog.locator("[name=slot_id]").select_option(label="2021-12-07 17:30")
        dialog.get_by_role("button", name="改期").click()
        page.get_by_text("已改期到 2021-12-07 17:30").wait_for()
        page.goto(f"{address}/scheduling/interviews?day=2021-12-07")
        assert page.locator(".lj-board a").all_inner_texts()[0].startswith("学员001")


def test_a_registrar_records_attendance_and_sees_who_misses_lessons_in_the_browser(scheduling, taught, browser_context):
    with serving(make_app(scheduling.process)) as address:
        page = signed_in(browser_context, scheduling, address, "registrar", account="registrar01")
        page.goto(f"{address}/scheduling")
        page.locator(".lj-time").wait_for()
        page.get_by_role("link", name="2021年12月25日 周六 上午").click()
        page.locator(f"[name=mark-{taught[1]}][value=absent]").check()
        page.get_by_role("button", name="保存考勤").click()
        page.get_by_text("3 人有更新").wait_for()
        page.goto(f"{address}/scheduling")
        page.get_by_role("link", name="学员002").wait_for()
        page.goto(f"{address}/scheduling/plan")
        assert page.locator(".lj-year td.taught").count() == 16
    assert scheduling.ask(stats)["attendance_marks"] == 3


@pytest.fixture
def taught(scheduling, plan):
    """Three registered students, at the time of the first lesson."""
    people = scheduling.admit(3)
    for person in people:
        pay(scheduling, person)
    scheduling.travel(REPORT_DAY)
    for person in people:
        scheduling.act(actions.register_student, person, EVERYTHING, actor="registrar01")
    scheduling.publish_plan(plan)
    scheduling.travel(datetime(2021, 12, 25, 1, tzinfo=UTC))
    return people


def test_every_page_opens_for_its_readers_only(scheduling, scheduler, taught):
    person, lesson = taught[0], scheduling.rows(Lesson)[0]
    [candidate] = scheduling.verify(start=9)
    addresses = ["/", "/interviews", "/panels", "/plan", "/resources", "/roster", "/sessions", "/certificates"]
    addresses += [f"/roster/{person}", f"/sessions/{lesson.id}", f"/sessions/{lesson.id}/sheet"]
    addresses += [f"/candidates/{candidate}", "/certificates/list.pdf", "/certificates/list.xlsx"]
    addresses += ["/tables/students/list", "/api/students", "/api/sessions", "/api/plans"]
    auditor, judge = client(scheduling, "auditor"), client(scheduling, "judge")
    opened = [http.get(f"/scheduling{address}").status_code for address in addresses for http in (scheduler, auditor)]
    assert opened == [200] * 2 * len(addresses)
    assert {judge.get(f"/scheduling{address}").status_code for address in addresses} == {403}
    assert auditor.post("/scheduling/proposals").status_code == 403


def test_only_a_registrar_registers_and_sees_the_full_number(scheduling, scheduler, registrar):
    [person] = scheduling.admit()
    pay(scheduling, person)
    scheduling.travel(REPORT_DAY)
    form = {"original_form": "true", "two_photos": "true", "identity_seen": "true"}
    assert scheduler.post(f"/scheduling/roster/{person}/register", data=form).status_code == 403
    incomplete = registrar.post(f"/scheduling/roster/{person}/register", data={"original_form": "true"})
    assert [error["field"] for error in incomplete.json()["faults"]] == ["two_photos", "identity_seen"]
    masked = registrar.get(f"/scheduling/roster/{person}").text
    shown = registrar.post(f"/scheduling/roster/{person}/identity", data={"reason": "报到核对证件"}).text
    assert ("500103197803070001" in masked, "500103197803070001" in shown) == (False, True)
    assert registrar.post(f"/scheduling/roster/{person}/register", data=form).status_code == 303
    [student] = registrar.get("/scheduling/api/students").json()
    assert (student["status"], student["paid"]) == ("registered", True)


def test_attendance_and_assessment_are_recorded_in_one_form_each(scheduling, registrar, taught):
    [first, *_] = registrar.get("/scheduling/api/sessions").json()
    marks = dict(zip((f"mark-{person}" for person in taught), ("present", "absent", "leave"), strict=True))
    assert registrar.post(f"/scheduling/sessions/{first['id']}/attendance", data=marks).status_code == 303
    results = {f"result-{taught[0]}": "pass", f"result-{taught[1]}": "fail", f"result-{taught[2]}": ""}
    assert registrar.post("/scheduling/assessments", data=results).status_code == 303
    assert registrar.get("/scheduling/api/sessions").json()[0]["recorded"] == 3
    assert [one["results"] for one in registrar.get("/scheduling/api/students").json()] == [[True], [False], []]
    strange = registrar.post("/scheduling/assessments", data={f"result-{taught[2]}": "brilliant"})
    assert (strange.status_code, registrar.post("/scheduling/assessments").status_code) == (422, 422)
