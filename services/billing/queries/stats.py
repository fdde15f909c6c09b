"""Billing's stats, for the closing summary and the front page. Amounts are fen.

The bank's side, of completely imported statements:
- opening_fen, closing_fen: the opening balance of the first statement and the closing balance of the last one, summed
  over the own accounts. If a bank prints none: zero, and the movements. credits_fen, debits_fen: the amounts of the
  entries without duplicates. If no statement is missing, opening + credits - debits = closing.
- The credits, by their ledger account: applied_fen to fees, or to refunds that the bank returned; unapplied_fen money
  of a known payer that pays nothing; unmatched_fen still in suspense; ignored_fen other income, reversed bank fees, and
  receipts that the bank reversed before they were decided. Together they are the credits.
- The debits: refunds_sent_fen against approved refunds; reversals_fen receipts that the bank reversed; other_debits_fen
  bank fees, other payments and debits still in suspense. Together they are the debits. A later refund or reversal does
  not change the booking of a receipt: both sides are gross.
- ledger_sum_fen: the sum of all postings, always 0.

The fees: seats_due accounts whose fee is due now; total_due_fen their whole fee (notice, clause 4) by the programme's
lines; central_fen and municipal_fen from the subsidy claims, self_fen from the accounts; self_paid_fen the payments for
them. refunds_* count rows by their present state. invoices_issued counts invoices with a number, even if a red letter
has cancelled them; invoices_requested these, those in progress, and those to request while a seat is held and paid;
invoiced_fen the amount of issued invoices after red letters, of seats that are held and paid. documents_sent counts
those sent of the three documents due to each of these people, each once; red_letters_sent beside red_letters_issued.
open_work_items: open entries, receipts with unapplied money that no refund claims, incomplete or failed invoices, and
red letters to confirm.
"""

from collections import defaultdict
from typing import Any

from sqlmodel import Session, col, func, select

from services.billing.models import (
    BankEntry,
    Document,
    FeeAccount,
    Invoice,
    LedgerTransaction,
    Posting,
    ProgrammeRow,
    Refund,
    Statement,
    SubsidyLine,
)
from services.billing.queries.balances import balances_by_application, entries_with_unapplied
from services.billing.queries.invoices import NEEDS_FINANCE
from services.billing.rules.statements.entries import Direction
from services.billing.states import (
    AccountState,
    DocumentKind,
    EntryState,
    InvoiceState,
    LedgerAccount,
    RefundState,
    StatementState,
    TransactionKind,
)
from shared.events.intake import Programme

_L = LedgerAccount
_BANK_SIDE = (TransactionKind.ARRIVAL, TransactionKind.DECISION, TransactionKind.UNDO)


def stats(session: Session) -> dict[str, int]:
    """Return all stats, by the names in the module's docstring."""
    return (
        _balances(session)
        | _movements(session)
        | _bookings(session)
        | _fees(session)
        | _documents(session)
        | {"ledger_sum_fen": int(session.exec(select(func.coalesce(func.sum(Posting.fen), 0))).one())}
        | {"open_work_items": open_work_items(session)}
    )


def _balances(session: Session) -> dict[str, int]:
    imported = select(Statement).where(Statement.state == StatementState.IMPORTED)
    chains: dict[str, list[Statement]] = defaultdict(list)
    for row in session.exec(imported.order_by(col(Statement.covers_from), col(Statement.covers_to))).all():
        chains[row.account_number].append(row)
    opening = sum(rows[0].opening_fen or 0 for rows in chains.values())
    closing = 0
    for rows in chains.values():
        last = max(rows, key=lambda row: row.covers_to)
        closing += _moved(session, rows) if last.closing_fen is None else last.closing_fen
    return {"opening_fen": opening, "closing_fen": closing}


def _moved(session: Session, rows: list[Statement]) -> int:
    """Return the first opening plus all movements, if no balance is printed."""
    totals = _totals(session, col(BankEntry.statement_id).in_([row.id for row in rows]))
    return (rows[0].opening_fen or 0) + totals[Direction.CREDIT] - totals[Direction.DEBIT]


def _movements(session: Session) -> dict[str, int]:
    imported = select(Statement.id).where(Statement.state == StatementState.IMPORTED)
    totals = _totals(session, col(BankEntry.statement_id).in_(imported))
    return {"credits_fen": totals[Direction.CREDIT], "debits_fen": totals[Direction.DEBIT]}


def _totals(session: Session, where: Any) -> dict[str, int]:
    sums = (
        select(BankEntry.direction, func.sum(BankEntry.amount_fen))
        .where(where, BankEntry.state != EntryState.DUPLICATE)
        .group_by(BankEntry.direction)
    )
    found = dict(session.exec(sums).all())
    return {str(direction): int(found.get(direction, 0)) for direction in Direction}


def _bookings(session: Session) -> dict[str, int]:
    """Sum the postings of the bank's side, by the direction of their entry and the account."""
    sums = (
        select(BankEntry.direction, Posting.account, func.sum(Posting.fen))
        .join(BankEntry, col(BankEntry.id) == col(Posting.entry_id))
        .join(LedgerTransaction, col(LedgerTransaction.id) == col(Posting.transaction_id))
        .join(Statement, col(Statement.id) == col(BankEntry.statement_id))
        .where(col(LedgerTransaction.kind).in_(_BANK_SIDE), Statement.state == StatementState.IMPORTED)
        .group_by(BankEntry.direction, Posting.account)
    )
    found: dict[tuple[str, str], int] = defaultdict(int)
    for direction, account, fen in session.exec(sums).all():
        found[direction, account] = int(fen)

    def received(*accounts: LedgerAccount) -> int:
        return -sum(found[Direction.CREDIT, account] for account in accounts)

    def paid_out(*accounts: LedgerAccount) -> int:
        return sum(found[Direction.DEBIT, account] for account in accounts)

    return {
        "applied_fen": received(_L.FEE, _L.REFUNDS_PAYABLE),
        "unapplied_fen": received(_L.UNAPPLIED),
        "unmatched_fen": received(_L.SUSPENSE),
        "ignored_fen": received(_L.OTHER_INCOME, _L.BANK_FEES, _L.REVERSED),
        "refunds_sent_fen": paid_out(_L.REFUNDS_PAYABLE),
        "reversals_fen": paid_out(_L.FEE, _L.UNAPPLIED, _L.OTHER_INCOME, _L.REVERSED),
        "other_debits_fen": paid_out(_L.BANK_FEES, _L.SUSPENSE),
    }


def _fees(session: Session) -> dict[str, int]:
    due = session.exec(select(FeeAccount).where(FeeAccount.state == AccountState.DUE)).all()
    programmes = {row.code: Programme.model_validate(row.data) for row in session.exec(select(ProgrammeRow)).all()}
    whole = {code: sum(line.amount_fen for line in programme.fee_lines) for code, programme in programmes.items()}
    claims = select(SubsidyLine.code, func.sum(SubsidyLine.amount_fen)).where(col(SubsidyLine.cancelled).is_(False))
    subsidies = dict(session.exec(claims.group_by(SubsidyLine.code)).all())
    paid = balances_by_application(session, LedgerAccount.FEE)
    return {
        "seats_due": len(due),
        "total_due_fen": sum(whole[row.programme] for row in due),
        "central_fen": int(subsidies.get("central", 0)),
        "municipal_fen": int(subsidies.get("municipal", 0)),
        "self_fen": sum(row.expected_fen for row in due),
        "self_paid_fen": sum(paid.get(row.application_id, 0) for row in due),
    }


def _documents(session: Session) -> dict[str, int]:
    issued = (
        select(col(Invoice.corrects_id).is_not(None), func.count())
        .where(Invoice.state == InvoiceState.ISSUED)
        .group_by(col(Invoice.corrects_id).is_not(None))
    )
    issued_red = {bool(is_red): count for is_red, count in session.exec(issued).all()}
    refunds = dict(session.exec(select(Refund.state, func.count()).group_by(Refund.state)).all())
    sent_of_kind = select(Document.kind, func.count()).where(col(Document.sent_at).is_not(None)).group_by(Document.kind)
    sent = dict(session.exec(sent_of_kind).all())
    is_payable = (col(FeeAccount.state) == AccountState.DUE) & col(FeeAccount.paid_at).is_not(None)
    owed = (
        select(Document.application_id, Document.kind)
        .join(FeeAccount, col(FeeAccount.application_id) == col(Document.application_id))
        .where(col(Document.sent_at).is_not(None), Document.kind != DocumentKind.RED_LETTER, is_payable)
    )
    stated = (
        select(col(Invoice.corrects_id).is_not(None), func.sum(Invoice.amount_fen))
        .join(FeeAccount, col(FeeAccount.application_id) == col(Invoice.application_id))
        .where(Invoice.state == InvoiceState.ISSUED, is_payable)
        .group_by(col(Invoice.corrects_id).is_not(None))
    )
    stated_fen = {bool(is_red): int(fen) for is_red, fen in session.exec(stated).all()}
    was_taken = col(Invoice.state).in_((InvoiceState.SUBMITTED, InvoiceState.ISSUED, InvoiceState.FAILED))
    asked_for = (
        select(func.count())
        .select_from(Invoice)
        .join(FeeAccount, col(FeeAccount.application_id) == col(Invoice.application_id))
        .where(
            col(Invoice.corrects_id).is_(None),
            was_taken | ((col(Invoice.state) == InvoiceState.REQUESTED) & is_payable),
        )
    )
    return {
        "invoices_requested": session.exec(asked_for).one(),
        "invoices_issued": issued_red.get(False, 0),
        "red_letters_issued": issued_red.get(True, 0),
        "receipts_sent": sent.get(DocumentKind.RECEIPT, 0),
        "red_letters_sent": sent.get(DocumentKind.RED_LETTER, 0),
        "documents_sent": len(session.exec(owed.distinct()).all()),
        "invoiced_fen": stated_fen.get(False, 0) - stated_fen.get(True, 0),
        "refunds_proposed": refunds.get(RefundState.PROPOSED, 0),
        "refunds_approved": refunds.get(RefundState.APPROVED, 0),
        "refunds_sent": refunds.get(RefundState.SENT, 0),
    }


def open_work_items(session: Session) -> int:
    """Count the work items of finance, without refunds to approve."""
    entries = session.exec(select(func.count()).select_from(BankEntry).where(BankEntry.state == EntryState.OPEN)).one()
    invoices = session.exec(select(func.count()).select_from(Invoice).where(NEEDS_FINANCE)).one()
    return entries + len(entries_with_unapplied(session)) + invoices
