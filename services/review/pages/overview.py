"""The overview page: open work, progress, and disagreement among judges."""

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from services.review import queries
from services.review.pages.labels import FATE_LABELS, RANKING_LABELS, Office
from services.review.rules.deadlines import format_limit
from services.review.rules.scoring import format_points
from services.review.states import WORK_TITLES, CaseState, WorkKind
from shared.dashboard import page
from shared.http.web import Now, ReadingSession

router = APIRouter()
_COMMITTEE_WORK = (
    WorkKind.LAPSE_PROPOSED,
    WorkKind.PROMOTION_PROPOSED,
    WorkKind.LATE_PAYMENT,
    WorkKind.PROMOTION_OVERRIDE,
)


@router.get("/")
def overview(request: Request, actor: Office, session: ReadingSession, now: Now) -> Response:
    """Show the overview of the newest programme."""
    programme = queries.newest_programme(session)
    if programme is None:
        return page(request, "review_empty.html", title="评审概况")
    code = programme.code
    waiting = queries.waiting_work(session, code, now=now)
    return page(
        request,
        "review_overview.html",
        title="评审概况",
        subtitle=programme.title,
        programme=programme,
        waiting=waiting,
        committee=sum(waiting[kind] for kind in _COMMITTEE_WORK),
        funnel=_funnel(session, code),
        fates=_fates(session, code),
        ranking=queries.ranking_of(session, code),
        ranking_labels=RANKING_LABELS,
        apart=[
            {"case": one.case, "low": one.lowest / 100, "high": one.highest / 100, "spread": format_points(one.spread)}
            for one in queries.disagreements(session, code)
        ],
        limit=format_limit,
        work=queries.work_list(session, code, now=now)[:8],
        work_titles=WORK_TITLES,
        oldest=queries.cases_in(session, code, CaseState.OPEN)[:8],
        sheets_by_judge=queries.awaited_by_judge(session, code),
    )


def _funnel(session: Session, code: str) -> list[dict[str, Any]]:
    tones = ("blue", "azure", "cyan", "teal", "green")
    steps = queries.progress(session, code)
    return [{"label": label, "value": value, "tone": tone} for (label, value), tone in zip(steps, tones, strict=True)]


def _fates(session: Session, code: str) -> list[dict[str, Any]]:
    found = queries.fates(session, code)
    return [
        {"label": FATE_LABELS[each].title, "value": number, "tone": FATE_LABELS[each].tone}
        for each, number in found.items()
        if number
    ]
