"""Scheduling's dashboard for staff: overview, work lists, and forms for each action."""

from pathlib import Path

from fastapi import APIRouter

from services.scheduling.models import Candidate, Lesson, Student
from services.scheduling.pages import certificates, interviews, overview, panels, plan, resources, roster, sessions
from services.scheduling.pages.labels import CandidateList, LessonList, StudentList
from shared.dashboard import Dashboard
from shared.wiring.process import Process

router = APIRouter(prefix="/scheduling", include_in_schema=False)
for part in (overview, interviews, panels, plan, resources, roster, sessions, certificates):
    router.include_router(part.router)


def make_dashboard(process: Process) -> Dashboard:
    """Return scheduling's dashboard with its navigation and lists."""
    dashboard = Dashboard(
        process,
        roles=("scheduler", "registrar"),
        templates=Path(__file__).parent.parent / "templates",
    )
    dashboard.link("今日概况", "/scheduling/", "fa-solid fa-chart-pie")
    dashboard.link("面试安排", "/scheduling/interviews", "fa-solid fa-comments")
    dashboard.link("评审组与时段", "/scheduling/panels", "fa-solid fa-people-group")
    dashboard.link("教学计划", "/scheduling/plan", "fa-solid fa-calendar-days")
    dashboard.link("师资与场地", "/scheduling/resources", "fa-solid fa-chalkboard-user")
    dashboard.link("报到", "/scheduling/roster", "fa-solid fa-id-card")
    dashboard.link("考勤", "/scheduling/sessions", "fa-solid fa-list-check")
    dashboard.link("考核与结业", "/scheduling/certificates", "fa-solid fa-award")
    dashboard.add_list(CandidateList(Candidate, key="candidates", title="候选人名单", icon="fa-solid fa-users"))
    dashboard.add_list(StudentList(Student, key="students", title="学员名册", icon="fa-solid fa-user-graduate"))
    dashboard.add_list(LessonList(Lesson, key="lessons", title="课次清单", icon="fa-solid fa-table-list"))
    return dashboard
