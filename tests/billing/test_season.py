"""The whole season in billing, on three seeds: fifty paid seats, all other money refunded, and a consistent ledger."""

import pytest

from services.billing.models import Statement
from shared.events.billing import FeeOverdue, InvoiceIssued
from tests.billing.desk import open_desk
from tests.billing.season import Season


@pytest.mark.parametrize("seed", [1, 2, 20211122])
def test_a_season_ends_with_fifty_paid_seats_and_a_consistent_ledger(tmp_path, seed):
    desk = open_desk(f"sqlite:///{tmp_path}/test.db", tmp_path)
    season = Season(desk, seed)
    season.submit_applications()
    season.import_early_statement()
    season.decide_open_entries()
    season.admit_applicants()
    season.import_admitted_statement()
    season.decide_open_entries()
    assert len(desk.published(FeeOverdue)) == 3
    assert len(season.replace_lapsed()) == 3
    season.decide_open_entries()
    season.close_waiting_list()
    season.decide_open_entries()
    season.pay_refunds()
    season.record_payer_statements()
    desk.run_jobs()
    stats = desk.stats()
    names = ("seats_due", "total_due_fen", "central_fen", "municipal_fen", "self_fen", "self_paid_fen")
    assert [stats[name] for name in names] == [50, 200_000_000, 50_000_000, 25_000_000, 125_000_000, 125_000_000]
    assert stats["opening_fen"] + stats["credits_fen"] - stats["debits_fen"] == stats["closing_fen"]
    assert stats["closing_fen"] == season.closing_fen
    assert (stats["documents_sent"], stats["invoices_issued"], stats["invoiced_fen"]) == (150, 50, 125_000_000)
    assert (stats["open_work_items"], stats["refunds_proposed"], stats["refunds_approved"]) == (0, 0, 0)
    assert stats["refunds_sent"] > 0
    assert len({event.invoice_number for event in desk.published(InvoiceIssued)}) == 50
    assert [row.findings for row in desk.rows(Statement)] == [[], [], [], []]
    desk.process.database.close()
