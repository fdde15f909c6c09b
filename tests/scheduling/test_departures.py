"""Drop-outs: published once and at once, with the hours attended."""

import pytest

from services.demo.programme import CODE
from services.scheduling import actions
from services.scheduling.models import Certificate, Lesson, Student
from services.scheduling.queries import stats
from services.scheduling.states import Mark, StudentState
from shared.events.scheduling import CertificateRecorded
from shared.foundation.errors import Conflict, Invalid
from tests.scheduling.test_roster import EVERYTHING, REPORT_DAY, pay, release, student

REASON = "工作调整，无法继续"
LEFT = (f"中途退学：{REASON}",)
LEFT_BY_COMMITTEE = ("中途退学：评审委员会办理退学",)


@pytest.fixture
def person(scheduling):
    """A registered student."""
    [found] = scheduling.admit()
    pay(scheduling, found)
    scheduling.travel(REPORT_DAY)
    scheduling.act(actions.register_student, found, EVERYTHING, actor="registrar01")
    return found


def published(scheduling):
    return [(event.certified, event.hours, event.reasons) for event in scheduling.published(CertificateRecorded)]


def attend(scheduling, person, count=None):
    lessons = sorted(scheduling.rows(Lesson), key=lambda lesson: lesson.starts_at)
    for lesson in lessons[:count]:
        scheduling.travel(lesson.ends_at)
        scheduling.act(actions.record_attendance, lesson.id, {person: Mark.PRESENT})


def counted(scheduling):
    found = scheduling.ask(stats)
    return {name: found[name] for name in ("roster", "registered", "dropped_out", "not_certified")}


def test_a_drop_out_needs_a_registered_student_and_a_reason(scheduling):
    [expected] = scheduling.admit()
    with pytest.raises(Conflict, match="待报到"):
        scheduling.act(actions.drop_out, expected, REASON)
    with pytest.raises(Invalid, match="理由"):
        scheduling.act(actions.drop_out, expected, "")


def test_a_drop_out_is_published_at_once_and_keeps_the_seat(scheduling, person, plan):
    scheduling.publish_plan(plan)
    attend(scheduling, person, 3)
    scheduling.act(actions.drop_out, person, REASON)
    assert published(scheduling) == [(False, 12, LEFT)]
    assert counted(scheduling) == {"roster": 1, "registered": 1, "dropped_out": 1, "not_certified": 1}
    with pytest.raises(Conflict, match="已退学"):
        scheduling.act(actions.drop_out, person, REASON)


def test_the_end_of_the_course_publishes_nothing_new_for_a_drop_out(scheduling, plan):
    first, second = scheduling.admit(2)
    for one in (first, second):
        pay(scheduling, one)
    scheduling.travel(REPORT_DAY)
    for one in (first, second):
        scheduling.act(actions.register_student, one, EVERYTHING)
    scheduling.act(actions.drop_out, first, REASON)
    scheduling.publish_plan(plan)
    attend(scheduling, second)
    scheduling.act(actions.record_assessments, CODE, {second: True})
    scheduling.act(actions.record_certificates, CODE)
    assert published(scheduling) == [(False, 0, LEFT), (True, 128, ())]


def test_a_seat_released_after_the_drop_out_keeps_the_record(scheduling, person):
    scheduling.act(actions.drop_out, person, REASON)
    release(scheduling, person, "dropped_out")
    release(scheduling, person, "dropped_out")
    assert (student(scheduling, person).state, student(scheduling, person).drop_out_reason) == ("released", REASON)
    assert published(scheduling) == [(False, 0, LEFT)]
    assert counted(scheduling) == {"roster": 0, "registered": 1, "dropped_out": 1, "not_certified": 1}


def test_a_drop_out_recorded_by_review_ends_the_course_too(scheduling, person):
    release(scheduling, person, "dropped_out")
    release(scheduling, person, "dropped_out")
    assert published(scheduling) == [(False, 0, LEFT_BY_COMMITTEE)]
    assert counted(scheduling) == {"roster": 0, "registered": 1, "dropped_out": 1, "not_certified": 1}
    with pytest.raises(Conflict):
        scheduling.act(actions.drop_out, person, REASON)


def test_a_lapsed_or_withdrawn_seat_is_no_drop_out(scheduling, person):
    release(scheduling, person, "withdrawn")
    assert (published(scheduling), counted(scheduling)["dropped_out"]) == ([], 0)


def test_a_certified_student_cannot_drop_out(scheduling, person, plan):
    scheduling.publish_plan(plan)
    attend(scheduling, person)
    scheduling.act(actions.record_assessments, CODE, {person: True})
    scheduling.act(actions.record_certificates, CODE)
    with pytest.raises(Conflict, match="已认定结业"):
        scheduling.act(actions.drop_out, person, REASON)
    release(scheduling, person, "dropped_out")
    assert [row.certified for row in scheduling.rows(Certificate)] == [True]
    assert [row.state for row in scheduling.rows(Student)] == [StudentState.RELEASED]
    assert len(published(scheduling)) == 1
