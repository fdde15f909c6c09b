"""FeeOverdue: published once, only if statements prove it, and by the bank's booking time, not the import's."""

from datetime import UTC, date, datetime, timedelta

from services.billing import actions
from shared.events.billing import FeeOverdue, FeePaid
from shared.persistence.models import AuditRow
from tests.billing.desk import FILED, PAY_BY, Desk, application_id
from tests.billing.money import LAST_DAY, Line, statement_of
from tests.billing.snapshots import ALPHA, FEE, code

NEXT_DAY = LAST_DAY + timedelta(days=1)
LATE = PAY_BY + timedelta(days=1)
IN_TIME = PAY_BY - timedelta(minutes=2)
FIRST_IMPORT = datetime(2021, 12, 6, 1, tzinfo=UTC)


def overdue_fees(desk: Desk) -> list[tuple[object, int]]:
    return [(event.application_id, event.paid_fen) for event in desk.published(FeeOverdue)]


def other_income(at) -> Line:
    return Line(at, "重庆某协会", 100_000, "课件制作费")


def cover_until(desk: Desk, last_day: date, *lines: Line) -> None:
    desk.now = FIRST_IMPORT
    desk.import_statement(*statement_of(other_income(FILED)))
    desk.now = LATE + timedelta(days=3)
    desk.import_statement(*statement_of(*lines, first_day=NEXT_DAY, last_day=last_day, opening_fen=100_000))


def test_an_unpaid_fee_is_overdue_once_when_statements_cover_its_deadline(desk):
    desk.handle(desk.admitted(1))
    cover_until(desk, date(2021, 12, 17), other_income(IN_TIME))
    assert overdue_fees(desk) == [(application_id(1), 0)]
    desk.tick(LATE + timedelta(days=9))
    assert len(overdue_fees(desk)) == 1


def test_the_clock_or_a_statement_before_the_deadline_proves_nothing(desk):
    desk.handle(desk.admitted(1))
    cover_until(desk, date(2021, 12, 16), other_income(IN_TIME))
    desk.tick(LATE + timedelta(days=30))
    assert overdue_fees(desk) == []


def test_a_statement_covers_nothing_after_its_upload(desk):
    desk.handle(desk.admitted(1))
    desk.now = IN_TIME + timedelta(minutes=1)
    desk.import_statement(*statement_of(other_income(FILED), last_day=date(2021, 12, 18)))
    desk.tick(LATE + timedelta(days=9))
    assert overdue_fees(desk) == []


def test_statements_that_start_after_the_application_prove_nothing(desk):
    desk.handle(desk.admitted(1))
    desk.now = LATE + timedelta(days=3)
    desk.import_statement(*statement_of(other_income(IN_TIME), first_day=NEXT_DAY, last_day=date(2021, 12, 18)))
    assert overdue_fees(desk) == []


def test_a_payment_in_time_counts_even_if_imported_later(desk):
    desk.handle(desk.admitted(1))
    cover_until(desk, date(2021, 12, 17), Line(IN_TIME, ALPHA, FEE, code(1)))
    assert overdue_fees(desk) == []
    assert [event.paid_at for event in desk.published(FeePaid)] == [IN_TIME]


def test_a_late_payment_publishes_overdue_before_paid(desk):
    desk.handle(desk.admitted(1))
    cover_until(desk, date(2021, 12, 18), Line(LATE, ALPHA, FEE, code(1)))
    assert overdue_fees(desk) == [(application_id(1), 0)]
    assert [event.paid_at for event in desk.published(FeePaid)] == [LATE]


def test_a_payment_exactly_at_the_deadline_is_late(desk):
    desk.handle(desk.admitted(1))
    cover_until(desk, date(2021, 12, 18), Line(PAY_BY, ALPHA, FEE, code(1)))
    assert overdue_fees(desk) == [(application_id(1), 0)]
    assert [event.paid_at for event in desk.published(FeePaid)] == [PAY_BY]


def test_a_fee_completed_late_is_overdue_with_the_amount_paid_in_time(desk):
    desk.handle(desk.admitted(1))
    cover_until(
        desk,
        date(2021, 12, 18),
        Line(IN_TIME, ALPHA, 2_000_000, code(1)),
        Line(LATE, ALPHA, 500_000, code(1)),
    )
    assert overdue_fees(desk) == [(application_id(1), 2_000_000)]
    assert [row.subject for row in desk.rows(AuditRow) if row.action == "say_overdue"] == [str(application_id(1))]


def test_an_open_proposal_at_the_deadline_does_not_delay_overdue(desk):
    desk.handle(desk.admitted(1))
    cover_until(desk, date(2021, 12, 18), Line(PAY_BY, "钱一鸣", FEE, "培训费"))
    assert overdue_fees(desk) == [(application_id(1), 0)]


def test_a_gap_between_statements_proves_nothing_until_it_is_filled(desk):
    desk.handle(desk.admitted(1))
    desk.now = FIRST_IMPORT
    desk.import_statement(*statement_of(other_income(FILED)))
    desk.now = LATE + timedelta(days=9)
    after = statement_of(
        other_income(LATE), first_day=date(2021, 12, 18), last_day=date(2021, 12, 23), opening_fen=100_000
    )
    desk.import_statement(*after, confirmed=True)
    desk.tick(LATE + timedelta(days=10))
    assert overdue_fees(desk) == []
    missing = statement_of(other_income(IN_TIME), first_day=NEXT_DAY, last_day=date(2021, 12, 17), opening_fen=100_000)
    desk.import_statement(*missing, confirmed=True)
    assert overdue_fees(desk) == [(application_id(1), 0)]


def test_a_partial_payment_is_overdue_with_the_amount_paid(desk):
    desk.handle(desk.admitted(1))
    cover_until(desk, date(2021, 12, 17), Line(IN_TIME, ALPHA, 1_000_000, code(1)))
    assert overdue_fees(desk) == [(application_id(1), 1_000_000)]


def test_an_open_proposal_in_time_delays_overdue_until_decided(desk):
    desk.handle(desk.admitted(1))
    cover_until(desk, date(2021, 12, 17), Line(IN_TIME, "钱一鸣", FEE, "培训费"))
    assert overdue_fees(desk) == []
    proposal = next(entry for entry in desk.entries() if entry.counterparty_name == "钱一鸣")
    desk.act(actions.ignore_entry, proposal.id, reason="同名，与报名无关")
    assert overdue_fees(desk) == [(application_id(1), 0)]


def test_a_new_deadline_can_become_overdue_again(desk):
    desk.handle(desk.admitted(1))
    cover_until(desk, date(2021, 12, 17), other_income(IN_TIME))
    desk.handle(desk.admitted(1, pay_by=PAY_BY + timedelta(days=6)))
    desk.tick(LATE + timedelta(days=9))
    assert len(overdue_fees(desk)) == 1
    desk.import_statement(
        *statement_of(
            other_income(LATE), first_day=date(2021, 12, 18), last_day=date(2021, 12, 23), opening_fen=200_000
        )
    )
    assert [event.pay_by for event in desk.published(FeeOverdue)] == [PAY_BY, PAY_BY + timedelta(days=6)]
