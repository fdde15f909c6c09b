"""Account pages for the administrator: create, change roles, close, issue a new link."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from services.portal import actions, queries
from services.portal.states import ROLES, AccountState
from shared.dashboard import Badge, Badged, ListView, Moment, Text, Titled, done, page, t
from shared.dashboard.history import history
from shared.http.auth import CurrentUser, staff
from shared.http.fields import FormCode, FormCodes, FormName
from shared.http.web import Now, ReadingSession, Uow, process_of

router = APIRouter(prefix="/accounts")
Administrator = Annotated[CurrentUser, Depends(staff("administrator"))]
STATES: dict[str, Badge] = {
    AccountState.INVITED: Badge("待设密码", "yellow"),
    AccountState.OPEN: Badge("使用中", "green"),
    AccountState.CLOSED: Badge("已停用", "secondary"),
}
ACTS = {
    "account_created": "建立账号",
    "roles_changed": "调整角色",
    "account_closed": "停用账号",
    "link_issued": "发放一次性链接",
    "password_set": "设置密码",
    "password_changed": "修改密码",
    "signed_in": "登录",
    "signed_out": "退出登录",
    "sign_in_refused": "登录未成功",
}


class AccountList(ListView):
    """All accounts."""

    fields = (
        Text("account", "账号"),
        Text("name", "姓名"),
        Titled("roles", "角色", titles=ROLES),
        Badged("state", "状态", labels=STATES),
        Moment("signed_in_at", "最近登录"),
        Moment("created_at", "建立时间"),
    )
    fields_default_sort = ("account",)
    detail_path = "/accounts/{key}"
    roles = ("administrator",)
    list_template = "accounts.html"


@router.get("/new")
def show_form(request: Request, actor: Administrator) -> Response:
    """Show the form to create an account."""
    return page(request, "account_new.html", title="新建账号", back="/tables/accounts/list", roles=ROLES.items())


@router.post("/new")
def create(
    request: Request,
    actor: Administrator,
    uow: Uow,
    now: Now,
    account: FormCode = "",
    name: FormName = "",
    roles: FormCodes = [],  # noqa: B006 (FastAPI copies it)
) -> Response:
    """Create an account and show its one-time link once."""
    account = account.strip()
    link = actions.create_account(uow, account, name=name.strip(), roles=roles, actor=actor.account, now=now)
    return done(request, f"/accounts/{account}", _link_notice(request, link))


@router.get("/{account}")
def show(request: Request, account: str, actor: Administrator, session: ReadingSession) -> Response:
    """Show one account with its audit history."""
    row = queries.account_named(session, account)
    return page(
        request,
        "account.html",
        title=row.name,
        subtitle=row.account,
        back="/tables/accounts/list",
        account=row,
        badge=STATES[row.state],
        role_titles=t("、").join(t(title) for role, title in ROLES.items() if role in row.roles),
        roles=ROLES.items(),
        rows=history(session, account),
        acts=ACTS,
    )


@router.post("/{account}/roles")
def change_roles(
    request: Request,
    account: str,
    actor: Administrator,
    uow: Uow,
    now: Now,
    roles: FormCodes = [],  # noqa: B006
) -> Response:
    """Change the account's roles; every service applies them at once."""
    actions.change_roles(uow, account, roles=roles, actor=actor.account, now=now)
    return done(request, f"/accounts/{account}", "角色已调整。")


@router.post("/{account}/close")
def close(request: Request, account: str, actor: Administrator, uow: Uow, now: Now) -> Response:
    """Close the account and end its sessions."""
    actions.close_account(uow, account, actor=actor.account, now=now)
    return done(request, f"/accounts/{account}", "账号已停用。")


@router.post("/{account}/link")
def renew_link(request: Request, account: str, actor: Administrator, uow: Uow, now: Now) -> Response:
    """Issue a new one-time link; the old password becomes invalid."""
    link = actions.renew_link(uow, account, actor=actor.account, now=now)
    return done(request, f"/accounts/{account}", _link_notice(request, link))


def _link_notice(request: Request, link: str) -> str:
    address = process_of(request).settings.public_url.rstrip("/") + link
    return t("请把一次性链接交给本人（三天内有效，只显示这一次）：{address}", address=address)
