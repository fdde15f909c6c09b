"""Before the story: the first administrator uses the one-time link from the console and creates all accounts."""

import re
import secrets
from collections.abc import Iterable

from services.demo.player.clients import Person, Stage, UnexpectedResponse, installation_client, run_concurrently
from services.demo.staff import Account

ADMIN = "admin"


def invented_password() -> str:
    """Return a random password that the portal accepts: long, with three character classes."""
    return f"Lj-{secrets.token_urlsafe(15)}9"


def create_accounts(stage: Stage, accounts: Iterable[Account], first_link: str) -> None:
    """Create every account with its password. Existing accounts stay unchanged."""
    visitor = installation_client(stage.addresses)
    by_name = {one.account: one for one in accounts}
    if first_link:
        admin = by_name[ADMIN]
        data = _password(stage, ADMIN) | {"account": admin.account, "name": admin.name}
        answer = visitor.post(first_link, data=data)
        if answer.status_code != 303:
            raise UnexpectedResponse(answer.request, answer)
    administrator = stage.person(ADMIN)

    def open_account(account: Account) -> None:
        if link := _link_for(stage, administrator, account):
            answer = visitor.post(link, data=_password(stage, account.account))
            if answer.status_code != 303:
                raise UnexpectedResponse(answer.request, answer)

    run_concurrently(open_account, [one for one in by_name.values() if one.account != ADMIN])


def _link_for(stage: Stage, administrator: Person, account: Account) -> str | None:
    """Return the one-time link of an account without a password; None if the account has one."""
    body = {"account": account.account, "name": account.name, "roles": list(account.roles)}
    answer = administrator.client.post("/api/accounts", json=body, headers={"X-CSRF-Token": administrator.csrf})
    if answer.status_code == 201:
        return str(answer.json()["link"])
    shown = administrator.client.get(f"/accounts/{account.account}")
    if shown.status_code != 200:
        raise UnexpectedResponse(answer.request, answer)
    if "待设密码" not in shown.text:
        return None
    administrator.submit(f"/accounts/{account.account}/link")
    found = re.search(r"/welcome/[\w-]+", administrator.client.get(f"/accounts/{account.account}").text)
    return found[0] if found else None


def _password(stage: Stage, account: str) -> dict[str, str]:
    return {"password": stage.passwords[account], "again": stage.passwords[account]}
