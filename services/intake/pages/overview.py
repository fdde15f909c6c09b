"""Overview page: applications per day and state, units below their quota, time left."""

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from services.intake import queries
from services.intake.pages.labels import OUTCOME_LABELS, Clerk
from shared.dashboard import page, t
from shared.events.intake import Programme
from shared.http.web import Now, ReadingSession

router = APIRouter()


@router.get("/")
def overview(request: Request, actor: Clerk, session: ReadingSession, now: Now) -> Response:
    """Show applications per day and state, units below their quota, and the time left."""
    programmes = queries.programmes(session)
    if not programmes:
        return page(request, "intake_empty.html", title="报名概况")
    programme = programmes[0]
    firms = queries.recommended_firms(session, programme)
    units = [
        {
            "label": unit.name,
            "value": firms[unit.code],
            "goal": unit.owed,
            "note": t("差 {count} 户", count=unit.owed - firms[unit.code]),
        }
        for unit in sorted(programme.units, key=lambda unit: firms[unit.code] - unit.owed)
        if firms[unit.code] < unit.owed
    ]
    return page(
        request,
        "intake_overview.html",
        title="报名概况",
        subtitle=programme.title,
        programme=programme,
        counts=queries.applications_by_state(session),
        unconfirmed=queries.unconfirmed(session, programme.code),
        short=units,
        owing=sum(1 for unit in programme.units if unit.owed),
        days=_arrivals(session, programme),
        outcomes=_as_parts(queries.applications_by_outcome(session)),
        remaining=_remaining(programme, now),
        newest=queries.returned_applications(session, programme.code),
    )


def _arrivals(session: Session, programme: Programme) -> list[dict[str, Any]]:
    counts = queries.arrivals_by_day(session, programme.code)
    return [{"label": t("{day}日", day=day.day), "value": count} for day, count in counts.items()]


def _as_parts(counts: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {"label": OUTCOME_LABELS[code].title, "value": counts[code], "tone": OUTCOME_LABELS[code].tone}
        for code in OUTCOME_LABELS
        if counts.get(code)
    ]


def _remaining(programme: Programme, now: Any) -> tuple[int, str]:
    if now < programme.opens_at:
        return (programme.opens_at - now).days, "天后开始"
    left = programme.closes_at - now
    return (left.days, "天") if left.days > 0 else (max(int(left.total_seconds() // 3600), 0), "小时")
