"""The sample statement and the demo's own through the real import: every entry gets the outcome of the pure rules."""

import csv
from dataclasses import replace
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest

from services.billing.models import BankEntry, Posting
from services.billing.rules.matching.proposals import FeeState, Outcome
from services.billing.states import EntryState
from services.demo.camt053 import camt053_xml
from services.demo.payments import early_statement
from services.demo.statements import cmb_xlsx, icbc_csv
from shared.adapters.keyring import mask_account
from shared.events.review import ApplicationRejected
from tests.billing.desk import CODE, Desk
from tests.billing.snapshots import SAMPLES, Snapshot, book_sample, sample_accounts
from tests.demo.test_payments import facts

ICBC = "icbc_historydetail_20211122_20211205.csv"
IN_DECEMBER = datetime(2021, 12, 6, 2, tzinfo=UTC)


def sample_id(application_no: str) -> UUID:
    return uuid5(NAMESPACE_URL, application_no)


@pytest.fixture
def sample_desk(empty_desk: Desk) -> Desk:
    with (SAMPLES / "applications.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows, start=1):
        event = empty_desk.submitted(
            number,
            row["firm"],
            row["student"],
            application_id=sample_id(row["app_no"]),
            application_no=row["app_no"],
            payment_reference=row["ref"],
            credit_code=row["uscc"],
            former_name=row["former_name"] or None,
        )
        empty_desk.handle(event)
        if row["selection_status"] == "REJECTED":
            rejected = ApplicationRejected(
                application_id=sample_id(row["app_no"]), programme=CODE, reason="不符", rejected_at=IN_DECEMBER
            )
            empty_desk.handle(rejected)
    empty_desk.now = IN_DECEMBER
    return empty_desk


def outcome_of(entry: BankEntry) -> tuple[str, dict[str, int], int, list[str], list[str]]:
    return (
        entry.outcome,
        entry.proposed_allocations,
        entry.proposed_unapplied_fen,
        entry.flags,
        entry.candidates,
    )


def test_the_sample_gets_the_outcomes_of_the_pure_rules_and_adds_up(sample_desk):
    sample_desk.import_statement((SAMPLES / ICBC).read_bytes(), ICBC)
    accounts = [
        replace(account, application_id=str(sample_id(account.application_no)), pay_by=None)
        for account in sample_accounts()
    ]
    assert {account.state for account in accounts} == {FeeState.OPEN, FeeState.REFUND_DUE}
    expected = [
        (str(p.outcome), dict(p.allocations), p.unapplied_fen, sorted(p.flags), list(p.candidates))
        for _, p in book_sample(Snapshot(*accounts), ICBC)
    ]
    assert [outcome_of(entry) for entry in sample_desk.entries()] == expected
    stats = sample_desk.stats()
    assert stats["opening_fen"] + stats["credits_fen"] - stats["debits_fen"] == stats["closing_fen"]


def test_only_certain_outcomes_are_booked_automatically(sample_desk):
    sample_desk.import_statement((SAMPLES / ICBC).read_bytes(), ICBC)
    booked = {entry.outcome for entry in sample_desk.entries() if entry.state == EntryState.BOOKED}
    waiting = {entry.outcome for entry in sample_desk.entries() if entry.state == EntryState.OPEN}
    assert booked == {"AUTO", "IGNORE", "REVERSAL"}
    assert waiting >= {"SUGGEST", "AMBIGUOUS", "CONFLICT", "NO_MATCH", "REFUND_OUT"}
    assert all(entry.reason for entry in sample_desk.entries())


def test_no_payer_account_number_is_stored_in_clear(sample_desk):
    sample_desk.import_statement((SAMPLES / ICBC).read_bytes(), ICBC)
    kept = str(sample_desk.rows(BankEntry)) + str(sample_desk.rows(Posting))
    assert "831132695373605" not in kept
    assert mask_account("831132695373605") in kept


@pytest.fixture(scope="module")
def story():
    return facts(1)


@pytest.fixture
def story_desk(empty_desk: Desk, story) -> Desk:
    for number, fact in enumerate(story, start=1):
        event = empty_desk.submitted(
            number,
            fact.firm_name,
            fact.student_name,
            application_no=fact.application_no,
            payment_reference=fact.reference,
            submitted_at=fact.submitted_at,
        )
        empty_desk.handle(event)
    empty_desk.now = IN_DECEMBER
    return empty_desk


@pytest.mark.parametrize("export", [icbc_csv, cmb_xlsx, camt053_xml])
def test_the_demo_statement_is_imported_completely_in_every_format(story_desk, story, export):
    statement = early_statement(story, 1)
    period = {"first_day": statement.first_day, "last_day": statement.last_day} if export is icbc_csv else {}
    story_desk.import_statement(export(statement), "明细", **period)
    entries = story_desk.entries()
    assert len(entries) == len(statement.entries)
    assert {entry.outcome for entry in entries} <= set(Outcome)
    assert Outcome.AUTO in {entry.outcome for entry in entries}
    stats = story_desk.stats()
    assert (stats["opening_fen"], stats["closing_fen"]) == (statement.opening_fen, statement.closing_fen)
    assert stats["credits_fen"] == statement.turnover(credit=True)
    assert stats["debits_fen"] == statement.turnover(credit=False)


def test_the_same_period_in_another_format_books_nothing_twice(story_desk, story):
    statement = early_statement(story, 1)
    story_desk.import_statement(
        icbc_csv(statement), "a.csv", first_day=statement.first_day, last_day=statement.last_day
    )
    before = story_desk.stats()
    story_desk.import_statement(camt053_xml(statement), "b.xml", confirmed=True)
    assert story_desk.stats() == before
    again = [entry for entry in story_desk.rows(BankEntry) if entry.state == EntryState.DUPLICATE]
    assert len(again) == len(statement.entries)
