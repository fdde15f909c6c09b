"""Billing's dashboard: overview, accounts, statements, finance's work list, refunds, invoices. Used by web.py."""

from pathlib import Path

from fastapi import APIRouter

from services.billing.models import BankEntry, FeeAccount, Invoice
from services.billing.pages import accounts, entries, invoices, overview, refunds, statements
from services.billing.pages.lists import AccountList, EntryList, InvoiceList
from shared.dashboard import Dashboard
from shared.wiring.process import Process

router = APIRouter(prefix="/billing", include_in_schema=False)
for part in (overview, accounts, statements, entries, refunds, invoices):
    router.include_router(part.router)
router.add_api_route("", overview.overview)


def make_dashboard(process: Process) -> Dashboard:
    """Build billing's navigation and lists."""
    dashboard = Dashboard(
        process,
        roles=("finance", "finance_checker"),
        templates=Path(__file__).parent.parent / "templates",
    )
    dashboard.link("缴费概况", "/billing/", "fa-solid fa-chart-pie")
    dashboard.add_list(AccountList(FeeAccount, key="accounts", title="缴费账户", icon="fa-solid fa-user-graduate"))
    dashboard.link("银行对账单", "/billing/statements", "fa-solid fa-file-invoice-dollar")
    dashboard.link("待办流水", "/billing/work", "fa-solid fa-inbox")
    dashboard.link("退款", "/billing/refunds", "fa-solid fa-rotate-left")
    dashboard.add_list(EntryList(BankEntry, key="entries", title="全部流水", icon="fa-solid fa-list"))
    dashboard.add_list(InvoiceList(Invoice, key="invoices", title="开票", icon="fa-solid fa-file-invoice"))
    return dashboard
