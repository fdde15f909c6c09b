"""Before the story: the first administrator takes up the link from the console and opens everybody's account."""

import re
import secrets
from collections.abc import Iterable

from services.demo.player.clients import Person, Stage, Unexpected, house_client, together
from services.demo.staff import Account

ADMIN = "admin"


def invented_password() -> str:
    """A password that the portal takes: long, of three classes, from the system's randomness."""
    return f"Lj-{secrets.token_urlsafe(15)}9"


def open_office(stage: Stage, accounts: Iterable[Account], first_link: str) -> None:
    """Makes every account with its password; what exists already is left as it is."""
    visitor = house_client(stage.addresses)
    by_name = {one.account: one for one in accounts}
    if first_link:
        admin = by_name[ADMIN]
        data = _password(stage, ADMIN) | {"account": admin.account, "name": admin.name}
        answer = visitor.post(first_link, data=data)
        if answer.status_code != 303:
            raise Unexpected(answer.request, answer)
    administrator = stage.person(ADMIN)

    def open_account(account: Account) -> None:
        if link := _link_for(stage, administrator, account):
            answer = visitor.post(link, data=_password(stage, account.account))
            if answer.status_code != 303:
                raise Unexpected(answer.request, answer)

    together(open_account, [one for one in by_name.values() if one.account != ADMIN])


def _link_for(stage: Stage, administrator: Person, account: Account) -> str | None:
    """The one-time link of an account that has no password yet; None when the account is ready."""
    wanted = {"account": account.account, "name": account.name, "roles": list(account.roles)}
    answer = administrator.client.post("/api/accounts", json=wanted, headers={"X-CSRF-Token": administrator.csrf})
    if answer.status_code == 201:
        return str(answer.json()["link"])
    shown = administrator.client.get(f"/accounts/{account.account}")
    if shown.status_code != 200:
        raise Unexpected(answer.request, answer)
    if "待设密码" not in shown.text:
        return None
    administrator.submit(f"/accounts/{account.account}/link")
    found = re.search(r"/welcome/[\w-]+", administrator.client.get(f"/accounts/{account.account}").text)
    return found[0] if found else None


def _password(stage: Stage, account: str) -> dict[str, str]:
    return {"password": stage.passwords[account], "again": stage.passwords[account]}
