"""A list answers awkward pages, sortings and keys in words, in every service."""

from pathlib import Path
from typing import Any, get_args

import pytest
from joserfc.jwk import OKPKey
from starlette.testclient import TestClient

from shared.foundation.clock import real_now
from shared.http.auth import COOKIE, SessionToken, sign_token
from shared.wiring.registry import Role
from tests.limits.apps import make_apps
from tests.shared.sample_service import _new_key

PAGES = ("-1", "x", "1000001", str(2**63), "9" * 5000)
KEYS = ("", "x", "%00", "-1", str(2**63))


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[TestClient, str]]:
    """A signed-in client and the path of each list."""
    folder: Path = tmp_path_factory.mktemp("lists")
    found = []
    apps = make_apps(folder)
    public_file = apps[0].state.process.settings.token_public_key_file
    key = OKPKey.import_key(_new_key(public_file))
    issued = real_now().timestamp()
    roles = get_args(Role)
    token = SessionToken(sub="li", name="李青", roles=roles, iat=issued, exp=issued + 900, sid="s" * 32)
    for app in apps:
        client = TestClient(app, cookies={COOKIE: sign_token(token, key)})
        found += [(client, path) for path in list_paths(app.state.dashboard)]
    return found


def list_paths(dashboard: Any) -> list[str]:
    return [link.href.removesuffix("/list") for link in dashboard.links if link.href.startswith(dashboard.base)]


def test_a_page_that_cannot_be_is_the_first_or_is_refused_in_words(lists: list[tuple[TestClient, str]]) -> None:
    assert len(lists) > 10
    for client, path in lists:
        answers = [client.get(f"{path}/list?page={page}") for page in PAGES]
        assert [one.status_code for one in answers] == [200, 200, 400, 400, 200], path
        assert "筛选条件无法识别" in answers[3].text


def test_a_key_without_a_row_gets_404_in_words(lists: list[tuple[TestClient, str]]) -> None:
    for client, path in lists:
        answers = [client.get(f"{path}/detail?pk={key}") for key in KEYS]
        assert [one.status_code for one in answers] == [404] * len(KEYS), path
        assert all("没有这条记录" in one.text for one in answers)
