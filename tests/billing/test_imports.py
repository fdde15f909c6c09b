"""Imports: each file once, of a known account, for a stated period that connects with earlier statements."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.billing import actions
from services.billing.actions.matching import entries as matching
from services.billing.models import BankEntry, Posting, Statement
from services.billing.states import EntryState, StatementState
from services.demo.statements import Entry, icbc_csv
from services.demo.statements import Statement as BankStatement
from shared.foundation.clock import SHANGHAI
from shared.foundation.errors import Conflict, Invalid, NotFound
from shared.persistence.models import AuditRow, JobRow
from tests.billing.desk import CODE, Desk, application_id
from tests.billing.money import FIRST_DAY, LAST_DAY, Line, statement_of
from tests.billing.snapshots import ALPHA, FEE, code

DAY = datetime(2021, 11, 25, 2, tzinfo=UTC)
IN_DECEMBER = datetime(2021, 12, 30, 2, tzinfo=UTC)
INCOME = "重庆某协会"


@pytest.fixture
def december(desk: Desk) -> Desk:
    desk.now = IN_DECEMBER
    return desk


def part(first_day: date, last_day: date, opening_fen: int, amount_fen: int = 100) -> tuple[bytes, str]:
    at = datetime(first_day.year, first_day.month, first_day.day, 10, tzinfo=SHANGHAI)
    return statement_of(
        Line(at, INCOME, amount_fen, "课件"), first_day=first_day, last_day=last_day, opening_fen=opening_fen
    )


def test_the_same_file_again_is_refused_and_books_nothing(december):
    december.import_statement(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    with pytest.raises(Conflict, match="内容完全相同，本次没有重复入账"):
        december.upload(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    assert len(december.entries()) == 1


def test_an_upload_books_nothing_and_a_repeat_gives_the_same_preview(december):
    first = december.upload(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    again = december.upload(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    assert (first.id, again.state, december.rows(Posting)) == (again.id, StatementState.READ, [])
    tools = december.process.tools
    with december.process.database.reader() as session:
        row = session.get_one(Statement, first.id)
        entries, findings = actions.preview_statement(
            session, row, keys=tools.keys, files=tools.files, sandbox=tools.sandbox
        )
    assert [(entry.outcome, entry.allocations) for entry in entries] == [("AUTO", {str(application_id(1)): FEE})]
    assert (findings, december.rows(BankEntry)) == ((), [])


def test_a_discarded_preview_is_not_imported_and_may_be_uploaded_again(december):
    file = statement_of(Line(DAY, ALPHA, FEE, code(1)))
    row = december.upload(*file)
    december.act(actions.discard_statement, row.id)
    tools = december.process.tools
    with pytest.raises(Conflict, match="已放弃"):
        december.act(
            actions.import_statement, row.id, confirmed=True, keys=tools.keys, files=tools.files, sandbox=tools.sandbox
        )
    december.import_statement(*file)
    with pytest.raises(Conflict, match="已导入"):
        december.act(actions.discard_statement, row.id)
    with pytest.raises(NotFound, match="没有这份对账单"):
        december.act(actions.discard_statement, application_id(1))


def test_a_file_of_an_unknown_account_is_refused(december):
    content, name = statement_of(Line(DAY, ALPHA, FEE, code(1)))
    foreign = content.replace(b"0200009999200066401", b"0200009999200066499")
    with pytest.raises(Invalid, match=r"\*\*\*\*6499 不是任何项目的收款账户"):
        december.upload(foreign, name)
    with pytest.raises(Invalid, match="不是任何项目的收款账户"):
        december.upload(content, name, programme="CQ-2022")


def test_a_file_without_a_period_needs_a_matching_one(december):
    content, _ = statement_of(Line(DAY, ALPHA, FEE, code(1)), Line(DAY + timedelta(days=1), INCOME, 100, "课件"))
    with pytest.raises(Invalid, match="没有写明起止日期"):
        december.upload(content, "明细.csv")
    with pytest.raises(Invalid, match="起止日期之外"):
        december.upload(content, "明细.csv", first_day=FIRST_DAY, last_day=date(2021, 11, 25))
    with pytest.raises(Invalid, match="不能晚于截止日期"):
        december.upload(content, "明细.csv", first_day=LAST_DAY, last_day=FIRST_DAY)
    row = december.upload(content, "明细.csv", first_day=FIRST_DAY, last_day=LAST_DAY, programme=CODE)
    assert (row.covers_from, row.covers_to) == (
        datetime(2021, 11, 21, 16, tzinfo=UTC),
        datetime(2021, 12, 5, 16, tzinfo=UTC),
    )


def test_entries_of_days_to_come_are_refused_and_those_of_today_are_not(desk):
    content, name = statement_of(Line(DAY, ALPHA, FEE, code(1)), Line(DAY + timedelta(days=1), INCOME, 100, "课件"))
    tools, period = desk.process.tools, {"first_day": None, "last_day": None, "programme": ""}
    upload = {"filename": name, "actor": "finance01", "files": tools.files, "sandbox": tools.sandbox} | period
    refused = pytest.raises(Invalid, match=r"有 1 笔流水的日期晚于今天（2021-11-25），第一笔是 2021-11-26")
    with refused, desk.process.database.transaction() as uow:
        actions.upload_statement(uow, content, now=DAY, **upload)
    assert desk.rows(Statement) == []
    with desk.process.database.transaction() as uow:
        row = actions.upload_statement(uow, content, now=DAY + timedelta(hours=15), **upload)
    assert row.entries == 2


def test_a_period_that_contradicts_the_file_is_refused(december):
    content, name = statement_of(Line(DAY, ALPHA, FEE, code(1)))
    with pytest.raises(Invalid, match="与填写的日期不一致"):
        december.upload(content, name, first_day=date(2021, 11, 20), last_day=LAST_DAY)


def test_a_broken_balance_is_refused_with_its_line(december):
    content, name = statement_of(Line(DAY, ALPHA, FEE, code(1)), Line(DAY, INCOME, 100, "课件"))
    with pytest.raises(Invalid, match="余额不连续"):
        december.upload(content.replace(b"25,001.00", b"25,002.00"), name)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ((date(2021, 12, 8), date(2021, 12, 9), 100), "缺少 2021-12-06 至 2021-12-07"),
        ((date(2021, 12, 5), date(2021, 12, 9), 100), "重叠：2021-12-05 至 2021-12-05"),
        ((date(2021, 12, 6), date(2021, 12, 9), 999), "余额不衔接：前一份期末 1.00 元，后一份期初 9.99 元"),
    ],
)
def test_a_gap_an_overlap_or_a_balance_break_needs_confirmation(december, second, message):
    december.import_statement(*part(FIRST_DAY, LAST_DAY, 0))
    with pytest.raises(Conflict, match=message):
        december.import_statement(*part(*second))
    assert len(december.entries()) == 1
    row = december.import_statement(*part(*second), confirmed=True)
    assert message in "".join(row.findings)
    confirmed = [audit.details for audit in december.rows(AuditRow) if audit.action == "begin_import"]
    assert message in str(confirmed[-1])


def test_statements_that_connect_need_no_confirmation_and_reconcile(december):
    december.import_statement(*part(FIRST_DAY, LAST_DAY, 0))
    december.import_statement(*part(date(2021, 12, 6), date(2021, 12, 9), 100))
    stats = december.stats()
    assert (stats["opening_fen"], stats["credits_fen"], stats["closing_fen"]) == (0, 200, 200)


def test_an_overlapping_file_marks_duplicates_and_books_the_rest(december):
    known = Line(DAY, ALPHA, FEE, code(1))
    december.import_statement(*statement_of(known, last_day=date(2021, 11, 25)))
    row = december.import_statement(
        *statement_of(known, Line(DAY + timedelta(days=3), INCOME, 100, "课件")), confirmed=True
    )
    states = [entry.state for entry in december.entries() if entry.statement_id == row.id]
    assert states == [EntryState.DUPLICATE, EntryState.OPEN]
    stats = december.stats()
    assert stats["opening_fen"] + stats["credits_fen"] - stats["debits_fen"] == stats["closing_fen"]


def test_a_large_file_continues_in_jobs_and_reports_its_progress(december, monkeypatch):
    monkeypatch.setattr(matching, "BATCH", 4)
    moments = [DAY + timedelta(minutes=minute) for minute in range(10)]
    entries = tuple(Entry(at.astimezone(SHANGHAI), 100, True, INCOME, "5001", f"课件{at}") for at in moments)
    row = december.upload(icbc_csv(BankStatement(FIRST_DAY, LAST_DAY, 0, entries)), "a_20211122_20211205.csv")
    tools = december.process.tools
    december.act(
        actions.import_statement, row.id, confirmed=False, keys=tools.keys, files=tools.files, sandbox=tools.sandbox
    )
    begun = december.one(Statement, row.id)
    assert (begun.state, begun.matched_count, begun.entries) == (StatementState.IMPORTING, 4, 10)
    assert december.stats()["credits_fen"] == 0
    with pytest.raises(Conflict, match="正在导入"):
        december.import_statement(*part(date(2021, 12, 6), date(2021, 12, 9), 1_000))
    assert [job.name for job in december.rows(JobRow)] == ["judge_entries"]
    assert december.run_jobs() == ["2 left", "0 left"]
    assert (december.one(Statement, row.id).state, december.stats()["credits_fen"]) == (StatementState.IMPORTED, 1_000)
    assert december.act(actions.match_entries, row.id) == 0
