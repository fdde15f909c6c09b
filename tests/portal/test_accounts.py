"""Accounts and sessions: stored rows, published events and refusals, on both databases."""

import json
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from services.portal import actions
from services.portal.actions import sessions
from services.portal.errors import UnknownAccount, UnknownLink, WrongPassword
from services.portal.models import Account, OneTimeLink, SignedInSession
from services.portal.states import AccountState
from shared.foundation.clock import real_now
from shared.foundation.errors import Conflict, Invalid, NotSignedIn
from shared.http.auth import read_token
from shared.persistence.models import AuditRow, OutboxRow, StaffAccess
from tests.portal.conftest import NOW, PASSWORD, Portal


def published_access(session: Session) -> list[tuple[str, list[str]]]:
    """Return account and roles of every StaffAccessChanged so far."""
    bodies = [json.loads(row.body) for row in session.exec(select(OutboxRow).order_by(col(OutboxRow.id)))]
    return [(body["account"], body["roles"]) for body in bodies]


def audited(session: Session) -> list[tuple[str, str, str]]:
    return [
        (row.actor, row.action, row.subject) for row in session.exec(select(AuditRow).order_by(col(AuditRow.number)))
    ]


def secret_of(link: str) -> str:
    return link.rpartition("/")[2]


def test_the_first_account_is_created_once_with_the_newest_console_link(any_portal: Portal) -> None:
    database = any_portal.process.database
    links = []
    for _ in range(2):
        with database.transaction() as uow:
            links.append(actions.first_account_link(uow, actor="console", now=NOW))
    first = {"account": "zhao", "name": "赵管理", "password": PASSWORD, "actor": "link", "now": NOW}
    with database.transaction() as uow, pytest.raises(UnknownLink):
        actions.make_first_account(uow, secret_of(str(links[0])), **first)  # type: ignore[arg-type]
    with database.transaction() as uow:
        actions.make_first_account(uow, secret_of(str(links[1])), **first)  # type: ignore[arg-type]
    with database.transaction() as uow:
        assert actions.first_account_link(uow, actor="console", now=NOW) is None
        assert uow.session.exec(select(OneTimeLink)).all() == []
        row = uow.session.get_one(Account, "zhao")
        assert (row.roles, row.state) == (["administrator"], AccountState.OPEN)
        assert str(row.password_hash).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
        assert published_access(uow.session) == [("zhao", ["administrator"])]


def test_an_account_has_no_access_until_its_owner_sets_the_password(any_portal: Portal) -> None:
    database = any_portal.process.database
    with database.transaction() as uow:
        link = actions.create_account(uow, "qian", name="钱审核", roles=["judge", "reviewer"], actor="zhao", now=NOW)
    with database.reader() as session:
        assert published_access(session) == [("qian", [])]
        assert session.get_one(Account, "qian").password_hash is None
    with database.transaction() as uow:
        actions.set_password(uow, secret_of(link), password=PASSWORD, actor="link", now=NOW)
    with database.reader() as session:
        assert published_access(session)[1:] == [("qian", ["reviewer", "judge"])]
        assert audited(session) == [("zhao", "account_created", "qian"), ("link", "password_set", "qian")]
    with database.transaction() as uow, pytest.raises(UnknownLink):
        actions.set_password(uow, secret_of(link), password=PASSWORD, actor="link", now=NOW)


def test_an_expired_link_is_invalid(portal: Portal) -> None:
    with portal.process.database.transaction() as uow:
        link = actions.create_account(uow, "qian", name="钱审核", roles=["judge"], actor="zhao", now=NOW)
        row = uow.session.exec(select(OneTimeLink)).one()
        row.expires_at = real_now()
        uow.session.add(row)
    with portal.process.database.transaction() as uow, pytest.raises(UnknownLink):
        actions.link_owner(uow.session, secret_of(link))


def test_the_first_accounts_link_cannot_set_a_password(portal: Portal) -> None:
    with portal.process.database.transaction() as uow:
        link = actions.first_account_link(uow, actor="console", now=NOW)
    with portal.process.database.transaction() as uow, pytest.raises(UnknownLink):
        actions.set_password(uow, secret_of(str(link)), password=PASSWORD, actor="link", now=NOW)


def test_an_existing_account_is_not_created_again(any_portal: Portal) -> None:
    any_portal.account("qian", "judge")
    with any_portal.process.database.transaction() as uow, pytest.raises(Conflict, match="已经存在"):
        actions.create_account(uow, "qian", name="钱二", roles=["judge"], actor="zhao", now=NOW)


def test_changed_roles_are_published_once_and_apply_to_renewed_sessions(any_portal: Portal) -> None:
    any_portal.account("qian", "judge")
    database, key = any_portal.process.database, any_portal.app.state.signing_key
    with database.transaction() as uow:
        renewable = actions.sign_in(uow, "qian", password=PASSWORD, key=key, actor="qian", now=NOW)
    for _ in range(2):
        with database.transaction() as uow:
            actions.change_roles(uow, "qian", roles=["reviewer"], actor="zhao", now=NOW)
    with database.transaction() as uow:
        token = read_token(
            actions.renew(uow, renewable.secret, key=key), any_portal.process.settings.token_public_key_file
        )
        assert token is not None
        assert token.roles == ("reviewer",)
        assert token.iat >= uow.session.get_one(StaffAccess, "qian").valid_from.timestamp()
        assert published_access(uow.session)[2:] == [("qian", ["reviewer"])]


def test_roles_of_an_unknown_account_and_incompatible_roles_are_refused(portal: Portal) -> None:
    portal.account("qian", "judge")
    with portal.process.database.transaction() as uow, pytest.raises(UnknownAccount):
        actions.change_roles(uow, "sun", roles=["judge"], actor="zhao", now=NOW)
    with portal.process.database.transaction() as uow, pytest.raises(Invalid):
        actions.change_roles(uow, "qian", roles=["judge", "auditor"], actor="zhao", now=NOW)


def test_the_last_administrator_cannot_be_removed(any_portal: Portal) -> None:
    any_portal.account("zhao", "administrator")
    database = any_portal.process.database
    with database.transaction() as uow, pytest.raises(Conflict, match="唯一的系统管理员"):
        actions.change_roles(uow, "zhao", roles=["judge"], actor="zhao", now=NOW)
    with database.transaction() as uow, pytest.raises(Conflict, match="唯一的系统管理员"):
        actions.close_account(uow, "zhao", actor="console", now=NOW)
    with database.transaction() as uow, pytest.raises(Conflict, match="唯一的系统管理员"):
        actions.renew_link(uow, "zhao", actor="console", now=NOW)
    any_portal.account("wang", "administrator")
    with database.transaction() as uow:
        actions.close_account(uow, "zhao", actor="wang", now=NOW)


def test_an_administrator_cannot_close_or_relink_the_own_account(portal: Portal) -> None:
    portal.account("zhao", "administrator")
    with portal.process.database.transaction() as uow, pytest.raises(Conflict, match="自己的账号"):
        actions.close_account(uow, "zhao", actor="zhao", now=NOW)
    with portal.process.database.transaction() as uow, pytest.raises(Conflict, match="修改密码"):
        actions.renew_link(uow, "zhao", actor="zhao", now=NOW)


def test_a_closed_account_loses_its_sessions_and_cannot_sign_in(any_portal: Portal) -> None:
    any_portal.account("qian", "judge")
    database, key = any_portal.process.database, any_portal.app.state.signing_key
    with database.transaction() as uow:
        renewable = actions.sign_in(uow, "qian", password=PASSWORD, key=key, actor="qian", now=NOW)
    for _ in range(2):
        with database.transaction() as uow:
            actions.close_account(uow, "qian", actor="zhao", now=NOW)
    with database.reader() as session:
        assert published_access(session)[2:] == [("qian", [])]
    with database.transaction() as uow, pytest.raises(NotSignedIn):
        actions.renew(uow, renewable.secret, key=key)
    with database.transaction() as uow, pytest.raises(WrongPassword):
        actions.sign_in(uow, "qian", password=PASSWORD, key=key, actor="qian", now=NOW)


def test_a_new_link_voids_the_password_and_reopens_a_closed_account(any_portal: Portal) -> None:
    any_portal.account("qian", "judge")
    database, key = any_portal.process.database, any_portal.app.state.signing_key
    with database.transaction() as uow:
        actions.close_account(uow, "qian", actor="zhao", now=NOW)
    with database.transaction() as uow:
        link = actions.renew_link(uow, "qian", actor="zhao", now=NOW)
    with database.transaction() as uow, pytest.raises(WrongPassword):
        actions.sign_in(uow, "qian", password=PASSWORD, key=key, actor="qian", now=NOW)
    with database.transaction() as uow:
        actions.set_password(uow, secret_of(link), password="Rain-On-Stone-7", actor="link", now=NOW)
    with database.transaction() as uow:
        actions.sign_in(uow, "qian", password="Rain-On-Stone-7", key=key, actor="qian", now=NOW)


def test_a_link_of_a_closed_account_is_invalid(portal: Portal) -> None:
    with portal.process.database.transaction() as uow:
        link = actions.create_account(uow, "qian", name="钱审核", roles=["judge"], actor="zhao", now=NOW)
        actions.close_account(uow, "qian", actor="zhao", now=NOW)
    with portal.process.database.transaction() as uow, pytest.raises(UnknownLink):
        actions.set_password(uow, secret_of(link), password=PASSWORD, actor="link", now=NOW)


@pytest.mark.parametrize("account", ["qian", "nobody", "invited"])
def test_every_failed_login_gets_the_same_message(any_portal: Portal, account: str) -> None:
    any_portal.account("qian", "judge")
    database, key = any_portal.process.database, any_portal.app.state.signing_key
    with database.transaction() as uow:
        actions.create_account(uow, "invited", name="孙待定", roles=["judge"], actor="zhao", now=NOW)
    with database.transaction() as uow, pytest.raises(WrongPassword) as refusal:
        actions.sign_in(uow, account, password="Wrong-Password-1", key=key, actor=account, now=NOW)
    assert refusal.value.message == "账号或密码不正确。"


def test_only_hashes_of_the_browsers_secrets_are_stored(portal: Portal) -> None:
    portal.account("qian", "judge")
    with portal.process.database.transaction() as uow:
        renewable = actions.sign_in(
            uow, "qian", password=PASSWORD, key=portal.app.state.signing_key, actor="qian", now=NOW
        )
        uow.session.flush()
        stored = uow.session.exec(select(SignedInSession)).one()
    assert renewable.secret not in (stored.secret_hash, stored.sid)


@pytest.mark.parametrize(
    ("started", "renewed"),
    [
        (sessions.IDLE + timedelta(minutes=1), sessions.IDLE + timedelta(seconds=1)),
        (sessions.LONGEST + timedelta(seconds=1), timedelta(0)),
    ],
)
def test_an_idle_or_too_old_session_has_expired(portal: Portal, started: timedelta, renewed: timedelta) -> None:
    portal.account("qian", "judge")
    key = portal.app.state.signing_key
    with portal.process.database.transaction() as uow:
        renewable = actions.sign_in(uow, "qian", password=PASSWORD, key=key, actor="qian", now=NOW)
        uow.session.flush()
        stored = uow.session.exec(select(SignedInSession)).one()
        stored.started_at, stored.renewed_at = real_now() - started, real_now() - renewed
        uow.session.add(stored)
    with portal.process.database.transaction() as uow, pytest.raises(NotSignedIn):
        actions.renew(uow, renewable.secret, key=key)


def test_an_ended_session_is_not_renewed_and_is_ended_once(any_portal: Portal) -> None:
    any_portal.account("qian", "judge")
    database, key = any_portal.process.database, any_portal.app.state.signing_key
    with database.transaction() as uow:
        renewable = actions.sign_in(uow, "qian", password=PASSWORD, key=key, actor="qian", now=NOW)
    for _ in range(2):
        with database.transaction() as uow:
            actions.end_session(uow, renewable.secret, actor="session", now=NOW)
    with database.transaction() as uow, pytest.raises(NotSignedIn):
        actions.renew(uow, renewable.secret, key=key)
    with database.reader() as session:
        assert [action for _, action, _ in audited(session)].count("signed_out") == 1


def test_changing_a_password_requires_the_old_one(any_portal: Portal) -> None:
    any_portal.account("qian", "judge")
    change = {"actor": "qian", "now": NOW}
    database = any_portal.process.database
    with database.transaction() as uow, pytest.raises(WrongPassword):
        actions.change_password(uow, "qian", old="Wrong-Password-1", new="Rain-On-Stone-7", **change)  # type: ignore[arg-type]
    with database.transaction() as uow, pytest.raises(Invalid):
        actions.change_password(uow, "qian", old=PASSWORD, new="short", **change)  # type: ignore[arg-type]
    with database.transaction() as uow:
        actions.change_password(uow, "qian", old=PASSWORD, new="Rain-On-Stone-7", **change)  # type: ignore[arg-type]
    with database.transaction() as uow:
        key = any_portal.app.state.signing_key
        actions.sign_in(uow, "qian", password="Rain-On-Stone-7", key=key, actor="qian", now=NOW)
