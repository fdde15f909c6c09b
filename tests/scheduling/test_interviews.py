"""Interviews: waiting candidates, proposals, bookings, events, notices and withdrawals."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from uuid import UUID, uuid4

import pytest

from services.demo.programme import CODE
from services.demo.staff import panels
from services.scheduling import actions
from services.scheduling.models import Candidate, Interview, Notice, Panel, Proposal, Slot
from services.scheduling.queries import interviews, stats
from services.scheduling.states import BookingState, CandidateState, ProposalState
from shared.events.intake import ApplicationWithdrawn
from shared.events.review import ApplicationRejected, ApplicationVerified
from shared.events.scheduling import InterviewScheduled
from shared.foundation.errors import Conflict
from tests.processes import sent_mails


def state_of(scheduling, application_id):
    return scheduling.rows(Candidate, Candidate.application_id == application_id)[0].state


def withdraw(scheduling, application_id):
    scheduling.handle(
        ApplicationWithdrawn(application_id=application_id, withdrawn_at=scheduling.now, reason="另有安排")
    )


def reject(scheduling, application_id):
    event = ApplicationRejected(
        application_id=application_id, programme=CODE, reason="不实", rejected_at=scheduling.now
    )
    scheduling.handle(event)


def book_all(scheduling):
    """Propose, solve and book; return the proposal."""
    proposal = scheduling.act(actions.propose_interviews, CODE)
    scheduling.run_jobs()
    scheduling.act(actions.book_interviews, proposal.id)
    return scheduling.rows(Proposal, Proposal.id == proposal.id)[0]


def booking_of(scheduling, application_id):
    return scheduling.ask(interviews.current_booking, application_id)


def free_place(scheduling, panel_code="第3组", hour=17):
    """Return a panel and a free slot of the last day."""
    panel = scheduling.rows(Panel, Panel.code == panel_code)[0]
    slot = max(scheduling.rows(Slot), key=lambda slot: slot.starts_at)
    return {"panel_id": panel.id, "slot_id": slot.id}


def test_a_repeated_verification_adds_a_candidate_once(scheduling):
    [person] = scheduling.verify()
    event = ApplicationVerified(
        application_id=person, programme=CODE, verified_at=scheduling.now, candidate=scheduling.candidate(1)
    )
    scheduling.handle(event)
    assert [(row.application_id, row.state) for row in scheduling.rows(Candidate)] == [(person, "waiting")]


def test_a_withdrawal_before_the_verification_cancels_the_candidate(scheduling):
    person = uuid4()
    withdraw(scheduling, person)
    scheduling.handle(
        ApplicationVerified(
            application_id=person, programme=CODE, verified_at=scheduling.now, candidate=scheduling.candidate(1)
        )
    )
    assert state_of(scheduling, person) == CandidateState.CANCELLED


def test_a_rejection_of_an_unknown_candidate_changes_nothing(scheduling):
    reject(scheduling, uuid4())
    assert scheduling.rows(Candidate) == []


@pytest.mark.parametrize("end", [withdraw, reject])
def test_a_withdrawal_or_rejection_cancels_the_interview_and_the_unsent_notice(scheduling, end):
    scheduling.enter_panels()
    [person] = scheduling.verify()
    proposal = scheduling.act(actions.propose_interviews, CODE)
    scheduling.run_jobs()
    scheduling.act(actions.book_interviews, proposal.id)
    end(scheduling, person)
    end(scheduling, person)
    assert state_of(scheduling, person) == CandidateState.CANCELLED
    assert [row.state for row in scheduling.rows(Interview)] == [BookingState.CANCELLED]
    assert scheduling.run_jobs() == ["overtaken"]
    assert [(row.void, row.sent_at) for row in scheduling.rows(Notice)] == [(True, None)]


def test_a_proposal_is_ready_before_anything_is_booked_or_published(scheduling):
    scheduling.enter_panels()
    scheduling.verify(3)
    scheduling.act(actions.propose_interviews, CODE)
    scheduling.run_jobs()
    [proposal] = scheduling.rows(Proposal)
    assert (proposal.state, len(proposal.placements), proposal.unplaced) == (ProposalState.READY, 3, [])
    assert (scheduling.rows(Interview), scheduling.published(InterviewScheduled)) == ([], [])


def test_booking_a_proposal_publishes_and_sends_a_notice_for_each_interview(scheduling):
    scheduling.enter_panels()
    on_site, online = scheduling.verify(1), scheduling.verify(1, start=2, mode="online")
    book_all(scheduling)
    published = {event.application_id: event for event in scheduling.published(InterviewScheduled)}
    assert set(published) == {*on_site, *online}
    panel = next(one for one in panels() if one.code == published[on_site[0]].panel)
    assert published[on_site[0]].place == panel.room
    assert published[online[0]].place.startswith("https://meeting.example.com/")
    assert [judge.account for judge in published[on_site[0]].judges] == [judge.account for judge in panel.judges]
    assert published[on_site[0]].starts_at >= datetime(2021, 12, 6, tzinfo=UTC)
    assert scheduling.run_jobs() == ["sent", "sent"]
    found = scheduling.ask(stats)
    assert (found["interviews_scheduled"], found["notices_sent"]) == (2, 2)


def test_a_notice_is_mailed_to_the_candidate_with_a_pdf(scheduling):
    scheduling.enter_panels()
    [person] = scheduling.verify()
    book_all(scheduling)
    scheduling.run_jobs()
    [path] = (scheduling.folder / "mail").glob("*.eml")
    mail = message_from_bytes(path.read_bytes(), policy=default)
    [notice] = mail.iter_attachments()
    assert mail["To"] == "student1@example.cn"
    assert (notice.get_filename(), notice.get_content()[:5]) == ("面试通知.pdf", b"%PDF-")
    assert [text for text in sent_mails(scheduling.folder) if booking_of(scheduling, person).panel in text] != []


def test_a_job_that_runs_twice_leaves_one_message(scheduling):
    scheduling.enter_panels()
    scheduling.verify()
    book_all(scheduling)
    scheduling.run_jobs()
    [notice] = scheduling.rows(Notice)
    assert [path.stem for path in (scheduling.folder / "mail").glob("*.eml")] == [str(notice.id)]


def test_a_proposal_is_booked_once(scheduling):
    scheduling.enter_panels()
    scheduling.verify()
    proposal = book_all(scheduling)
    with pytest.raises(Conflict, match="已确认"):
        scheduling.act(actions.book_interviews, proposal.id)
    assert len(scheduling.published(InterviewScheduled)) == 1


def test_a_candidate_who_withdrew_after_the_proposal_is_not_booked(scheduling):
    scheduling.enter_panels()
    first, second = scheduling.verify(2)
    proposal = scheduling.act(actions.propose_interviews, CODE)
    scheduling.run_jobs()
    withdraw(scheduling, first)
    booked = scheduling.act(actions.book_interviews, proposal.id)
    assert [row.application_id for row in booked] == [second]


def test_a_proposal_with_a_slot_that_has_begun_books_nothing(scheduling):
    scheduling.enter_panels()
    first, _second = scheduling.verify(2)
    proposal = scheduling.act(actions.propose_interviews, CODE)
    scheduling.run_jobs()
    placement = next(one for one in scheduling.rows(Proposal)[0].placements if one["application_id"] == str(first))
    scheduling.travel(scheduling.rows(Slot, Slot.id == UUID(placement["slot_id"]))[0].starts_at)
    with pytest.raises(Conflict, match="已经开始"):
        scheduling.act(actions.book_interviews, proposal.id)
    assert scheduling.rows(Interview) == []
    assert scheduling.rows(Proposal)[0].state == ProposalState.READY


def test_nothing_is_proposed_without_candidates_panels_or_slots(scheduling):
    with pytest.raises(Conflict, match="没有待安排"):
        scheduling.act(actions.propose_interviews, CODE)
    scheduling.verify()
    with pytest.raises(Conflict, match="评审组"):
        scheduling.act(actions.propose_interviews, CODE)


def test_a_repeated_request_for_a_proposal_searches_once(scheduling):
    scheduling.enter_panels()
    scheduling.verify()
    first, second = (scheduling.act(actions.propose_interviews, CODE) for _ in range(2))
    assert (first.id, len(scheduling.run_jobs())) == (second.id, 1)
