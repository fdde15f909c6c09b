"""Pages of the ranking: missing decisions, ties, freeze and release, the frozen table with the last seat's boundary,
exports."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from services.review import actions, documents, queries
from services.review.models import RankedCase
from services.review.pages.labels import OUTCOME_LABELS, RANKING_LABELS, Committee, Office
from services.review.rules.deadlines import publicity_ends
from services.review.rules.ranking import TITLES
from services.review.rules.scoring import format_points
from shared.adapters.workbook import XLSX, workbook
from shared.dashboard import Download, done, file_reply, page, t
from shared.foundation.errors import Conflict
from shared.http.fields import FormIds, FormRemark, QueryCode
from shared.http.web import Now, ReadingSession, Uow

router = APIRouter()
_HEADINGS = ("名次", "报名编号", "姓名", "企业", "推荐单位", "企业信息", "学员资料", "面试", "总分", "结果", "备注")


@router.get("/ranking")
def show_ranking(
    request: Request, actor: Office, session: ReadingSession, now: Now, programme: QueryCode = ""
) -> Response:
    """Show the missing decisions before the freeze, and the table afterwards."""
    chosen = queries.chosen_programme(session, programme)
    ranking = queries.ranking_of(session, chosen.code)
    is_draft = ranking.frozen_at is None
    ties = queries.open_ties(session, chosen) if is_draft else []
    ends = publicity_ends(ranking.frozen_at, days=chosen.publicity_days) if ranking.frozen_at else None
    return page(
        request,
        "review_ranking.html",
        title="排名与发布",
        subtitle=chosen.title,
        downloads=_downloads(chosen.code) if not is_draft else (),
        programme=chosen,
        ranking=ranking,
        badge=RANKING_LABELS[ranking.state],
        missing=queries.missing_decisions(session, chosen.code) if is_draft else [],
        complete=len(queries.entrants(session, chosen)),
        ties=[(tie.first, [queries.case_with(session, UUID(key)) for key in tie.keys]) for tie in ties],
        places=queries.frozen_places(session, chosen.code),
        is_reproducible=is_draft or queries.is_reproducible(session, chosen.code),
        outcomes=OUTCOME_LABELS,
        publicity_ends=ends,
        may_release=ends is not None and now >= ends and actor.account != ranking.frozen_by,
        tie_order=[TITLES[name] for name in chosen.scoring.tie_order],
        points=format_points,
    )


def _downloads(code: str) -> list[Download]:
    return [
        Download("排名表 PDF", f"/review/ranking/{code}/table.pdf"),
        Download("排名表 XLSX", f"/review/ranking/{code}/table.xlsx", "excel"),
    ]


@router.post("/ranking/{code}/freeze")
def freeze(request: Request, code: str, actor: Committee, uow: Uow, now: Now) -> Response:
    """Freeze the ranking. No fields."""
    actions.freeze_ranking(uow, code, actor=actor.account, now=now)
    return done(request, f"/review/ranking?programme={code}", "排名已冻结。发布须由另一位评审委员会成员办理。")


@router.post("/ranking/{code}/tie-decisions")
def decide_tie(
    request: Request,
    code: str,
    actor: Committee,
    uow: Uow,
    now: Now,
    order: FormIds,
    reason: FormRemark = "",
) -> Response:
    """Record the committee's order of tied people. Fields: `order` (case ids, many, best first), `reason`."""
    actions.record_tie_decision(uow, code, order, reason=reason, actor=actor.account, now=now)
    return done(request, f"/review/ranking?programme={code}", "已记录评审委员会的决定。")


@router.post("/ranking/{code}/release")
def release(request: Request, code: str, actor: Committee, uow: Uow, now: Now) -> Response:
    """Release the ranking. No fields."""
    actions.release_ranking(uow, code, actor=actor.account, now=now)
    return done(request, "/review/seats", "录取结果已发布，通知书正在寄发。")


@router.get("/ranking/{code}/table.pdf")
def print_ranking(code: str, actor: Office, session: ReadingSession, now: Now) -> Response:
    """Return 排名表 as PDF."""
    programme, ranking = queries.programme_of(session, code), queries.ranking_of(session, code)
    places = _frozen_places(session, code)
    assert ranking.frozen_at is not None
    printed = documents.ranking_table(
        documents.Ranking(
            programme=programme,
            frozen_at=ranking.frozen_at,
            frozen_by=ranking.frozen_by,
            rows=tuple(_table_row(place) for place in places),
            now=now,
            released_by=ranking.released_by,
        )
    )
    return file_reply(printed, name=f"{code} 排名表.pdf", media_type="application/pdf", inline=True)


@router.get("/ranking/{code}/table.xlsx")
def export_ranking(code: str, actor: Office, session: ReadingSession) -> Response:
    """Return 排名表 as a workbook."""
    rows = [
        (
            place.rank,
            place.application_no,
            place.student_name,
            place.firm_name,
            place.unit,
            place.inputs["firm"] / 100,
            place.inputs["materials"] / 100,
            place.weighted_interview / 100,
            place.total / 100,
            t(OUTCOME_LABELS[place.outcome].title),
            place.note,
        )
        for place in _frozen_places(session, code)
    ]
    return file_reply(workbook({"排名表": (_HEADINGS, rows)}), name=f"{code} 排名表.xlsx", media_type=XLSX)


def _frozen_places(session: Session, code: str) -> list[RankedCase]:
    places = list(queries.frozen_places(session, code))
    if not places:
        raise Conflict("排名尚未冻结，还不能导出。", code="not-frozen")
    return places


def _table_row(place: RankedCase) -> documents.RankingRow:
    return documents.RankingRow(
        rank=place.rank,
        name=place.student_name,
        firm=place.firm_name,
        unit=place.unit,
        firm_points=place.inputs["firm"],
        materials_points=place.inputs["materials"],
        interview_points=place.weighted_interview,
        total_points=place.total,
        outcome=place.outcome,  # type: ignore[arg-type]
        note=place.note,
    )
