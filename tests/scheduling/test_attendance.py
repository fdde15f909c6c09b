"""Attendance per half-day, assessments, and missed lessons."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.demo.programme import CODE
from services.scheduling import actions
from services.scheduling.models import Assessment, Lesson
from services.scheduling.queries import course, stats
from services.scheduling.states import Mark
from shared.foundation.errors import Conflict, Invalid, NotFound
from shared.persistence.models import AuditRow
from tests.scheduling.test_roster import EVERYTHING, REPORT_DAY, pay


@pytest.fixture
def students(scheduling, plan):
    """Three registered students and a published plan; the time is the first lesson's start."""
    people = scheduling.admit(3)
    for person in people:
        pay(scheduling, person)
    scheduling.travel(REPORT_DAY)
    for person in people:
        scheduling.act(actions.register_student, person, EVERYTHING, actor="registrar01")
    scheduling.publish_plan(plan)
    scheduling.travel(datetime(2021, 12, 25, 1, tzinfo=UTC))
    return people


def lesson(scheduling, number):
    return sorted(scheduling.rows(Lesson), key=lambda row: row.starts_at)[number]


def test_attendance_is_recorded_for_the_whole_class_at_once(scheduling, students):
    marks = dict(zip(students, (Mark.PRESENT, Mark.ABSENT, Mark.LEAVE), strict=True))
    assert scheduling.act(actions.record_attendance, lesson(scheduling, 0).id, marks) == 3
    assert scheduling.act(actions.record_attendance, lesson(scheduling, 0).id, marks) == 0
    assert scheduling.ask(course.marks_of_lesson, lesson(scheduling, 0).id) == marks
    assert scheduling.ask(stats)["attendance_marks"] == 3


def test_a_correction_is_audited_with_the_old_mark(scheduling, students):
    first = lesson(scheduling, 0).id
    scheduling.act(actions.record_attendance, first, {students[0]: Mark.ABSENT})
    scheduling.act(actions.record_attendance, first, {students[0]: Mark.MADE_UP}, actor="registrar01")
    [_, correction] = scheduling.rows(AuditRow, AuditRow.action == "record_attendance")
    assert correction.actor == "registrar01"
    assert correction.details == {"recorded": 0, "corrections": {str(students[0]): ["absent", "made_up"]}}


def test_attendance_is_refused_before_the_lesson_and_after_its_cancellation(scheduling, students):
    later = lesson(scheduling, 1)
    with pytest.raises(Conflict, match="才开始"):
        scheduling.act(actions.record_attendance, later.id, {students[0]: Mark.PRESENT})
    scheduling.act(actions.cancel_lesson, later.id, "教师临时有事")
    scheduling.travel(later.starts_at)
    with pytest.raises(Conflict, match="已取消"):
        scheduling.act(actions.record_attendance, later.id, {students[0]: Mark.PRESENT})
    with pytest.raises(NotFound):
        scheduling.act(actions.record_attendance, uuid4(), {})


def test_a_lesson_with_attendance_cannot_be_cancelled(scheduling, students):
    first = lesson(scheduling, 0).id
    scheduling.act(actions.record_attendance, first, {students[0]: Mark.PRESENT})
    with pytest.raises(Conflict, match="已登记考勤"):
        scheduling.act(actions.cancel_lesson, first, "教师临时有事")


def test_unknown_students_and_unknown_marks_are_each_named(scheduling, students):
    stranger = uuid4()
    with pytest.raises(Invalid, match="2 处") as refusal:
        scheduling.act(
            actions.record_attendance, lesson(scheduling, 0).id, {stranger: Mark.PRESENT, students[0]: "asleep"}
        )
    assert [error.field for error in refusal.value.field_errors] == [f"mark-{stranger}", f"mark-{students[0]}"]
    assert scheduling.ask(stats)["attendance_marks"] == 0


def test_students_who_missed_lessons_are_listed_until_they_make_them_up(scheduling, students):
    first = lesson(scheduling, 0)
    scheduling.act(actions.record_attendance, first.id, {students[0]: Mark.ABSENT, students[1]: Mark.PRESENT})
    [missing] = scheduling.ask(course.missing_students, CODE)
    assert (missing.student.application_id, missing.hours) == (students[0], 4)
    assert [row.id for row in scheduling.ask(course.unrecorded_lessons, CODE, now=scheduling.now)] == [first.id]
    scheduling.act(actions.record_attendance, first.id, dict.fromkeys(students, Mark.MADE_UP))
    assert scheduling.ask(course.missing_students, CODE) == []
    assert scheduling.ask(course.unrecorded_lessons, CODE, now=scheduling.now) == []


def test_only_a_failed_assessment_can_be_repeated(scheduling, students):
    scheduling.act(actions.record_assessments, CODE, {students[0]: False, students[1]: True})
    scheduling.act(actions.record_assessments, CODE, {students[0]: True})
    assert scheduling.ask(course.attempts, CODE) == {students[0]: [False, True], students[1]: [True]}
    with pytest.raises(Conflict, match="已考核合格"):
        scheduling.act(actions.record_assessments, CODE, {students[1]: False})


def test_only_students_in_the_course_are_assessed(scheduling, students):
    scheduling.act(actions.drop_out, students[2], "工作调整，无法继续")
    with pytest.raises(Conflict, match="班级名单"):
        scheduling.act(actions.record_assessments, CODE, {students[0]: True, students[2]: True})
    assert scheduling.rows(Assessment) == []


def test_no_assessment_is_recorded_before_the_first_lesson(scheduling):
    with pytest.raises(Conflict, match="尚未开始"):
        scheduling.act(actions.record_assessments, CODE, {uuid4(): True})
