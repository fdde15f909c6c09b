"""Process: billing's Celery worker. `JOBS` also runs in the process of an embedded house."""

from services.billing import jobs, tasks
from services.billing.settings import BillingSettings
from shared.jobs import JobFunctions
from shared.serve import serve_worker

JOBS: JobFunctions = {
    jobs.JudgeEntries: tasks.judge_entries,
    jobs.WriteReceipt: tasks.write_receipt,
    jobs.WriteInvoiceRequest: tasks.write_invoice_request,
    jobs.SubmitInvoice: tasks.submit_invoice,
    jobs.QueryInvoice: tasks.query_invoice,
}

if __name__ == "__main__":
    serve_worker(BillingSettings(), JOBS)
