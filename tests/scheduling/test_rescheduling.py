"""Bookings that are moved or missed, and their panels and slots."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.demo.programme import CODE
from services.demo.staff import panels
from services.scheduling import actions
from services.scheduling.models import Interview, Notice, Slot
from services.scheduling.queries import interviews, stats
from services.scheduling.rules.interviews.panels import HalfDay, JudgeEntry
from services.scheduling.states import CandidateState
from shared.events.review import ApplicationVerified
from shared.events.scheduling import InterviewMissed, InterviewScheduled
from shared.foundation.errors import Conflict, Invalid, NotFound
from tests.scheduling.test_interviews import book_all, booking_of, free_place, state_of


def test_a_moved_interview_is_published_and_only_its_candidate_is_notified(scheduling):
    scheduling.enter_panels()
    first, second = scheduling.verify(2)
    book_all(scheduling)
    scheduling.run_jobs()
    before = booking_of(scheduling, first)
    scheduling.act(actions.reschedule_interview, first, **free_place(scheduling))
    scheduling.run_jobs()
    events = [event for event in scheduling.published(InterviewScheduled) if event.application_id == first]
    assert [event.panel for event in events] == [before.panel, "第3组"]
    assert sorted(row.application_id for row in scheduling.rows(Notice)) == sorted([first, first, second])
    found = scheduling.ask(stats)
    assert (found["interviews_scheduled"], found["notices_sent"]) == (2, 2)


def test_moving_an_interview_to_its_own_slot_publishes_nothing(scheduling):
    scheduling.enter_panels()
    [person] = scheduling.verify()
    book_all(scheduling)
    booking = booking_of(scheduling, person)
    scheduling.act(actions.reschedule_interview, person, panel_id=booking.panel_id, slot_id=booking.slot_id)
    assert len(scheduling.published(InterviewScheduled)) == 1


def test_an_interview_is_not_moved_to_a_panel_that_is_busy_in_that_slot(scheduling):
    scheduling.enter_panels()
    first, second = scheduling.verify(2)
    book_all(scheduling)
    taken = booking_of(scheduling, second)
    with pytest.raises(Conflict, match="同时面试"):
        scheduling.act(actions.reschedule_interview, first, panel_id=taken.panel_id, slot_id=taken.slot_id)


def test_an_interview_is_not_moved_to_a_judge_who_works_for_the_firm(scheduling):
    scheduling.enter_panels()
    judge = panels()[2].judges[0]
    [person] = scheduling.verify(firm="OTHER")
    book_all(scheduling)
    scheduling.handle(
        ApplicationVerified(
            application_id=person,
            programme=CODE,
            verified_at=scheduling.now,
            candidate=scheduling.candidate(1, firm=judge.employer_credit_code),
        )
    )
    with pytest.raises(Conflict, match="回避"):
        scheduling.act(actions.reschedule_interview, person, **free_place(scheduling))


def test_an_interview_is_not_moved_to_a_judge_who_declares_a_link_to_the_firm(scheduling):
    scheduling.enter_panels()
    third = panels()[2]
    advised = panels()[0].judges[0].employer_credit_code
    first, *others = judges_of(third)
    declared = [replace(first, linked_credit_codes=(advised,)), *others]
    values = {"room": third.room, "link": third.link, "judges": declared}
    scheduling.act(actions.define_panel, CODE, third.code, **values)
    scheduling.act(actions.define_panel, CODE, third.code, **values)
    [person] = scheduling.verify(firm="OTHER")
    book_all(scheduling)
    verified = {"application_id": person, "programme": CODE, "verified_at": scheduling.now}
    scheduling.handle(ApplicationVerified(**verified, candidate=scheduling.candidate(1, firm=advised)))
    with pytest.raises(Conflict, match="回避"):
        scheduling.act(actions.reschedule_interview, person, **free_place(scheduling))


def test_moving_an_interview_keeps_its_mode(scheduling):
    scheduling.enter_panels()
    [person] = scheduling.verify()
    book_all(scheduling)
    scheduling.handle(
        ApplicationVerified(
            application_id=person,
            programme=CODE,
            verified_at=scheduling.now,
            candidate=scheduling.candidate(1, mode="online"),
        )
    )
    with pytest.raises(Conflict, match="面试方式"):
        scheduling.act(actions.reschedule_interview, person, **free_place(scheduling))


def test_only_a_booked_interview_that_has_not_begun_can_be_moved(scheduling):
    scheduling.enter_panels()
    [person] = scheduling.verify()
    with pytest.raises(Conflict, match="没有面试安排"):
        scheduling.act(actions.reschedule_interview, person, **free_place(scheduling))
    book_all(scheduling)
    scheduling.travel(booking_of(scheduling, person).starts_at)
    with pytest.raises(Conflict, match="已经开始"):
        scheduling.act(actions.reschedule_interview, person, **free_place(scheduling))


def test_a_no_show_gets_one_more_date(scheduling):
    scheduling.enter_panels()
    [person] = scheduling.verify()
    book_all(scheduling)
    scheduling.travel(booking_of(scheduling, person).starts_at)
    scheduling.act(actions.record_no_show, person, actor="registrar01")
    assert state_of(scheduling, person) == CandidateState.WAITING
    book_all(scheduling)
    second = booking_of(scheduling, person)
    assert second.starts_at > scheduling.now
    scheduling.travel(second.starts_at)
    scheduling.act(actions.record_no_show, person, actor="registrar01")
    assert state_of(scheduling, person) == CandidateState.MISSED
    assert [event.final for event in scheduling.published(InterviewMissed)] == [False, True]
    found = scheduling.ask(stats)
    assert (found["interviews_scheduled"], found["interviews_missed_final"]) == (0, 1)


def test_a_no_show_is_refused_before_the_interview_has_begun(scheduling):
    scheduling.enter_panels()
    [person] = scheduling.verify()
    with pytest.raises(Conflict, match="没有面试安排"):
        scheduling.act(actions.record_no_show, person)
    book_all(scheduling)
    with pytest.raises(Conflict, match="才开始"):
        scheduling.act(actions.record_no_show, person)


def test_the_board_of_a_day_shows_each_panel_and_slot(scheduling):
    scheduling.enter_panels()
    scheduling.verify(2)
    book_all(scheduling)
    [day, *_] = scheduling.ask(interviews.interview_days, CODE)
    board = scheduling.ask(interviews.board, CODE, day)
    assert (day.isoformat(), len(board.panels), len(board.lines), board.booked) == ("2021-12-06", 3, 16, 2)


def test_a_panel_that_is_booked_is_not_changed_and_a_judge_sits_on_one_panel(scheduling):
    scheduling.enter_panels()
    scheduling.verify()
    book_all(scheduling)
    [booking] = scheduling.rows(Interview)
    busy = next(panel for panel in panels() if panel.code == booking.panel)
    scheduling.enter_panels((busy,))
    with pytest.raises(Conflict, match="已有面试安排"):
        scheduling.enter_panels((replace(busy, room="另一间"),))
    with pytest.raises(Invalid, match="已在"):
        scheduling.act(actions.define_panel, CODE, "第9组", room="302", link="https://a.cn", judges=judges_of(busy))


def judges_of(panel):
    return [JudgeEntry(one.account, one.name, one.employer_credit_code) for one in panel.judges]


def test_slots_are_created_once_and_never_overlap_or_lie_in_the_past(scheduling):
    scheduling.enter_panels()
    assert len(scheduling.rows(Slot)) == 48
    start = datetime(2021, 12, 6, 0, 30, tzinfo=UTC)
    half = [HalfDay(start, start + timedelta(hours=3, minutes=30))]
    assert scheduling.act(actions.define_slots, CODE, half_days=half, length=timedelta(minutes=30)) == 0
    with pytest.raises(Invalid, match="重叠"):
        scheduling.act(actions.define_slots, CODE, half_days=half, length=timedelta(minutes=20))
    past = [HalfDay(scheduling.now - timedelta(hours=1), scheduling.now + timedelta(hours=1))]
    with pytest.raises(Invalid, match="已经过去"):
        scheduling.act(actions.define_slots, CODE, half_days=past, length=timedelta(minutes=30))
    scheduling.travel(start + timedelta(days=1))
    assert scheduling.act(actions.define_slots, CODE, half_days=half, length=timedelta(minutes=30)) == 0


def test_a_slot_is_removed_only_if_it_was_never_booked(scheduling):
    scheduling.enter_panels()
    scheduling.verify()
    book_all(scheduling)
    [booking] = scheduling.rows(Interview)
    with pytest.raises(Conflict, match="不能删除"):
        scheduling.act(actions.remove_slot, booking.slot_id)
    scheduling.act(actions.remove_slot, free_place(scheduling)["slot_id"])
    assert len(scheduling.rows(Slot)) == 47
    with pytest.raises(NotFound):
        scheduling.act(actions.remove_slot, uuid4())
