"""Store the copy of a programme. Called by handlers.py."""

from datetime import datetime

from services.billing.actions.ledger.fees import revise_fees
from services.billing.models import ProgrammeRow
from shared.events.intake import Programme
from shared.persistence.unit_of_work import UnitOfWork


def keep_programme(uow: UnitOfWork, programme: Programme, *, actor: str, now: datetime) -> None:
    """Store the newest version, and set its fee on accounts that are not yet due. An older version or a repeat changes
    nothing."""
    row = uow.session.get(ProgrammeRow, programme.code)
    if row is not None and row.version >= programme.version:
        return
    row = row or ProgrammeRow(code=programme.code, version=0, account_number="", data={})
    row.version, row.data = programme.version, programme.model_dump(mode="json")
    row.account_number = "".join(filter(str.isdigit, programme.remittance.account_number))
    uow.session.add(row)
    uow.record("keep_programme", row.code, actor=actor, now=now, details={"version": row.version})
    uow.session.flush()
    revise_fees(uow, programme, actor=actor, now=now)
