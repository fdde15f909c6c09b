"""Pages for seats and the committee's work: lapses, promotions, late payments, refusals, letters."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from services.review import actions, queries
from services.review.models import LetterRow
from services.review.pages.labels import LETTERS, RELEASES, SEAT_LABELS, Committee, Office
from services.review.rules.deadlines import format_limit
from services.review.states import SeatState, WorkKind
from shared.dashboard import done, file_reply, page, t
from shared.events import FileClaim
from shared.events.intake import Programme
from shared.foundation.errors import NotFound
from shared.http.fields import FormIds, FormName, FormRemark, QueryCode
from shared.http.web import Now, ReadingSession, Uow, WithTools

router = APIRouter()
WORK = "/review/work"


@router.get("/work")
def show_work(
    request: Request, actor: Committee, session: ReadingSession, now: Now, programme: QueryCode = ""
) -> Response:
    """Show the committee's work and the waiting list."""
    chosen = queries.chosen_programme(session, programme)
    entries = queries.work_list(session, chosen.code, now=now)
    by_kind = {kind: [entry for entry in entries if entry.kind == kind] for kind in WorkKind}
    rows = queries.seat_rows(session, chosen.code)
    return page(
        request,
        "review_work.html",
        title="录取待办",
        subtitle=chosen.title,
        programme=chosen,
        lapses=by_kind[WorkKind.LAPSE_PROPOSED],
        promotions=by_kind[WorkKind.PROMOTION_PROPOSED],
        late=by_kind[WorkKind.LATE_PAYMENT],
        overrides=by_kind[WorkKind.PROMOTION_OVERRIDE],
        waiting=[(seat, case) for seat, case in rows if seat.state == SeatState.WAITING],
        free=_free_seats(session, chosen),
        limit=format_limit,
        account=actor.account,
    )


def _free_seats(session: Session, programme: Programme) -> int:
    ranking = queries.ranking_of(session, programme.code)
    return max(ranking.quota - queries.seats_held(session, programme.code), 0) if ranking.released_at else 0


@router.post("/work/lapses")
def confirm_lapses(request: Request, actor: Committee, uow: Uow, now: Now, item_id: FormIds) -> Response:
    """Confirm lapses, all or none. Field: `item_id`, many."""
    # Lock in id order to avoid deadlocks between batches.
    for one in sorted(item_id):
        actions.confirm_lapse(uow, one, actor=actor.account, now=now)
    return done(request, WORK, t("已确认 {count} 个名额逾期释放。", count=len(item_id)))


@router.post("/work/{item_id}/dismissal")
def dismiss_lapse(
    request: Request,
    item_id: UUID,
    actor: Committee,
    uow: Uow,
    now: Now,
    reason: FormRemark = "",
) -> Response:
    """Keep a seat although it was paid late. Field: `reason`."""
    actions.dismiss_lapse(uow, item_id, reason=reason, actor=actor.account, now=now)
    return done(request, WORK, "已保留名额。")


@router.post("/work/promotions")
def confirm_promotions(request: Request, actor: Committee, uow: Uow, now: Now, case_id: FormIds) -> Response:
    """Promote people from the waiting list, all or none. Field: `case_id`, many; out of order only with an override
    that another person requested."""
    for one in case_id:
        actions.confirm_promotion(uow, one, actor=actor.account, now=now)
    return done(request, WORK, t("已递补录取 {count} 人，通知书正在寄发。", count=len(case_id)))


@router.post("/seats/{case_id}/override")
def ask_override(
    request: Request,
    case_id: UUID,
    actor: Committee,
    uow: Uow,
    now: Now,
    reason: FormRemark = "",
) -> Response:
    """Request a promotion out of order. Field: `reason`. Another person confirms it with the promotions form."""
    actions.request_override(uow, case_id, reason=reason, actor=actor.account, now=now)
    return done(request, WORK, "已提出越序递补，等待另一人确认。")


@router.post("/work/{item_id}/late-payment")
def resolve_late_payment(
    request: Request,
    item_id: UUID,
    actor: Committee,
    uow: Uow,
    now: Now,
    choice: Annotated[Literal["seat", "refund"], Form()],
) -> Response:
    """Decide on a payment after the seat's release. Field: `choice` (seat, refund)."""
    actions.resolve_late_payment(uow, item_id, choice, actor=actor.account, now=now)
    return done(request, WORK, "已重新给予名额。" if choice == "seat" else "已安排退款。")


@router.get("/seats")
def show_seats(request: Request, actor: Office, session: ReadingSession, programme: QueryCode = "") -> Response:
    """Show every seat, the waiting list, and who was not selected."""
    chosen = queries.chosen_programme(session, programme)
    rows = queries.seat_rows(session, chosen.code)
    held = sum(seat.state == SeatState.HELD for seat, _case in rows)
    paid = sum(seat.state == SeatState.HELD and case.paid_at is not None for seat, case in rows)
    return page(
        request,
        "review_seats.html",
        title="录取名额",
        subtitle=chosen.title,
        programme=chosen,
        rows=rows,
        parts=[
            {"label": "已缴费", "value": paid, "tone": "green"},
            {"label": "待缴费", "value": held - paid, "tone": "yellow"},
            {"label": "空出", "value": _free_seats(session, chosen), "tone": "red"},
        ],
        limit=format_limit,
        labels=SEAT_LABELS,
        releases=RELEASES,
    )


@router.post("/seats/{case_id}/decline")
def decline(
    request: Request,
    case_id: UUID,
    actor: Committee,
    uow: Uow,
    now: Now,
    reason: FormRemark = "",
) -> Response:
    """Record that the admitted person declines the seat. Field: `reason`."""
    actions.decline_seat(uow, case_id, reason=reason, actor=actor.account, now=now)
    return done(request, f"/review/cases/{case_id}", "名额已释放，已缴款项将退回。")


@router.post("/seats/{case_id}/drop-out")
def drop_out(
    request: Request,
    case_id: UUID,
    actor: Committee,
    uow: Uow,
    now: Now,
    reason: FormRemark = "",
    refund: Annotated[bool, Form()] = False,
) -> Response:
    """Record that a registered student leaves. Fields: `reason`, `refund` (true to order a refund)."""
    actions.drop_out_student(uow, case_id, reason=reason, refund=refund, actor=actor.account, now=now)
    return done(request, f"/review/cases/{case_id}", "已办理退学。")


@router.post("/letters/{letter_id}/printing")
def continue_letter(
    request: Request, letter_id: UUID, actor: Office, uow: Uow, now: Now, name: FormName = "", firm: FormName = ""
) -> Response:
    """Print a held letter with these names. Fields: `name` of the person, `firm`."""
    letter = actions.continue_letter(uow, letter_id, name=name, firm=firm, actor=actor.account, now=now)
    return done(request, f"/review/cases/{letter.case_id}", "已安排重新打印并寄发通知书。")


@router.get("/letters/{letter_id}")
def show_letter(letter_id: UUID, actor: Office, session: ReadingSession, tools: WithTools) -> Response:
    """Return a letter as it was sent."""
    letter = session.get(LetterRow, letter_id)
    if letter is None or letter.file is None:
        raise NotFound("这份通知书尚未生成。", code="no-letter")
    content = tools.files.get(FileClaim.model_validate(letter.file), purpose="contact")
    name = f"{LETTERS[letter.kind]} {letter.number}.pdf"
    return file_reply(content, name=name, media_type="application/pdf", inline=True)
