"""The roster: seats, payments, registration and departures."""

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
    scheduling.handle(event)


def reverse(scheduling, person):
    event = FeePaymentReversed(application_id=person, programme=CODE, paid_fen=0, reversed_at=scheduling.now)
    scheduling.handle(event)


def release(scheduling, person, reason="lapsed"):
    event = SeatReleased(application_id=person, programme=CODE, reason=reason, released_at=scheduling.now)
    scheduling.handle(event)


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


def test_a_repeated_admission_adds_a_student_once(scheduling):
    [person] = scheduling.admit()
    scheduling.handle(admission(scheduling, person, 1))
    assert [(row.state, row.paid, row.rank) for row in scheduling.rows(Student)] == [("expected", False, 1)]


def test_a_payment_before_the_admission_counts(scheduling):
    person = uuid4()
    pay(scheduling, person)
    scheduling.handle(admission(scheduling, person, 7))
    assert student(scheduling, person).paid is True


def test_a_reversed_payment_is_no_longer_a_payment(scheduling):
    [person] = scheduling.admit()
    pay(scheduling, person)
    reverse(scheduling, person)
    assert student(scheduling, person).paid is False
    assert [(row.paid, row.paid_fen) for row in scheduling.rows(Fee)] == [(False, 0)]


def test_a_released_seat_leaves_the_roster_and_can_be_held_again(scheduling):
    [person] = scheduling.admit()
    release(scheduling, person)
    release(scheduling, person)
    assert (student(scheduling, person).state, scheduling.ask(stats)["roster"]) == (StudentState.RELEASED, 0)
    scheduling.handle(admission(scheduling, person, 3))
    assert (student(scheduling, person).state, student(scheduling, person).rank) == (StudentState.EXPECTED, 3)


def test_a_released_seat_of_an_unknown_person_changes_nothing(scheduling):
    release(scheduling, uuid4())
    assert scheduling.rows(Student) == []


def test_a_complete_check_in_is_registered_and_published_once(scheduling):
    [person] = scheduling.admit()
    pay(scheduling, person)
    scheduling.travel(REPORT_DAY)
    for _ in range(2):
        scheduling.act(actions.register_student, person, EVERYTHING, actor="registrar01")
    assert student(scheduling, person).state == StudentState.REGISTERED
    assert [event.application_id for event in scheduling.published(StudentRegistered)] == [person]


def test_no_one_is_registered_before_the_report_day_in_china(scheduling):
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
def test_the_refusal_names_each_missing_item(scheduling, brought, paid, missing):
    [person] = scheduling.admit()
    if paid:
        pay(scheduling, person)
    scheduling.travel(REPORT_DAY)
    with pytest.raises(Invalid, match="材料不齐") as refusal:
        scheduling.act(actions.register_student, person, brought)
    assert [error.field for error in refusal.value.field_errors] == missing
    assert student(scheduling, person).state == StudentState.EXPECTED


def test_a_person_without_a_seat_cannot_be_registered(scheduling):
    [person] = scheduling.admit()
    release(scheduling, person)
    scheduling.travel(REPORT_DAY)
    with pytest.raises(Conflict, match="名额已释放"):
        scheduling.act(actions.register_student, person, EVERYTHING)
    with pytest.raises(NotFound):
        scheduling.act(actions.register_student, uuid4(), EVERYTHING)


def test_an_unpaid_student_is_registered_with_a_confirmed_waiver(scheduling):
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


def test_the_full_id_number_needs_a_reason_and_each_access_is_audited(scheduling):
    [person] = scheduling.admit()
    keys = scheduling.process.tools.keys
    with pytest.raises(Invalid, match="理由"):
        scheduling.act(actions.view_identity, person, "", keys=keys)
    shown = scheduling.act(actions.view_identity, person, "报到核对证件", actor="registrar01", keys=keys)
    assert shown == "500103197803070001"
    looks = scheduling.rows(AuditRow, AuditRow.action == "view_identity")
    assert [(row.actor, row.details) for row in looks] == [("registrar01", {"reason": "报到核对证件"})]


def test_rows_and_events_contain_no_plain_sensitive_values(scheduling):
    [person] = scheduling.admit()
    pay(scheduling, person)
    scheduling.travel(REPORT_DAY)
    scheduling.act(actions.register_student, person, EVERYTHING)
    kept = str(scheduling.rows(Student)) + str(scheduling.rows(OutboxRow)) + str(scheduling.rows(AuditRow))
    assert [secret for secret in ("500103197803070001", "13800138000", "student1@") if secret in kept] == []


def test_a_release_after_the_registration_removes_the_student(scheduling):
    [person] = scheduling.admit()
    pay(scheduling, person)
    scheduling.travel(REPORT_DAY)
    scheduling.act(actions.register_student, person, EVERYTHING)
    release(scheduling, person, "withdrawn")
    found = scheduling.ask(stats)
    assert (found["roster"], found["registered"]) == (0, 0)
