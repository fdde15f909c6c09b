"""Upload a bank's file, preview its effect, and import it. Called by pages."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session, col, insert, select

from services.billing.actions.locking import lock_statement
from services.billing.actions.matching.entries import match_entries, store_proposal
from services.billing.actions.matching.ledger_snapshot import LedgerSnapshot, load_snapshot
from services.billing.errors import AlreadyImported
from services.billing.models import BankEntry, ProgrammeRow
from services.billing.models import Statement as StatementRow
from services.billing.queries.coverage import imported_statements
from services.billing.rules.statements.continuity import Span, breaks
from services.billing.rules.statements.entries import Entry, Statement, fingerprints
from services.billing.rules.statements.files import read_statement
from services.billing.states import STATEMENT_STEPS, STATEMENT_TITLES, EntryState, StatementState
from shared.adapters.files import FileStore
from shared.adapters.keyring import KeyRing, mask_account
from shared.events import FileClaim
from shared.foundation.clock import SHANGHAI, local
from shared.foundation.errors import Conflict, Invalid, Joined
from shared.foundation.transitions import check_step
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork
from shared.sandbox import Sandbox

PREVIEWED = 500
"""Number of entries that a preview matches. More would make the page slow."""


def upload_statement(
    uow: UnitOfWork,
    content: bytes,
    *,
    filename: str,
    first_day: date | None,
    last_day: date | None,
    programme: str,
    actor: str,
    now: datetime,
    files: FileStore,
    sandbox: Sandbox,
) -> StatementRow:
    """Read and store a file, once by its SHA-256. Books nothing.

    `first_day` and `last_day` (inclusive) are the period if the file does not state one. `programme` (may be empty)
    selects the account if the file does not name it. Raises AlreadyImported for a file that is in the ledger, Invalid
    for a file that is unreadable, of an unknown account, or with an entry of a day to come. A repeat before the import gives the same preview.
    """
    # Before the first statement: on SQLite that begins the transaction, for which other writers wait.
    read = read_statement(content, filename=filename, sandbox=sandbox)
    _refuse_future(read, now)
    digest = hashlib.sha256(content).hexdigest()
    row = uow.session.exec(for_update(select(StatementRow).where(StatementRow.sha256 == digest))).one_or_none()
    if row is not None and row.state in (StatementState.IMPORTING, StatementState.IMPORTED):
        raise AlreadyImported(f"{local(row.imported_at or row.uploaded_at):%Y-%m-%d %H:%M}")
    owner = _owner(uow, read, programme)
    read = _with_period(replace(read, account=owner.account_number), first_day, last_day)
    claim = files.put(
        content,
        kind="statement",
        programme=owner.code,
        media_type="application/octet-stream",
        purpose="bank",
        key=f"statements/{owner.code}/{digest}",
    )
    row = row or StatementRow(
        id=uuid4(), sha256=digest, state="", uploaded_by=actor, uploaded_at=now, **_statement_columns(read)
    )
    _step(row, StatementState.READ)
    for name, value in _statement_columns(read).items():
        setattr(row, name, value)
    row.programme, row.claim, row.filename = owner.code, claim.model_dump(), filename[:200]
    row.uploaded_by, row.uploaded_at = actor, now
    row.covered_until = min(read.covers_to, now)
    row.findings = list(_breaks(uow.session, row))
    uow.session.add(row)
    uow.record("upload_statement", str(row.id), actor=actor, now=now, details={"sha256": digest})
    return row


def _refuse_future(read: Statement, now: datetime) -> None:
    """Raise Invalid for an entry of a day to come: the file is no record of a bank, or a date was read wrongly."""
    today = local(now).date()
    if late := [entry for entry in read.entries if local(entry.booked_at).date() > today]:
        raise Invalid(
            "对账单里有 {count} 笔流水的日期晚于今天（{today}），第一笔是 {day:%Y-%m-%d}。请核对文件的日期列后重新导出。",
            code="statement.future",
            values={"count": len(late), "today": today.isoformat(), "day": local(late[0].booked_at)},
        )


def _statement_columns(read: Statement) -> dict[str, Any]:
    return {
        "programme": "",
        "account_number": read.account,
        "claim": {},
        "filename": "",
        "layout": read.layout,
        "opening_fen": read.opening_fen,
        "closing_fen": read.closing_fen,
        "covers_from": read.covers_from,
        "covers_to": read.covers_to,
        "covered_until": read.covers_to,
        "entries": len(read.entries),
    }


def _owner(uow: UnitOfWork, read: Statement, code: str) -> ProgrammeRow:
    """Return the programme whose remittance account (notice, annex 4) the statement shows; of several, the newest."""
    rows = uow.session.exec(select(ProgrammeRow).order_by(col(ProgrammeRow.code).desc())).all()
    if code:
        rows = [row for row in rows if row.code == code]
    digits = "".join(filter(str.isdigit, read.account))
    if not digits and len({row.account_number for row in rows}) > 1:
        raise Invalid("文件没有写明本方账号，请选择它属于哪个项目。", code="statement.account_unknown")
    found = [row for row in rows if not digits or row.account_number == digits]
    if not found:
        raise Invalid(
            "对账单的账号 {account} 不是任何项目的收款账户，请核对是否下载了正确账户的明细。",
            code="statement.foreign_account",
            values={"account": mask_account(digits)},
        )
    return found[0]


def _with_period(read: Statement, first_day: date | None, last_day: date | None) -> Statement:
    """Return the statement with its own period, else `first_day` to `last_day`. A period that ends with the last entry
    proves nothing after it."""
    states_period = (read.covers_from, read.covers_to) != (read.entries[0].booked_at, read.entries[-1].booked_at)
    if first_day is None or last_day is None:
        if states_period:
            return read
        raise Invalid("文件没有写明起止日期，请填写导出时选择的起始日期和截止日期。", code="statement.period_missing")
    if first_day > last_day:
        raise Invalid("起始日期不能晚于截止日期，请核对。", code="statement.period_reversed")
    covers_from = datetime(first_day.year, first_day.month, first_day.day, tzinfo=SHANGHAI)
    covers_to = datetime(last_day.year, last_day.month, last_day.day, tzinfo=SHANGHAI) + timedelta(days=1)
    if states_period and local(read.covers_from).date() != first_day:
        raise Invalid(
            "文件写明从 {covers_from:%Y-%m-%d} 开始，与填写的日期不一致；请留空或改正。",
            code="statement.period_differs",
            values={"covers_from": local(read.covers_from)},
        )
    if not (covers_from <= read.entries[0].booked_at and read.entries[-1].booked_at < covers_to):
        raise Invalid("有流水在填写的起止日期之外，请核对日期。", code="statement.period_wrong")
    return read if states_period else replace(read, covers_from=covers_from, covers_to=covers_to)


def _breaks(session: Session, row: StatementRow) -> tuple[str, ...]:
    imported = imported_statements(session, row.account_number)
    return breaks(_span(row), [_span(each) for each in imported if each.id != row.id])


def _span(row: StatementRow) -> Span:
    return Span(row.covers_from, row.covers_to, row.opening_fen, row.closing_fen)


def preview_statement(
    session: Session, row: StatementRow, *, keys: KeyRing, files: FileStore, sandbox: Sandbox
) -> tuple[tuple[BankEntry, ...], tuple[str, ...]]:
    """Return what an import would propose for the first entries, as unsaved rows, and the breaks in continuity. Changes
    nothing. Suggestions count as confirmed when later entries are matched."""
    snapshot = load_snapshot(session, row.account_number, row.id)
    read = _reread(row, files, sandbox)
    entries = [BankEntry(**values) for values in _entries(row, read, keys=keys, limit=PREVIEWED)]
    for entry in entries:
        _match_for_preview(snapshot, entry)
    return tuple(entries), _breaks(session, row)


def _match_for_preview(snapshot: LedgerSnapshot, entry: BankEntry) -> None:
    store_proposal(entry, snapshot.match(entry))
    entry.allocations, entry.unapplied_fen = dict(entry.proposed_allocations), entry.proposed_unapplied_fen
    snapshot.add(entry)


def discard_statement(uow: UnitOfWork, statement_id: UUID, *, actor: str, now: datetime) -> StatementRow:
    """Discard a preview. The file may be uploaded again."""
    row = lock_statement(uow, statement_id)
    _step(row, StatementState.DISCARDED)
    uow.session.add(row)
    uow.record("discard_statement", str(row.id), actor=actor, now=now)
    return row


def import_statement(
    uow: UnitOfWork,
    statement_id: UUID,
    *,
    confirmed: bool,
    actor: str,
    now: datetime,
    keys: KeyRing,
    files: FileStore,
    sandbox: Sandbox,
) -> StatementRow:
    """Add the entries to the ledger and book the certain ones; a job continues a large file. `confirmed`: a person has
    checked the breaks with earlier statements. Raises Conflict for unconfirmed breaks, and while another import of the
    account runs."""
    row = lock_statement(uow, statement_id)
    _step(row, StatementState.IMPORTING)
    others = imported_statements(uow.session, row.account_number)
    if any(each.state == StatementState.IMPORTING for each in others if each.id != row.id):
        raise Conflict("同一账户有对账单正在导入，请等它完成后再导入。", code="statement.busy")
    found = _breaks(uow.session, row)
    if found and not confirmed:
        values = {"found": Joined(found)}
        raise Conflict("请先确认：{found}确认无误后勾选“已核对”再导入。", code="statement.breaks", values=values)
    row.findings, row.imported_by = list(found), actor
    uow.session.add(row)
    uow.session.flush()
    uow.session.execute(insert(BankEntry), list(_entries(row, _reread(row, files, sandbox), keys=keys)))
    details = {"entries": row.entries, "confirmed": list(found)}
    uow.record("begin_import", str(row.id), actor=actor, now=now, details=details)
    match_entries(uow, row.id, actor=actor, now=now)
    return row


def _reread(row: StatementRow, files: FileStore, sandbox: Sandbox) -> Statement:
    content = files.get(FileClaim.model_validate(row.claim), purpose="bank")
    read = read_statement(content, filename=row.filename, sandbox=sandbox)
    return replace(read, account=row.account_number)


def _entries(
    row: StatementRow, read: Statement, *, keys: KeyRing, limit: int | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the entries as column values, the counterparties' accounts sealed. Plain values, because a large file has
    many."""
    marks = fingerprints(read, key=keys.index("bank", "fingerprints of bank entries").encode())
    for position, (entry, mark) in enumerate(zip(read.entries[:limit], marks, strict=False), start=1):
        yield _entry_columns(row, entry, mark, position, keys=keys)


def _entry_columns(statement: StatementRow, entry: Entry, mark: str, position: int, *, keys: KeyRing) -> dict[str, Any]:
    number = entry.counterparty_account
    sealed = keys.seal("bank", statement.programme, number, mask=mask_account(number)) if number else None
    return vars(entry) | {
        "id": uuid4(),
        "statement_id": statement.id,
        "position": position,
        "counterparty_account": sealed.model_dump() if sealed else None,
        "account_index": sealed.index if sealed else "",
        "fingerprint": mark,
        "state": EntryState.WAITING,
        **_UNDECIDED,
    }


_UNDECIDED: dict[str, Any] = {
    "outcome": "",
    "reason": "",
    "flags": [],
    "candidates": [],
    "proposed_allocations": {},
    "proposed_unapplied_fen": 0,
    "allocations": {},
    "unapplied_fen": 0,
    "decision": "",
    "taken_back": False,
    "undone": False,
    "decided_by": "",
    "note": "",
}


def _step(row: StatementRow, target: StatementState) -> None:
    present = StatementState(row.state) if row.state else None
    if present == target == StatementState.READ:
        return
    check_step(STATEMENT_STEPS, present, target, titles=STATEMENT_TITLES)
    row.state = target
