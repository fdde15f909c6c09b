"""The portal's pages: login, home, applicants, accounts, dead letters. Mounted by web.py."""

from pathlib import Path

from fastapi import APIRouter

from services.portal.models import Account, Applicant, DeadLetter
from services.portal.pages import accounts, applicants, dead_letters, home, login, problems
from shared.dashboard import Dashboard
from shared.wiring.process import Process
from shared.wiring.registry import ROLES

router = APIRouter(include_in_schema=False)
for part in (login, home, applicants, accounts, dead_letters, problems):
    router.include_router(part.router)


def make_dashboard(process: Process) -> Dashboard:
    """Build the portal's dashboard. It is open to all staff; accounts and dead letters are for the administrator."""
    dashboard = Dashboard(process, roles=tuple(ROLES), templates=Path(__file__).parent.parent / "templates")
    dashboard.link("首页", "/", "fa-solid fa-house")
    dashboard.add_list(
        applicants.ApplicantList(Applicant, key="applicants", title="报名人员", icon="fa-solid fa-users")
    )
    dashboard.add_list(accounts.AccountList(Account, key="accounts", title="账号", icon="fa-solid fa-id-badge"))
    dashboard.add_list(
        dead_letters.DeadLetterList(
            DeadLetter, key="dead-letters", title="未送达消息", icon="fa-solid fa-triangle-exclamation"
        )
    )
    dashboard.link("批量重发", "/dead-letters/replay", "fa-solid fa-rotate-right", "administrator")
    return dashboard
