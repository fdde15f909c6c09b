"""Actors of a world: billing's staff, the paying firms, and the bank that issues the statements.

Each actor reads the current rows, takes at most one action and returns whether it did.
"""

from datetime import UTC, date, datetime, time, timedelta

from sqlmodel import col

from services.billing import actions
from services.billing.models import BankEntry, FeeAccount, Invoice, Refund, Statement
from services.billing.queries.balances import entries_with_unapplied
from services.billing.states import AccountState, EntryState, InvoiceState, RedReason, RefundState, StatementState
from tests.billing.money import Line, statement_of
from tests.simulation.stage import Stage

PERIODS = (
    (date(2021, 11, 22), date(2021, 12, 17)),
    (date(2021, 12, 18), date(2021, 12, 23)),
    (date(2021, 12, 24), date(2021, 12, 31)),
    (date(2022, 1, 1), date(2022, 1, 31)),
)
OPENING_FEN = 1_000_000


def importer(stage: Stage) -> bool:
    """Upload or import the statement of the next ended period, unless an import is running."""
    known = sorted(stage.rows("billing", Statement), key=lambda row: row.covers_from)
    if any(row.state == StatementState.IMPORTING for row in known):
        return False
    tools = stage.services["billing"].process.tools
    for row in known:
        if row.state == StatementState.READ:
            options = {"confirmed": True, "keys": tools.keys, "files": tools.files, "sandbox": tools.sandbox}
            return stage.act("billing", actions.import_statement, row.id, **options, actor="finance01")
    if len(known) == len(PERIODS) or stage.clock.now() < _end(PERIODS[len(known)][1]):
        return False
    number = len(known)
    opening = known[-1].closing_fen if known else OPENING_FEN
    first, last = PERIODS[number]
    file, name = statement_of(*_lines(stage, number), first_day=first, last_day=last, opening_fen=opening or 0)
    period = {"filename": name, "first_day": first, "last_day": last, "programme": ""}
    return stage.act(
        "billing", actions.upload_statement, file, **period, actor="finance01", files=tools.files, sandbox=tools.sandbox
    )


def _end(day: date) -> datetime:
    return datetime.combine(day, time(16), UTC)


def _lines(stage: Stage, number: int) -> list[Line]:
    """Return the bank's entries of the period: a bank fee, the payments of firms, and the approved refunds."""
    start = datetime.combine(PERIODS[number][0], time(2), UTC)
    lines = [Line(start, "", -1_000, "手续费")]
    for account in sorted(stage.rows("billing", FeeAccount), key=lambda row: row.application_no):
        lines += _payments(stage, account, number, start + timedelta(days=3))
    for refund in sorted(
        stage.rows("billing", Refund, Refund.state == RefundState.APPROVED), key=lambda row: row.number
    ):
        lines.append(Line(start + timedelta(days=1), refund.payee_name, -refund.amount_fen, f"退费{refund.number}"))
    return [_at(line, minute) for minute, line in enumerate(sorted(lines, key=lambda line: line.at))]


def _at(line: Line, minute: int) -> Line:
    return Line(line.at + timedelta(minutes=minute), line.party, line.amount_fen, line.remark)


def _payments(stage: Stage, account: FeeAccount, number: int, at: datetime) -> list[Line]:
    """Return the firm's payments in the period: early, in time, late or none; in full, in parts or twice."""
    key = account.application_no
    if account.paid_at or not _pays(stage, account, number):
        return []
    code, fen = account.reference, account.expected_fen
    if stage.chance(f"in parts {key}", 0.2):
        return [Line(at, account.firm_name, fen // 5, code), Line(at, account.firm_name, fen - fen // 5, code)]
    times = 2 if stage.chance(f"twice {key}", 0.15) else 1
    payer = account.student_name if stage.chance(f"by the student {key}", 0.15) else account.firm_name
    return [Line(at + timedelta(hours=turn), payer, fen, f"{code}培训费") for turn in range(times)]


def _pays(stage: Stage, account: FeeAccount, number: int) -> bool:
    key = account.application_no
    if stage.chance(f"never {key}", 0.12):
        return False
    late = stage.chance(f"late {key}", 0.2)
    if number == 0 and stage.chance(f"early {key}", 0.4):
        return True
    if account.state == AccountState.DUE:
        return not (late and number == 0)
    return late and account.overdue_at is not None and number < len(PERIODS) - 1


def bookkeeper(stage: Stage) -> bool:
    """Resolve entries that the rules left open, propose refunds of overpayments, and record payer statements."""
    entries = stage.rows("billing", BankEntry, BankEntry.state == EntryState.OPEN)
    for entry in entries:
        if stage.act("billing", actions.confirm_proposals, [entry.id], actor="finance01"):
            return True
        if stage.act("billing", actions.ignore_entry, entry.id, reason="与缴费无关", actor="finance01"):
            return True
    for entry_id in stage.run_query("billing", entries_with_unapplied):
        fields = {"reason": "多汇款项", "actor": "finance01"}
        return stage.act("billing", actions.propose_refund_of_entry, entry_id, **fields)
    waiting = (Invoice.state == InvoiceState.REQUESTED, col(Invoice.payer_is_buyer).is_(False))
    for invoice in stage.rows(
        "billing", Invoice, *waiting, Invoice.payer_statement == "", col(Invoice.corrects_id).is_(None)
    ):
        return stage.act("billing", actions.keep_payer_statement, invoice.id, "代付说明已收", actor="finance01")
    return False


def checker(stage: Stage) -> bool:
    """Approve refunds as a second person."""
    proposed = stage.rows("billing", Refund, Refund.state == RefundState.PROPOSED)
    return stage.act_on_any(
        proposed, lambda row: stage.act("billing", actions.approve_refunds, [row.id], actor="finance02")
    )


def accountant(stage: Stage) -> bool:
    """Confirm the red-letter invoices of ended fees."""
    for invoice in stage.rows("billing", Invoice, Invoice.state == InvoiceState.PROPOSED):
        return stage.act("billing", actions.confirm_red_letter, invoice.id, RedReason.SERVICE_ENDED, actor="finance01")
    return False
