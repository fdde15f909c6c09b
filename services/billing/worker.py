"""Process: billing's Celery worker. In standalone mode the jobs of `make_jobs` run inside the server process."""

from functools import partial

from services.billing import actions, jobs, tasks
from services.billing.connectors import CONNECTORS
from services.billing.settings import BillingSettings
from shared.context import Context
from shared.jobs.job import JobFunctions
from shared.persistence.unit_of_work import UnitOfWork


def make_jobs(settings: BillingSettings) -> JobFunctions:
    """Map billing's jobs to their functions, with the invoicing terms from the settings."""
    terms = tasks.InvoicingTerms(
        make_connector=CONNECTORS[settings.connector],
        rates=settings.tax_rates,
        special_needs_contact=settings.special_invoice_needs_contact,
    )
    return {
        jobs.MatchEntries: tasks.match_entries,
        jobs.WriteReceipt: tasks.write_receipt,
        jobs.WriteInvoiceRequest: partial(tasks.write_invoice_request, terms=terms),
        jobs.SubmitInvoice: partial(tasks.submit_invoice, terms=terms),
        jobs.QueryInvoice: partial(tasks.query_invoice, terms=terms),
    }


def run_due(uow: UnitOfWork, *, context: Context) -> None:
    """Run the timer: publish overdue fees that statements prove, and query the connector for invoices not yet
    issued."""
    actions.publish_overdue_fees(uow, actor=context.actor, now=context.now)
    actions.enqueue_invoice_queries(uow, now=context.now)
