"""FeeOverdue: said once, only when statements prove it, and by the bank's time of booking, never that of the import."""

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


def said(desk: Desk) -> list[tuple[object, int]]:
    return [(one.application_id, one.paid_fen) for one in desk.said(FeeOverdue)]


def other_income(at) -> Line:
    return Line(at, "重庆某协会", 100_000, "课件制作费")


def cover_until(desk: Desk, last_day: date, *lines: Line) -> None:
    desk.now = FIRST_IMPORT
    desk.bring_in(*statement_of(other_income(FILED)))
    desk.now = LATE + timedelta(days=3)
    desk.bring_in(*statement_of(*lines, first_day=NEXT_DAY, last_day=last_day, opening_fen=100_000))


def test_an_unpaid_fee_is_overdue_once_when_statements_cover_its_deadline(desk):
    desk.say(desk.admitted(1))
    cover_until(desk, date(2021, 12, 17), other_income(IN_TIME))
    assert said(desk) == [(application_id(1), 0)]
    desk.tick(LATE + timedelta(days=9))
    assert len(said(desk)) == 1


def test_the_clock_alone_or_a_statement_that_ends_before_the_deadline_proves_nothing(desk):
    desk.say(desk.admitted(1))
    cover_until(desk, date(2021, 12, 16), other_income(IN_TIME))
    desk.tick(LATE + timedelta(days=30))
    assert said(desk) == []


def test_a_statement_made_on_its_last_day_covers_only_until_it_was_made(desk):
    desk.say(desk.admitted(1))
    desk.now = IN_TIME + timedelta(minutes=1)
    desk.bring_in(*statement_of(other_income(FILED), last_day=date(2021, 12, 18)))
    desk.tick(LATE + timedelta(days=9))
    assert said(desk) == []


def test_statements_that_begin_after_the_application_do_not_prove_that_nobody_paid(desk):
    desk.say(desk.admitted(1))
    desk.now = LATE + timedelta(days=3)
    desk.bring_in(*statement_of(other_income(IN_TIME), first_day=NEXT_DAY, last_day=date(2021, 12, 18)))
    assert said(desk) == []


def test_a_payment_in_the_last_minute_counts_although_it_is_imported_days_later(desk):
    desk.say(desk.admitted(1))
    cover_until(desk, date(2021, 12, 17), Line(IN_TIME, ALPHA, FEE, code(1)))
    assert said(desk) == []
    assert [one.paid_at for one in desk.said(FeePaid)] == [IN_TIME]


def test_a_late_payment_is_overdue_first_and_paid_then_whenever_it_is_imported(desk):
    desk.say(desk.admitted(1))
    cover_until(desk, date(2021, 12, 18), Line(LATE, ALPHA, FEE, code(1)))
    assert said(desk) == [(application_id(1), 0)]
    assert [one.paid_at for one in desk.said(FeePaid)] == [LATE]


def test_a_payment_booked_exactly_at_the_deadline_is_late_for_deadlines_are_half_open(desk):
    desk.say(desk.admitted(1))
    cover_until(desk, date(2021, 12, 18), Line(PAY_BY, ALPHA, FEE, code(1)))
    assert said(desk) == [(application_id(1), 0)]
    assert [one.paid_at for one in desk.said(FeePaid)] == [PAY_BY]


def test_a_fee_completed_late_is_overdue_with_what_had_come_in_time_and_is_on_record(desk):
    desk.say(desk.admitted(1))
    cover_until(
        desk,
        date(2021, 12, 18),
        Line(IN_TIME, ALPHA, 2_000_000, code(1)),
        Line(LATE, ALPHA, 500_000, code(1)),
    )
    assert said(desk) == [(application_id(1), 2_000_000)]
    assert [row.subject for row in desk.rows(AuditRow) if row.action == "say_overdue"] == [str(application_id(1))]


def test_an_open_proposal_of_money_that_came_at_the_deadline_holds_nothing_back(desk):
    desk.say(desk.admitted(1))
    cover_until(desk, date(2021, 12, 18), Line(PAY_BY, "钱一鸣", FEE, "培训费"))
    assert said(desk) == [(application_id(1), 0)]


def test_a_gap_between_the_statements_proves_nothing_until_its_file_is_there(desk):
    desk.say(desk.admitted(1))
    desk.now = FIRST_IMPORT
    desk.bring_in(*statement_of(other_income(FILED)))
    desk.now = LATE + timedelta(days=9)
    after = statement_of(
        other_income(LATE), first_day=date(2021, 12, 18), last_day=date(2021, 12, 23), opening_fen=100_000
    )
    desk.bring_in(*after, confirmed=True)
    desk.tick(LATE + timedelta(days=10))
    assert said(desk) == []
    missing = statement_of(other_income(IN_TIME), first_day=NEXT_DAY, last_day=date(2021, 12, 17), opening_fen=100_000)
    desk.bring_in(*missing, confirmed=True)
    assert said(desk) == [(application_id(1), 0)]


def test_a_part_payment_is_overdue_with_what_was_paid(desk):
    desk.say(desk.admitted(1))
    cover_until(desk, date(2021, 12, 17), Line(IN_TIME, ALPHA, 1_000_000, code(1)))
    assert said(desk) == [(application_id(1), 1_000_000)]


def test_money_in_an_open_proposal_is_decided_before_anything_is_overdue(desk):
    desk.say(desk.admitted(1))
    cover_until(desk, date(2021, 12, 17), Line(IN_TIME, "钱一鸣", FEE, "培训费"))
    assert said(desk) == []
    proposal = next(entry for entry in desk.entries() if entry.counterparty_name == "钱一鸣")
    desk.act(actions.ignore_entry, proposal.id, reason="同名，与报名无关")
    assert said(desk) == [(application_id(1), 0)]


def test_a_new_deadline_can_be_missed_anew(desk):
    desk.say(desk.admitted(1))
    cover_until(desk, date(2021, 12, 17), other_income(IN_TIME))
    desk.say(desk.admitted(1, pay_by=PAY_BY + timedelta(days=6)))
    desk.tick(LATE + timedelta(days=9))
    assert len(said(desk)) == 1
    desk.bring_in(
        *statement_of(
            other_income(LATE), first_day=date(2021, 12, 18), last_day=date(2021, 12, 23), opening_fen=200_000
        )
    )
    assert [one.pay_by for one in desk.said(FeeOverdue)] == [PAY_BY, PAY_BY + timedelta(days=6)]
