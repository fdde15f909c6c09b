"""Login pages: sign in, renew the session, sign out, set and change passwords."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Cookie, Depends, Request, Response
from fastapi.responses import RedirectResponse
from joserfc.jwk import OKPKey
from starlette.concurrency import run_in_threadpool

from services.portal import actions
from services.portal.actions import Attempt, Renewable
from services.portal.rules.access import safe_path
from services.portal.rules.passwords import check_repeated
from shared.dashboard import done, page
from shared.foundation.errors import NotSignedIn, Refusal
from shared.http.auth import COOKIE, Credential, CurrentUser, current_user, staff
from shared.http.fields import FormName, FormRemark, FormSecret, QueryPath
from shared.http.limits import OPEN_FORM
from shared.http.web import Now, ReadingSession, Uow, WithTools, process_of
from shared.wiring.process import Process

router = APIRouter()
RENEWAL_COOKIE = "lingjun_renewal"
RENEWAL_PATH = "/session"
Anybody = Annotated[CurrentUser, Depends(staff())]
Renewal = Annotated[str, Cookie(alias=RENEWAL_COOKIE)]


def signing_key_of(request: Request) -> OKPKey:
    """Return the signing key that web.py loaded."""
    key: OKPKey = request.app.state.signing_key
    return key


Key = Annotated[OKPKey, Depends(signing_key_of)]


@router.get("/sign-in")
def show_login(request: Request, next: QueryPath = "/") -> Response:  # noqa: A002 (the query's name)
    """Show the login page. A signed-in user is redirected to `next`."""
    try:
        current_user(request)
    except NotSignedIn:
        return page(request, "sign_in.html", title="登录", next=safe_path(next))
    return RedirectResponse(safe_path(next), status_code=303)


@router.post("/sign-in", max_body_size=OPEN_FORM)
def sign_in(
    request: Request,
    key: Key,
    now: Now,
    tools: WithTools,
    account: FormRemark = "",
    password: FormSecret = "",
    next: FormRemark = "/",  # noqa: A002
) -> Response:
    """Begin a session. A failed attempt is counted in Redis and audited in a separate transaction."""
    process = process_of(request)
    attempt = Attempt(account.strip().lower(), request.state.address)
    try:
        actions.check_attempt(tools.redis, attempt)
        with process.database.transaction() as uow:
            new_session = actions.sign_in(
                uow, attempt.account, password=password, key=key, actor=attempt.account, now=now
            )
    except Refusal as refusal:
        if refusal.code == "wrong-password":
            actions.count_failure(tools.redis, attempt)
        with process.database.transaction() as uow:
            actions.note_refused_sign_in(
                uow, attempt.account, actor="anonymous", now=now, code=refusal.code, address=attempt.address
            )
        raise
    actions.reset_failures(tools.redis, attempt)
    return _with_session_cookies(process, done(request, safe_path(next)), new_session)


@router.get("/session/renew")
def renew(
    request: Request,
    uow: Uow,
    key: Key,
    renewal: Renewal = "",
    next: QueryPath = "",  # noqa: A002
) -> Response:
    """Renew the session token. Scripts get 204 or 401; browsers are redirected to `next` or to the login page."""
    target = safe_path(next)
    try:
        token = actions.renew(uow, renewal, key=key)
    except NotSignedIn:
        if "json" in request.headers.get("accept", ""):
            raise
        return _without_session_cookies(RedirectResponse(f"/sign-in?next={quote(target, safe='/')}", status_code=303))
    response = RedirectResponse(target, status_code=303) if next else Response(status_code=204)
    _set_cookie(process_of(request), response, COOKIE, token, path="/")
    return response


# Under the renewal cookie's path, so that the browser sends the cookie.
@router.post("/session/end")
def sign_out(request: Request, uow: Uow, now: Now, renewal: Renewal = "") -> Response:
    """End the session and delete its cookies."""
    actions.end_session(uow, renewal, actor="session", now=now)
    return _without_session_cookies(RedirectResponse("/sign-in", status_code=303))


@router.get("/password")
def show_password_form(request: Request, actor: Anybody) -> Response:
    """Show the form to change the user's own password."""
    return page(request, "password.html", title="修改密码", back="/")


@router.post("/password")
def change_password(
    request: Request,
    actor: Anybody,
    uow: Uow,
    key: Key,
    now: Now,
    old: FormSecret = "",
    new: FormSecret = "",
    again: FormSecret = "",
) -> Response:
    """Change the password. All sessions of the account end; this browser gets a new one."""
    check_repeated(new, again)
    actions.change_password(uow, actor.account, old=old, new=new, actor=actor.account, now=now)
    new_session = actions.sign_in(uow, actor.account, password=new, key=key, actor=actor.account, now=now)
    return _with_session_cookies(process_of(request), done(request, "/"), new_session)


def _check_link(request: Request) -> None:
    with process_of(request).database.reader() as session:
        actions.link_owner(session, request.path_params["secret"])


@Credential
async def one_time_link(request: Request) -> None:
    """Check the secret of a one-time link. Raises UnknownLink."""
    await run_in_threadpool(_check_link, request)


@router.get("/welcome/{secret}")
def show_link(request: Request, secret: str, session: ReadingSession) -> Response:
    """Show the form of a one-time link: set the account's password, or create the first account."""
    owner = actions.link_owner(session, secret)
    return page(
        request, "welcome.html", title="设置密码" if owner else "建立首个管理员账号", secret=secret, owner=owner
    )


@router.post("/welcome/{secret}", dependencies=[Depends(one_time_link)], max_body_size=OPEN_FORM)
def use_link(
    request: Request,
    secret: str,
    uow: Uow,
    now: Now,
    password: FormSecret = "",
    again: FormSecret = "",
    account: FormRemark = "",
    name: FormName = "",
) -> Response:
    """Set the password, or create the first account. The link becomes invalid."""
    check_repeated(password, again)
    if actions.link_owner(uow.session, secret):
        actions.set_password(uow, secret, password=password, actor="link", now=now)
    else:
        actions.make_first_account(
            uow, secret, account=account.strip(), name=name.strip(), password=password, actor="link", now=now
        )
    return done(request, "/sign-in")


def _with_session_cookies(process: Process, response: Response, new_session: Renewable) -> Response:
    _set_cookie(process, response, COOKIE, new_session.token, path="/")
    _set_cookie(process, response, RENEWAL_COOKIE, new_session.secret, path=RENEWAL_PATH)
    return response


def _set_cookie(process: Process, response: Response, name: str, value: str, *, path: str) -> None:
    secure = process.settings.public_url.startswith("https:")
    response.set_cookie(name, value, path=path, httponly=True, samesite="lax", secure=secure)


def _without_session_cookies(response: Response) -> Response:
    response.delete_cookie(COOKIE, path="/")
    response.delete_cookie(RENEWAL_COOKIE, path=RENEWAL_PATH)
    return response
