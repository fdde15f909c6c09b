"""Posting to the ledger. Called by billing's other actions; no other module writes postings."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import Session, col, insert, select

from services.billing.models import LedgerTransaction, Posting
from services.billing.rules.postings import Line, arrival
from services.billing.states import LedgerAccount, TransactionKind
from shared.persistence.unit_of_work import UnitOfWork


def post(
    uow: UnitOfWork,
    lines: Iterable[Line],
    *,
    kind: TransactionKind,
    actor: str,
    now: datetime,
    entry_id: UUID | None = None,
    refund_id: UUID | None = None,
    note: str = "",
) -> None:
    """Add one transaction. Raises ValueError unless its lines sum to zero. A repeat adds a second transaction."""
    posted = [line for line in lines if line.fen]
    if sum(line.fen for line in posted) != 0:
        raise ValueError(f"unbalanced transaction: {posted}")
    if not posted:
        return
    transaction = LedgerTransaction(
        id=uuid4(), kind=kind, entry_id=entry_id, refund_id=refund_id, note=note, actor=actor, posted_at=now
    )
    uow.session.add(transaction)
    uow.session.flush()
    for line in posted:
        uow.session.add(
            Posting(
                transaction_id=transaction.id,
                entry_id=entry_id,
                account=line.account,
                application_id=UUID(line.application_id) if line.application_id else None,
                fen=line.fen,
            )
        )


def post_arrivals(uow: UnitOfWork, entries: Sequence[tuple[UUID, int]], *, actor: str, now: datetime) -> None:
    """Post one transaction for each (entry id, signed fen): money received stays in suspense until the entry is
    decided."""
    if not entries:
        return
    ids = {entry_id: uuid4() for entry_id, _ in entries}
    kind = TransactionKind.ARRIVAL
    uow.session.execute(
        insert(LedgerTransaction),
        [
            {"id": ids[entry_id], "kind": kind, "entry_id": entry_id, "note": "", "actor": actor, "posted_at": now}
            for entry_id, _ in entries
        ],
    )
    lines = [
        {"transaction_id": ids[entry_id], "entry_id": entry_id, "account": line.account, "fen": line.fen}
        for entry_id, signed_fen in entries
        for line in arrival(signed_fen)
    ]
    uow.session.execute(insert(Posting), lines)


def lines_of(session: Session, entry_id: UUID, *kinds: TransactionKind) -> list[Line]:
    """Return the net lines that transactions of these kinds moved for an entry; undone lines cancel out."""
    found = (
        select(Posting)
        .join(LedgerTransaction, col(LedgerTransaction.id) == col(Posting.transaction_id))
        .where(Posting.entry_id == entry_id, col(LedgerTransaction.kind).in_(kinds))
    )
    net: dict[tuple[str, UUID | None], int] = defaultdict(int)
    for posting in session.exec(found).all():
        net[posting.account, posting.application_id] += posting.fen
    return [
        Line(LedgerAccount(account), str(application_id or ""), fen)
        for (account, application_id), fen in net.items()
        if fen
    ]
