"""Intake's dashboard for staff, and the page where a student confirms. Mounted by web.py."""

from pathlib import Path

from fastapi import APIRouter

from services.intake.models import Application, PastParticipant, PlatformClient
from services.intake.pages import access, applications, overview, programmes
from services.intake.pages.lists import ApplicationList, ClientList, PastParticipantList
from shared.dashboard import Dashboard
from shared.wiring.process import Process

router = APIRouter(prefix="/intake", include_in_schema=False)
for part in (overview, applications, programmes, access):
    router.include_router(part.router)


def make_dashboard(process: Process) -> Dashboard:
    """Build intake's navigation and lists."""
    templates = Path(__file__).parents[1] / "templates"
    dashboard = Dashboard(process, roles=("intake",), templates=templates)
    dashboard.link("报名概况", "/intake/", "fa-solid fa-chart-pie")
    dashboard.add_list(
        ApplicationList(Application, key="applications", title="报名申请", icon="fa-solid fa-file-lines")
    )
    dashboard.link("培训项目", "/intake/programmes", "fa-solid fa-bullhorn")
    dashboard.add_list(
        PastParticipantList(PastParticipant, key="past-participants", title="往期学员", icon="fa-solid fa-user-clock")
    )
    dashboard.add_list(ClientList(PlatformClient, key="clients", title="平台接口", icon="fa-solid fa-plug"))
    dashboard.link("发放与导入", "/intake/access", "fa-solid fa-key")
    return dashboard
