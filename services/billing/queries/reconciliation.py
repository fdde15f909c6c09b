"""The bank account over all imported statements, for the reconciliation statement. Called by pages."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from services.billing.documents import OpenItem, Reconciliation
from services.billing.models import BankEntry, ProgrammeRow, Statement
from services.billing.queries.stats import stats
from services.billing.rules.statements.entries import Direction
from services.billing.states import EntryState, StatementState
from shared.events.intake import Programme
from shared.foundation.clock import local
from shared.foundation.errors import Conflict


def reconciliation(session: Session, *, now: datetime) -> Reconciliation:
    """Return the bank's side from stats.py, and every open receipt. Raises Conflict before the first import."""
    imported = select(Statement).where(Statement.state == StatementState.IMPORTED)
    rows = session.exec(imported.order_by(col(Statement.covers_from))).all()
    if not rows:
        raise Conflict("还没有导入对账单，无法编制对账调节表。", code="nothing-imported")
    programme = Programme.model_validate(session.get_one(ProgrammeRow, rows[-1].programme).data)
    found = stats(session)
    return Reconciliation(
        programme=programme.title,
        institution=programme.institution,
        account_number="、".join(sorted({row.account_number for row in rows})),
        starts_on=local(rows[0].covers_from).date(),
        ends_on=local(max(row.covers_to for row in rows) - timedelta(microseconds=1)).date(),
        opening_fen=found["opening_fen"],
        applied_fen=found["applied_fen"],
        unapplied_fen=found["unapplied_fen"],
        unmatched_fen=found["unmatched_fen"],
        ignored_fen=found["ignored_fen"],
        refunds_fen=found["refunds_sent_fen"],
        reversals_fen=found["reversals_fen"],
        other_debits_fen=found["other_debits_fen"],
        closing_fen=found["closing_fen"],
        open_items=_open_items(session),
        now=now,
    )


def _open_items(session: Session) -> tuple[OpenItem, ...]:
    waiting = select(BankEntry).where(BankEntry.state == EntryState.OPEN, BankEntry.direction == Direction.CREDIT)
    return tuple(
        OpenItem(local(row.booked_at).date(), row.counterparty_name or "（未注明）", row.amount_fen, row.reason)
        for row in session.exec(waiting.order_by(col(BankEntry.booked_at))).all()
    )
