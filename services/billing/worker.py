"""Process: billing's Celery worker. The jobs of `make_jobs` also run in the process of an embedded house."""

from functools import partial

from services.billing import actions, jobs, tasks
from services.billing.connectors import CONNECTORS
from services.billing.settings import BillingSettings
from shared.context import Context
from shared.jobs.job import JobFunctions
from shared.persistence.unit_of_work import UnitOfWork
from shared.runtime.serve import serve_worker
from shared.wiring.settings import read


def make_jobs(settings: BillingSettings) -> JobFunctions:
    """Billing's jobs, as the settings tell them to invoice."""
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
    """What the clock brings: deadlines that statements cover, and invoices that the connector still owes an answer for."""
    actions.publish_overdue_fees(uow, actor=context.actor, now=context.now)
    actions.ask_for_invoices(uow, now=context.now)


if __name__ == "__main__":
    told = read(BillingSettings)
    serve_worker(told, make_jobs(told), run_due)
