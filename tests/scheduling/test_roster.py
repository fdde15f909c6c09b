"""The roster: who holds a seat, who has paid, who may be registered and who leaves."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.demo.programme import CODE
from services.scheduling import actions
from services.scheduling.models import Fee, Student
from services.scheduling.queries import stats
from services.scheduling.rules.registration import Brought
from services.scheduling.states import StudentState
from shared.events.billing import FeePaid, FeePaymentReversed
from shared.events.review import SeatReleased, StudentAdmitted
from shared.events.scheduling import StudentRegistered
from shared.foundation.errors import Conflict, Invalid, NotFound
from shared.persistence.models import AuditRow, OutboxRow
from tests.scheduling.conftest import PROGRAMME

REPORT_DAY = datetime(2021, 12, 23, 16, tzinfo=UTC)
EVERYTHING = Brought(original_form=True, two_photos=True, identity_seen=True)


def pay(scheduling, person):
    event = FeePaid(application_id=person, programme=CODE, paid_fen=2_500_000, paid_at=scheduling.now)
    scheduling.hear(event)


def reverse(scheduling, person):
    event = FeePaymentReversed(application_id=person, programme=CODE, paid_fen=0, reversed_at=scheduling.now)
    scheduling.hear(event)


def release(scheduling, person, reason="lapsed"):
    event = SeatReleased(application_id=person, programme=CODE, reason=reason, released_at=scheduling.now)
    scheduling.hear(event)


def student(scheduling, person):
    return scheduling.rows(Student, Student.application_id == person)[0]


def admission(scheduling, person, rank):
    return StudentAdmitted(
        application_id=person,
        programme=CODE,
        programme_version=1,
        letter_no=f"领军培〔2021〕{rank}号",
        rank=rank,
        promoted=True,
        admitted_at=scheduling.now,
        pay_by=PROGRAMME.pay_by,
        candidate=scheduling.candidate(rank),
    )


def test_an_admitted_person_is_expected_once_however_often_it_is_heard(scheduling):
    [person] = scheduling.admit()
    scheduling.hear(admission(scheduling, person, 1))
    assert [(row.state, row.paid, row.rank) for row in scheduling.rows(Student)] == [("expected", False, 1)]


def test_money_that_came_before_the_admission_counts(scheduling):
    person = uuid4()
    pay(scheduling, person)
    scheduling.hear(admission(scheduling, person, 7))
    assert student(scheduling, person).paid is True


def test_a_reversed_payment_is_no_longer_a_payment(scheduling):
    [person] = scheduling.admit()
    pay(scheduling, person)
    reverse(scheduling, person)
    assert student(scheduling, person).paid is False
    assert [(row.paid, row.paid_fen) for row in scheduling.rows(Fee)] == [(False, 0)]


def test_a_released_seat_is_off_the_roster_and_may_be_held_again(scheduling):
    [person] = scheduling.admit()
    release(scheduling, person)
    release(scheduling, person)
    assert (student(scheduling, person).state, scheduling.ask(stats)["roster"]) == (StudentState.RELEASED, 0)
    scheduling.hear(admission(scheduling, person, 3))
    assert (student(scheduling, person).state, student(scheduling, person).rank) == (StudentState.EXPECTED, 3)


def test_a_released_seat_of_somebody_unknown_changes_nothing(scheduling):
    release(scheduling, uuid4())
    assert scheduling.rows(Student) == []


def test_who_brings_everything_is_registered_and_said_once(scheduling):
    [person] = scheduling.admit()
    pay(scheduling, person)
    scheduling.travel(REPORT_DAY)
    for _ in range(2):
        scheduling.act(actions.register_student, person, EVERYTHING, actor="registrar01")
    assert student(scheduling, person).state == StudentState.REGISTERED
    assert [event.application_id for event in scheduling.said(StudentRegistered)] == [person]


def test_nobody_is_registered_before_the_day_in_china_on_which_students_report(scheduling):
    [person] = scheduling.admit()
    pay(scheduling, person)
    scheduling.travel(datetime(2021, 12, 23, 15, 59, tzinfo=UTC))
    with pytest.raises(Conflict, match="2021年12月24日"):
        scheduling.act(actions.register_student, person, EVERYTHING)


@pytest.mark.parametrize(
    ("brought", "paid", "missing"),
    [
        (Brought(False, True, True), True, ["original_form"]),
        (Brought(True, False, True), True, ["two_photos"]),
        (Brought(True, True, False), True, ["identity_seen"]),
        (Brought(True, True, True), False, ["paid"]),
        (Brought(False, False, False), False, ["original_form", "two_photos", "identity_seen", "paid"]),
    ],
)
def test_each_missing_item_is_named_in_the_refusal(scheduling, brought, paid, missing):
    [person] = scheduling.admit()
    if paid:
        pay(scheduling, person)
    scheduling.travel(REPORT_DAY)
    with pytest.raises(Invalid, match="材料不齐") as refusal:
        scheduling.act(actions.register_student, person, brought)
    assert [fault.field for fault in refusal.value.faults] == missing
    assert student(scheduling, person).state == StudentState.EXPECTED


def test_who_holds_no_seat_cannot_be_registered(scheduling):
    [person] = scheduling.admit()
    release(scheduling, person)
    scheduling.travel(REPORT_DAY)
    with pytest.raises(Conflict, match="名额已释放"):
        scheduling.act(actions.register_student, person, EVERYTHING)
    with pytest.raises(NotFound):
        scheduling.act(actions.register_student, uuid4(), EVERYTHING)


def test_an_unpaid_person_is_registered_when_two_people_agreed_to_wait_for_the_money(scheduling):
    [person] = scheduling.admit()
    scheduling.travel(REPORT_DAY)
    scheduling.act(actions.request_fee_waiver, person, "银行系统升级，款项次日到账", actor="registrar01")
    with pytest.raises(Invalid, match="材料不齐"):
        scheduling.act(actions.register_student, person, EVERYTHING, actor="registrar01")
    with pytest.raises(Conflict, match="另一位"):
        scheduling.act(actions.confirm_fee_waiver, person, actor="registrar01")
    scheduling.act(actions.confirm_fee_waiver, person, actor="schedule01")
    scheduling.act(actions.register_student, person, EVERYTHING, actor="registrar01")
    assert student(scheduling, person).state == StudentState.REGISTERED


def test_a_waiver_needs_a_reason_an_unpaid_student_and_a_request(scheduling):
    [person] = scheduling.admit()
    with pytest.raises(Conflict, match="没有待确认"):
        scheduling.act(actions.confirm_fee_waiver, person)
    with pytest.raises(Invalid, match="理由"):
        scheduling.act(actions.request_fee_waiver, person, " 无 ")
    pay(scheduling, person)
    with pytest.raises(Conflict, match="无需缓缴"):
        scheduling.act(actions.request_fee_waiver, person, "款项次日到账")


def test_the_full_identity_number_is_shown_for_a_reason_and_each_look_is_audited(scheduling):
    [person] = scheduling.admit()
    keys = scheduling.process.tools.keys
    with pytest.raises(Invalid, match="理由"):
        scheduling.act(actions.view_identity, person, "", keys=keys)
    shown = scheduling.act(actions.view_identity, person, "报到核对证件", actor="registrar01", keys=keys)
    assert shown == "500103197803070001"
    looks = scheduling.rows(AuditRow, AuditRow.action == "view_identity")
    assert [(row.actor, row.details) for row in looks] == [("registrar01", {"reason": "报到核对证件"})]


def test_no_sensitive_value_stands_in_clear_in_the_rows_or_the_events(scheduling):
    [person] = scheduling.admit()
    pay(scheduling, person)
    scheduling.travel(REPORT_DAY)
    scheduling.act(actions.register_student, person, EVERYTHING)
    kept = str(scheduling.rows(Student)) + str(scheduling.rows(OutboxRow)) + str(scheduling.rows(AuditRow))
    assert [secret for secret in ("500103197803070001", "13800138000", "student1@") if secret in kept] == []


def test_a_release_that_crosses_the_registration_takes_the_person_off_the_roster(scheduling):
    [person] = scheduling.admit()
    pay(scheduling, person)
    scheduling.travel(REPORT_DAY)
    scheduling.act(actions.register_student, person, EVERYTHING)
    release(scheduling, person, "withdrawn")
    found = scheduling.ask(stats)
    assert (found["roster"], found["registered"]) == (0, 0)
