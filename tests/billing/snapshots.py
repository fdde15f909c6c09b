"""Invented firms, students and entries, and a snapshot that matches them in order. Used by the tests of matching."""

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.billing.rules.matching.proposals import FeeAccount, FeeState, Flag, Outcome, PriorEntry, Proposal
from services.billing.rules.matching.snapshot import propose
from services.billing.rules.statements.entries import Direction, Entry, fingerprints
from shared.foundation.checkdigits import payment_reference
from shared.foundation.money import fen
from tests.billing.statement_files import read_statement

SAMPLES = Path(__file__).parent / "samples"
FEE = 2_500_000
NOON = datetime(2021, 11, 25, 4, 0, 0, tzinfo=UTC)


class Snapshot:
    """Fee accounts and entries as the import uses them; suggestions count as confirmed at once."""

    def __init__(self, *accounts: FeeAccount) -> None:
        self.accounts = {account.application_id: account for account in accounts}
        self.prior: list[PriorEntry] = []

    def match(self, entry: Entry, fingerprint: str) -> Proposal:
        return propose(entry, fingerprint=fingerprint, accounts=list(self.accounts.values()), prior=self.prior)

    def book(self, entry: Entry, fingerprint: str = "") -> Proposal:
        number = str(len(self.prior))
        proposal = self.match(entry, fingerprint or f"mark {number}")
        for application_id, amount_fen in proposal.allocations.items():
            account = self.accounts[application_id]
            self.accounts[application_id] = replace(account, allocated_fen=account.allocated_fen + amount_fen)
        undoes = proposal.outcome in {Outcome.REVERSAL, Outcome.REFUND_BOUNCED}
        self.prior = [
            replace(each, taken_back=each.taken_back or (undoes and each.entry_id == proposal.counterpart_id))
            for each in self.prior
        ]
        self.prior.append(
            PriorEntry(
                entry_id=number,
                fingerprint=fingerprint or f"mark {number}",
                booked_at=entry.booked_at,
                direction=entry.direction,
                amount_fen=entry.amount_fen,
                counterparty_name=entry.counterparty_name,
                counterparty_account=entry.counterparty_account if entry.account_reliable else "",
                outcome=proposal.outcome,
                allocations=dict(proposal.allocations),
                unapplied_fen=proposal.unapplied_fen,
            )
        )
        return proposal

    def next_file(self) -> None:
        self.prior = [replace(each, from_this_file=False) for each in self.prior]


def account(
    number: int,
    firm: str,
    student: str,
    *,
    allocated: int = 0,
    former: str = "",
    state: FeeState = FeeState.OPEN,
    pay_by: datetime | None = None,
) -> FeeAccount:
    return FeeAccount(
        application_id=f"A{number}",
        application_no=f"LJ2022-{number:04d}",
        reference=payment_reference(220_000 + number),
        firm_name=firm,
        former_name=former,
        credit_code=f"CODE OF {firm}",
        student_name=student,
        due_fen=FEE,
        allocated_fen=allocated,
        state=state,
        pay_by=pay_by,
    )


def credit(
    payer: str, remark: str = "", amount_fen: int = FEE, *, at: datetime = NOON, bank_account: str = ""
) -> Entry:
    return Entry(
        line=1,
        booked_at=at,
        direction=Direction.CREDIT,
        amount_fen=amount_fen,
        counterparty_name=payer,
        counterparty_account=bank_account,
        account_reliable=bool(bank_account),
        remark=remark,
        summary="汇款",
        serial=None,
        is_reversal=False,
        balance_fen=None,
    )


def debit(payee: str, remark: str = "", amount_fen: int = FEE, *, at: datetime = NOON + timedelta(days=1)) -> Entry:
    return replace(credit(payee, remark, amount_fen, at=at), direction=Direction.DEBIT)


def code(number: int) -> str:
    return payment_reference(220_000 + number)


ALPHA, BETA = "重庆甲木数控机床有限公司", "重庆乙火新材料股份有限公司"
A1 = account(1, ALPHA, "钱一鸣")
B2, B3 = account(2, BETA, "孙二喜"), account(3, BETA, "李三槐")


def matched(entry: Entry, *accounts: FeeAccount) -> Proposal:
    return Snapshot(*(accounts or (A1, B2, B3))).match(entry, "mark")


def as_tuple(proposal: Proposal) -> tuple[Outcome, dict[str, int], int, set[Flag]]:
    return proposal.outcome, dict(proposal.allocations), proposal.unapplied_fen, set(proposal.flags)


def result(entry: Entry, *accounts: FeeAccount) -> tuple[Outcome, dict[str, int], int, set[Flag]]:
    return as_tuple(matched(entry, *accounts))


def sample_accounts() -> list[FeeAccount]:
    deadline = datetime(2021, 12, 10, 10, tzinfo=UTC)
    with (SAMPLES / "applications.csv").open(encoding="utf-8-sig", newline="") as file:
        return [
            FeeAccount(
                application_id=row["app_no"],
                application_no=row["app_no"],
                reference=row["ref"],
                firm_name=row["firm"],
                former_name=row["former_name"],
                credit_code=row["uscc"],
                student_name=row["student"],
                due_fen=fen(row["due"]),
                allocated_fen=0,
                state=FeeState.REFUND_DUE if row["selection_status"] == "REJECTED" else FeeState.OPEN,
                pay_by=deadline,
            )
            for row in csv.DictReader(file)
        ]


def book_sample(snapshot: Snapshot, name: str) -> list[tuple[Entry, Proposal]]:
    statement = read_statement((SAMPLES / name).read_bytes(), filename=name)
    marks = fingerprints(statement, key=b"a key of the tests")
    booked = [(entry, snapshot.book(entry, mark)) for entry, mark in zip(statement.entries, marks, strict=True)]
    snapshot.next_file()
    return booked
