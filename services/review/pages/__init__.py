"""Review's dashboard: overview, cases, sheets, ranking, and the committee's work. Used by web.py."""

from pathlib import Path

from fastapi import APIRouter

from services.review.models import Case
from services.review.pages import cases, checks, overview, ranking, scores, seats
from services.review.pages.lists import CaseList
from shared.dashboard import Dashboard
from shared.wiring.process import Process

router = APIRouter(prefix="/review", include_in_schema=False)
for part in (overview, cases, scores, ranking, seats, checks):
    router.include_router(part.router)
router.add_api_route("", overview.overview)


def make_dashboard(process: Process) -> Dashboard:
    """Return review's dashboard with its navigation and lists."""
    templates = Path(__file__).parent.parent / "templates"
    dashboard = Dashboard(process, roles=("reviewer", "committee", "judge"), templates=templates)
    office = ("reviewer", "committee")
    dashboard.link("评审概况", "/review/", "fa-solid fa-chart-pie", *office)
    dashboard.add_list(CaseList(Case, key="cases", title="评审案卷", icon="fa-solid fa-folder-open"))
    dashboard.link("资料评分", "/review/scores", "fa-solid fa-pen-ruler", *office)
    dashboard.link("我的评分表", "/review/my-sheets", "fa-solid fa-list-check", "judge")
    dashboard.link("排名与发布", "/review/ranking", "fa-solid fa-ranking-star", *office)
    dashboard.link("录取待办", "/review/work", "fa-solid fa-inbox", "committee")
    dashboard.link("录取名额", "/review/seats", "fa-solid fa-chair", *office)
    return dashboard
