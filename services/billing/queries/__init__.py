"""Read-only queries on billing's state. Called by actions, tasks, pages and api."""

from services.billing.queries.accounts import (
    account_lines,
    account_named,
    account_of,
    accounts_by_id,
    ledger_of,
    related_records,
)
from services.billing.queries.entries import (
    choices_for,
    entries_of,
    entry_of,
    open_entries,
    outcomes_of,
    statement_of,
    statements,
    unapplied_entries,
    work_item,
)
from services.billing.queries.invoices import invoice_of, invoices_for_finance
from services.billing.queries.overview import overview
from services.billing.queries.reconciliation import reconciliation
from services.billing.queries.refunds import claims_on, ended_refunds, refund_of, refund_totals, refunds, sources
from services.billing.queries.stats import open_work_items, stats

__all__ = [
    "account_lines",
    "account_named",
    "account_of",
    "accounts_by_id",
    "choices_for",
    "claims_on",
    "ended_refunds",
    "entries_of",
    "entry_of",
    "invoice_of",
    "invoices_for_finance",
    "ledger_of",
    "open_entries",
    "open_work_items",
    "outcomes_of",
    "overview",
    "reconciliation",
    "refund_of",
    "refund_totals",
    "refunds",
    "related_records",
    "sources",
    "statement_of",
    "statements",
    "stats",
    "unapplied_entries",
    "work_item",
]
