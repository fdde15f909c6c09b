"""Statement files for tests, line by line: who paid how much and when. Balances and the period are filled in."""

from dataclasses import dataclass
from datetime import date, datetime

from services.demo.statements import Entry, Statement, icbc_csv
from services.demo.transfers import account_of
from shared.foundation.clock import local

FIRST_DAY, LAST_DAY = date(2021, 11, 22), date(2021, 12, 5)


@dataclass(frozen=True)
class Line:
    """One booking; a negative amount is outgoing. Every party always has the same account."""

    at: datetime
    party: str
    amount_fen: int
    remark: str = ""
    reversal: bool = False
    account: str | None = None


def statement_of(
    *lines: Line, first_day: date = FIRST_DAY, last_day: date = LAST_DAY, opening_fen: int = 0
) -> tuple[bytes, str]:
    """Return the bank's file and its name, which states the period."""
    entries = tuple(
        Entry(
            booked_at=local(line.at),
            amount_fen=abs(line.amount_fen),
            credit=line.amount_fen > 0,
            party=line.party,
            party_account=account_of(line.party, 1) if line.account is None else line.account,
            remark=line.remark,
            reversal=line.reversal,
        )
        for line in lines
    )
    file = icbc_csv(Statement(first_day, last_day, opening_fen, entries))
    return file, f"明细_{first_day:%Y%m%d}_{last_day:%Y%m%d}.csv"
