"""Signing in, staying in, going out, and passwords."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Cookie, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from joserfc.jwk import OKPKey

from services.portal import actions
from services.portal.actions import Attempt, Renewable
from services.portal.rules.access import safe_path
from services.portal.rules.passwords import check_repeated
from shared.dashboard import done, page
from shared.foundation.errors import NotSignedIn, Refusal
from shared.http.auth import COOKIE, CurrentUser, current_user, staff
from shared.http.web import Now, ReadingSession, Uow, WithTools, process_of
from shared.wiring.process import Process

router = APIRouter()
RENEWAL_COOKIE = "lingjun_renewal"
RENEWAL_PATH = "/session"
Anybody = Annotated[CurrentUser, Depends(staff())]
Renewal = Annotated[str, Cookie(alias=RENEWAL_COOKIE)]
Typed = Annotated[str, Form()]


def signing_key_of(request: Request) -> OKPKey:
    """The key that web.py opened."""
    key: OKPKey = request.app.state.signing_key
    return key


Key = Annotated[OKPKey, Depends(signing_key_of)]


@router.get("/sign-in")
def ask(request: Request, next: str = "/") -> Response:  # noqa: A002 (the query's name)
    """The sign-in page; whoever is signed in goes straight on."""
    try:
        current_user(request)
    except NotSignedIn:
        return page(request, "sign_in.html", title="登录", next=safe_path(next))
    return RedirectResponse(safe_path(next), status_code=303)


@router.post("/sign-in")
def sign_in(
    request: Request,
    key: Key,
    now: Now,
    tools: WithTools,
    account: Typed = "",
    password: Typed = "",
    next: Typed = "/",  # noqa: A002
) -> Response:
    """Begins a session. A refusal outlives the transaction: counted in Redis, audited in a transaction of its own."""
    process = process_of(request)
    attempt = Attempt(account.strip().lower(), _address(request))
    try:
        actions.check_attempt(tools.redis, attempt)
        with process.database.transaction() as uow:
            begun = actions.sign_in(uow, attempt.account, password=password, key=key, actor=attempt.account, now=now)
    except Refusal as refusal:
        if refusal.code == "wrong-password":
            actions.count_failure(tools.redis, attempt)
        with process.database.transaction() as uow:
            actions.note_refused_sign_in(
                uow, attempt.account, actor="anonymous", now=now, code=refusal.code, address=attempt.address
            )
        raise
    actions.forget_failures(tools.redis, attempt)
    return _let_in(process, done(request, safe_path(next)), begun)


@router.get("/session/renew")
def renew(
    request: Request,
    uow: Uow,
    key: Key,
    renewal: Renewal = "",
    next: str = "",  # noqa: A002
) -> Response:
    """A fresh token. Scripts get 204 or 401; people go on to `next`, or sign in first."""
    wanted = safe_path(next)
    try:
        token = actions.renew(uow, renewal, key=key)
    except NotSignedIn:
        if "json" in request.headers.get("accept", ""):
            raise
        return _cleared(RedirectResponse(f"/sign-in?next={quote(wanted, safe='/')}", status_code=303))
    answer = RedirectResponse(wanted, status_code=303) if next else Response(status_code=204)
    _set_cookie(process_of(request), answer, COOKIE, token, path="/")
    return answer


# Under the renewal cookie's path, so that the browser shows it here.
@router.post("/session/end")
def sign_out(request: Request, uow: Uow, now: Now, renewal: Renewal = "") -> Response:
    """Ends the session in the portal and in this browser."""
    actions.end_session(uow, renewal, actor="session", now=now)
    return _cleared(RedirectResponse("/sign-in", status_code=303))


@router.get("/password")
def ask_new_password(request: Request, actor: Anybody) -> Response:
    """The form to change one's own password."""
    return page(request, "password.html", title="修改密码", back="/")


@router.post("/password")
def change_password(
    request: Request,
    actor: Anybody,
    uow: Uow,
    key: Key,
    now: Now,
    old: Typed = "",
    new: Typed = "",
    again: Typed = "",
) -> Response:
    """Changes it; every other session of the account ends, this one goes on as a new one."""
    check_repeated(new, again)
    actions.change_password(uow, actor.account, old=old, new=new, actor=actor.account, now=now)
    begun = actions.sign_in(uow, actor.account, password=new, key=key, actor=actor.account, now=now)
    return _let_in(process_of(request), done(request, "/"), begun)


@router.get("/welcome/{secret}")
def welcome(request: Request, secret: str, session: ReadingSession) -> Response:
    """Where a one-time link leads: a password for the account, or the first account."""
    owner = actions.link_owner(session, secret)
    return page(
        request, "welcome.html", title="设置密码" if owner else "建立首个管理员账号", secret=secret, owner=owner
    )


@router.post("/welcome/{secret}")
def requeue_failed(
    request: Request,
    secret: str,
    uow: Uow,
    now: Now,
    password: Typed = "",
    again: Typed = "",
    account: Typed = "",
    name: Typed = "",
) -> Response:
    """Sets the password; the link is used up."""
    check_repeated(password, again)
    if actions.link_owner(uow.session, secret):
        actions.set_password(uow, secret, password=password, actor="link", now=now)
    else:
        actions.make_first_account(
            uow, secret, account=account.strip(), name=name.strip(), password=password, actor="link", now=now
        )
    return done(request, "/sign-in")


def _let_in(process: Process, answer: Response, begun: Renewable) -> Response:
    _set_cookie(process, answer, COOKIE, begun.token, path="/")
    _set_cookie(process, answer, RENEWAL_COOKIE, begun.secret, path=RENEWAL_PATH)
    return answer


def _set_cookie(process: Process, answer: Response, name: str, value: str, *, path: str) -> None:
    secure = process.settings.public_url.startswith("https:")
    answer.set_cookie(name, value, path=path, httponly=True, samesite="lax", secure=secure)


def _cleared(answer: Response) -> Response:
    answer.delete_cookie(COOKIE, path="/")
    answer.delete_cookie(RENEWAL_COOKIE, path=RENEWAL_PATH)
    return answer


def _address(request: Request) -> str:
    forwarded = request.headers.get("x-forwarded-for", "") if request.app.state.behind_gateway else ""
    return forwarded.rpartition(",")[2].strip() or (request.client.host if request.client else "unknown")
