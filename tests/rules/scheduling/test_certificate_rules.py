"""Rules of the certificate list: eligibility, and the shortfalls of the others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.rules.certificates import (
    Eligibility,
    ScheduledLesson,
    attended_hours,
    certificate_eligibility,
)
from services.scheduling.states import Mark

BEGIN = datetime(2021, 12, 25, 4, tzinfo=UTC)
LESSONS = tuple(ScheduledLesson(f"L{n}", f"第{n + 1}课", BEGIN + timedelta(days=n), 4) for n in range(32))
AFTER = LESSONS[-1].ends_at
ALL_PRESENT = {lesson.id: Mark.PRESENT for lesson in LESSONS}


def decided(marks: dict[str, Mark], assessments: tuple[bool, ...] = (True,), *, now: datetime = AFTER) -> Eligibility:
    return certificate_eligibility(LESSONS, marks, assessments, now=now, min_hours=128)


def test_all_lessons_and_a_pass_make_a_student_eligible():
    assert decided(ALL_PRESENT) == Eligibility((), 128)
    assert decided(ALL_PRESENT).is_eligible


def test_a_made_up_lesson_counts_as_attended():
    assert decided({**ALL_PRESENT, "L3": Mark.MADE_UP}) == Eligibility((), 128)


def test_absence_and_leave_name_their_lessons_and_reduce_the_hours():
    marks = {**ALL_PRESENT, "L0": Mark.ABSENT, "L5": Mark.LEAVE, "L6": Mark.ABSENT}
    assert decided(marks) == Eligibility(("缺勤未补课 2 个半天：第1课、第7课", "请假未补课 1 个半天：第6课"), 116)


def test_a_lesson_without_a_mark_is_a_separate_shortfall():
    marks = {lesson: mark for lesson, mark in ALL_PRESENT.items() if lesson != "L31"}
    assert decided(marks).reasons == ("考勤未登记 1 个半天：第32课",)


def test_a_student_without_a_passed_assessment_is_not_eligible():
    assert decided(ALL_PRESENT, ()).reasons == ("尚未考核",)
    assert decided(ALL_PRESENT, (False,)).reasons == ("考核不合格",)


def test_a_passed_resit_replaces_the_failed_assessment():
    assert decided(ALL_PRESENT, (False, True)).is_eligible


def test_a_cancelled_lesson_blocks_certificates_until_it_is_made_up():
    lessons = (replace(LESSONS[0], cancelled=True), *LESSONS[1:])
    eligibility = certificate_eligibility(lessons, ALL_PRESENT, (True,), now=AFTER, min_hours=128)
    assert eligibility == Eligibility(("课程只有 124 课时，不足规定的 128 课时，须先补充课次",), 124)
    replaced = ScheduledLesson("extra", "补课", AFTER, 4)
    marks = {**ALL_PRESENT, "extra": Mark.PRESENT}
    assert certificate_eligibility((*lessons, replaced), marks, (True,), now=AFTER, min_hours=128).is_eligible


def test_future_lessons_are_counted_and_not_reported_as_unrecorded():
    one_hour_early = AFTER - timedelta(hours=1)
    marks = {lesson: mark for lesson, mark in ALL_PRESENT.items() if lesson != "L31"}
    assert decided(marks, now=one_hour_early).reasons == ("还有 1 个半天的课程尚未讲授",)


@given(st.dictionaries(st.sampled_from(sorted(ALL_PRESENT)), st.sampled_from(list(Mark))))
def test_a_student_with_fewer_hours_than_taught_is_never_eligible(marks: dict[str, Mark]):
    eligibility = decided(marks)
    assert eligibility.is_eligible == (attended_hours(LESSONS, marks) == 128)
