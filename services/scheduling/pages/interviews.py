"""Pages for interviews: waiting candidates, the proposal and its booking, the board of a day, one candidate."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response

from services.scheduling import actions, documents
from services.scheduling.models import Proposal
from services.scheduling.pages.forms import Reader, Scheduler
from services.scheduling.pages.labels import ACTION_TITLES, BOOKINGS, CANDIDATES, JOBS, MODES, NOTICES, PROPOSALS
from services.scheduling.queries import interviews, papers
from services.scheduling.queries.programmes import chosen_programme
from services.scheduling.queries.searches import progress_of
from services.scheduling.states import CandidateState, NoticeKind, ProposalState
from shared.dashboard import Download, done, file_reply, page, t
from shared.dashboard.history import history
from shared.foundation.clock import EARLIEST_DAY, LATEST_DAY, local
from shared.foundation.text import Line
from shared.http.fields import QueryCode
from shared.http.web import Now, ReadingSession, Uow, WithTools
from shared.jobs.job import troubles

router = APIRouter()


@router.get("/interviews")
def show_interviews(
    request: Request,
    actor: Reader,
    session: ReadingSession,
    now: Now,
    tools: WithTools,
    programme: QueryCode = "",
    day: Annotated[date | None, Query(ge=EARLIEST_DAY, le=LATEST_DAY)] = None,
) -> Response:
    """Show the waiting candidates, the proposal, and the board of one day (`day`; default today's or the next)."""
    chosen = chosen_programme(session, programme)
    days = interviews.interview_days(session, chosen.code)
    today = local(now).date()
    shown = day or next((one for one in days if one >= today), days[-1] if days else None)
    proposal = interviews.latest_proposal(session, chosen.code)
    return page(
        request,
        "scheduling_interviews.html",
        title="面试安排",
        subtitle=chosen.title,
        programme=chosen,
        counts=interviews.candidates_by_state(session, chosen.code),
        waiting=interviews.waiting(session, chosen.code),
        proposal=proposal,
        placed=interviews.placed(session, proposal) if proposal else [],
        unplaced=interviews.unplaced(session, proposal) if proposal else [],
        progress=progress_of(tools.redis, proposal.id) if proposal else "",
        solving=proposal is not None and proposal.state == ProposalState.SOLVING,
        days=days,
        board=interviews.board(session, chosen.code, shown) if shown else None,
        labels=PROPOSALS,
        modes=MODES,
    )


@router.post("/proposals")
def propose(
    request: Request,
    actor: Scheduler,
    uow: Uow,
    now: Now,
    programme: Annotated[Line, Form(max_length=40)] = "",
) -> Response:
    """Request a proposal for all waiting candidates. Field: `programme`, the code."""
    code = chosen_programme(uow.session, programme).code
    actions.propose_interviews(uow, code, actor=actor.account, now=now)
    return done(request, "/scheduling/interviews", "已开始编排，结果会显示在本页。")


@router.post("/proposals/{proposal_id}/book")
def book(request: Request, proposal_id: UUID, actor: Scheduler, uow: Uow, now: Now) -> Response:
    """Book a proposal. No fields."""
    booked = actions.book_interviews(uow, proposal_id, actor=actor.account, now=now)
    return done(request, "/scheduling/interviews", t("已安排 {count} 场面试，面试通知正在发送。", count=len(booked)))


@router.get("/proposals/{proposal_id}")
def show_proposal(request: Request, proposal_id: UUID, actor: Reader, session: ReadingSession) -> Response:
    """Show the placements of a proposal."""
    proposal: Proposal = interviews.proposal_of(session, proposal_id)
    return page(
        request,
        "scheduling_proposal.html",
        title="编排方案",
        back="/scheduling/interviews",
        proposal=proposal,
        placed=interviews.placed(session, proposal),
        unplaced=interviews.unplaced(session, proposal),
        ready=proposal.state == ProposalState.READY,
        labels=PROPOSALS,
        modes=MODES,
    )


@router.get("/candidates/{application_id}")
def show_candidate(
    request: Request, application_id: UUID, actor: Reader, session: ReadingSession, now: Now
) -> Response:
    """Show a candidate: the current and earlier bookings, the notices, and the available actions."""
    row = interviews.candidate_of(session, application_id)
    booking = interviews.current_booking(session, application_id)
    sent = interviews.notices_of(session, application_id)
    return page(
        request,
        "scheduling_candidate.html",
        title=f"{row.name} · {row.application_no}",
        back="/scheduling/interviews",
        downloads=[Download("面试通知", f"/scheduling/interviews/{booking.id}/notice")] if booking else (),
        row=row,
        booking=booking,
        begun=booking is not None and booking.starts_at <= now,
        bookings=interviews.bookings_of(session, application_id),
        sent=sent,
        troubles=troubles(session, [notice.id for notice in sent]),
        job_titles=JOBS,
        panel_options=[(panel.id, panel.code) for panel in interviews.panels(session, row.programme)],
        slot_options=[
            (slot.id, f"{local(slot.starts_at):%Y-%m-%d %H:%M}")
            for slot in interviews.slots(session, row.programme, after=now)
        ],
        labels={"candidate": CANDIDATES[row.state], "mode": MODES[row.mode], **BOOKINGS},
        notice_titles=NOTICES,
        rows=history(session, str(application_id)),
        titles=ACTION_TITLES,
    )


@router.post("/candidates/{application_id}/reschedule")
def reschedule(
    request: Request,
    application_id: UUID,
    actor: Scheduler,
    uow: Uow,
    now: Now,
    panel_id: Annotated[UUID, Form()],
    slot_id: Annotated[UUID, Form()],
) -> Response:
    """Move the interview. Fields: `panel_id`, `slot_id`."""
    moved = actions.reschedule_interview(
        uow, application_id, panel_id=panel_id, slot_id=slot_id, actor=actor.account, now=now
    )
    when = f"{local(moved.starts_at):%Y-%m-%d %H:%M}"
    return done(
        request,
        f"/scheduling/candidates/{application_id}",
        t("已改期到 {when}，{panel}，将发送新的通知。", when=when, panel=moved.panel),
    )


@router.post("/candidates/{application_id}/no-show")
def no_show(request: Request, application_id: UUID, actor: Reader, uow: Uow, now: Now) -> Response:
    """Record a no-show. No fields."""
    row = actions.record_no_show(uow, application_id, actor=actor.account, now=now)
    final = row.state == CandidateState.MISSED
    text = "已登记第二次缺席，面试资格终止。" if final else "已登记缺席，候选人回到待安排名单，可再安排一次。"
    return done(request, f"/scheduling/candidates/{application_id}", text, tone="warning")


@router.post("/notices/{notice_id}/continuation")
def continue_notice(request: Request, notice_id: UUID, actor: Scheduler, uow: Uow, now: Now) -> Response:
    """Print and send a held notice again. No fields."""
    notice = actions.continue_notice(uow, notice_id, actor=actor.account, now=now)
    folder = "candidates" if notice.kind == NoticeKind.INTERVIEW else "roster"
    return done(request, f"/scheduling/{folder}/{notice.application_id}", "已安排重新生成并发送。")


@router.get("/interviews/{interview_id}/notice")
def show_notice(interview_id: UUID, actor: Reader, session: ReadingSession, now: Now) -> Response:
    """Return 面试通知 of a booking as PDF."""
    booking = interviews.booking(session, interview_id)
    content = documents.interview_notice(papers.interview_notice_of(session, booking, now=now))
    name = f"面试通知 {booking.candidate_name}.pdf"
    return file_reply(content, name=name, media_type="application/pdf", inline=True)
