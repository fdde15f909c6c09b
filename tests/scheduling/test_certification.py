"""The certificate list: only students with every lesson and a pass; the others with their reasons."""

from io import BytesIO

import pytest
from openpyxl import load_workbook

from services.demo.programme import CODE
from services.scheduling import actions, documents
from services.scheduling.models import Certificate, Lesson
from services.scheduling.queries import papers, stats
from services.scheduling.states import Mark
from shared.events.scheduling import CertificateRecorded
from shared.foundation.errors import Conflict
from tests.scheduling.test_roster import EVERYTHING, REPORT_DAY, pay


@pytest.fixture
def class_of(scheduling, plan):
    """Registered students who attended every half-day of a finished course; `after(count)` returns their ids."""

    def after(count):
        people = scheduling.admit(count)
        for person in people:
            pay(scheduling, person)
        scheduling.travel(REPORT_DAY)
        for person in people:
            scheduling.act(actions.register_student, person, EVERYTHING, actor="registrar01")
        scheduling.publish_plan(plan)
        for lesson in lessons(scheduling):
            scheduling.travel(lesson.ends_at)
            scheduling.act(actions.record_attendance, lesson.id, dict.fromkeys(people, Mark.PRESENT))
        return people

    return after


def lessons(scheduling):
    return sorted(scheduling.rows(Lesson), key=lambda lesson: lesson.starts_at)


def certify(scheduling):
    scheduling.act(actions.record_certificates, CODE, actor="registrar01")
    return {row.application_id: (row.certified, row.hours, row.reasons) for row in scheduling.rows(Certificate)}


def test_only_students_with_every_lesson_and_a_pass_are_certified(scheduling, class_of):
    good, absent, made_up, failed, second_try, unassessed, gone = class_of(7)
    fifth = lessons(scheduling)[4]
    scheduling.act(actions.record_attendance, fifth.id, {absent: Mark.ABSENT, made_up: Mark.MADE_UP})
    results = {good: True, absent: True, made_up: True, failed: False, second_try: False}
    scheduling.act(actions.record_assessments, CODE, results)
    scheduling.act(actions.record_assessments, CODE, {second_try: True})
    scheduling.act(actions.drop_out, gone, "工作调整，无法继续")
    decided = certify(scheduling)
    assert {person for person, (certified, *_) in decided.items() if certified} == {good, made_up, second_try}
    assert decided[good] == (True, 128, [])
    assert decided[absent][1:] == (124, [f"缺勤未补课 1 个半天：{fifth.on:%m月%d日}上午"])
    assert decided[failed] == (False, 128, ["考核不合格"])
    assert decided[unassessed] == (False, 128, ["尚未考核"])
    assert decided[gone] == (False, 128, ["中途退学：工作调整，无法继续"])
    found = scheduling.ask(stats)
    assert (found["registered"], found["certified"], found["not_certified"]) == (7, 3, 4)


def test_a_result_is_published_again_only_if_it_changes(scheduling, class_of):
    first, second = class_of(2)
    scheduling.act(actions.record_assessments, CODE, {first: True, second: False})
    certify(scheduling)
    certify(scheduling)
    scheduling.act(actions.record_assessments, CODE, {second: True})
    certify(scheduling)
    published = [(event.application_id, event.certified) for event in scheduling.published(CertificateRecorded)]
    assert published == [(first, True), (second, False), (second, True)]


def test_certificates_are_refused_before_the_course_is_over(scheduling, plan):
    with pytest.raises(Conflict, match="尚未结束"):
        certify(scheduling)
    scheduling.publish_plan(plan)
    with pytest.raises(Conflict, match="尚未结束"):
        certify(scheduling)


def test_a_course_without_enough_hours_certifies_no_one(scheduling, plan):
    [person] = scheduling.admit()
    pay(scheduling, person)
    scheduling.travel(REPORT_DAY)
    scheduling.act(actions.register_student, person, EVERYTHING)
    scheduling.publish_plan(plan)
    [*taught, last] = lessons(scheduling)
    scheduling.act(actions.cancel_lesson, last.id, "教师临时有事")
    for lesson in taught:
        scheduling.travel(lesson.ends_at)
        scheduling.act(actions.record_attendance, lesson.id, {person: Mark.PRESENT})
    scheduling.act(actions.record_assessments, CODE, {person: True})
    [(certified, hours, reasons)] = certify(scheduling).values()
    assert (certified, hours) == (False, 124)
    assert ["124 课时" in reason and "128 课时" in reason for reason in reasons] == [True]


def test_the_lists_are_printed_and_exported_with_masked_numbers(scheduling, class_of):
    first, _ = class_of(2)
    scheduling.act(actions.record_assessments, CODE, {first: True})
    certify(scheduling)
    certified = scheduling.ask(papers.certificate_list_of, CODE, now=scheduling.now)
    missing = scheduling.ask(papers.not_certified_list_of, CODE, now=scheduling.now)
    assert documents.certificate_list(certified)[:5] == b"%PDF-"
    assert documents.not_certified_list(missing)[:5] == b"%PDF-"
    book = load_workbook(BytesIO(documents.certificate_workbook(certified, missing)))
    assert [tuple(row) for row in book["结业名单"].values][1] == (
        1,
        "学员001",
        "5****************1",
        "重庆示例001有限公司",
        128,
        "合格",
        None,
    )
    assert [tuple(row) for row in book["未结业人员"].values][1][1:] == (
        "学员002",
        "5****************2",
        "重庆示例002有限公司",
        128,
        "尚未考核",
    )
