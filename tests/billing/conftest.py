"""Fixtures: billing with three applications of two firms, on both databases, and staff clients of its pages."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from services.billing.web import make_app
from shared.foundation.clock import TravellingClock
from tests.billing.desk import Desk, open_desk
from tests.billing.money import Line, statement_of
from tests.billing.refunding import DAY, end_with_refund
from tests.billing.snapshots import ALPHA, BETA, FEE, code
from tests.signing import csrf_headers, session_cookies

IN_DECEMBER = datetime(2021, 12, 30, 2, tzinfo=UTC)


@pytest.fixture
def empty_desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk with the programme and no application."""
    desk = open_desk(database_url, tmp_path)
    yield desk
    desk.process.database.close()


@pytest.fixture
def desk(empty_desk: Desk) -> Desk:
    """Application 1 of one firm, 2 and 3 of another."""
    empty_desk.handle(
        empty_desk.submitted(1, ALPHA, "钱一鸣"),
        empty_desk.submitted(2, BETA, "孙二喜"),
        empty_desk.submitted(3, BETA, "李三槐"),
    )
    return empty_desk


@pytest.fixture
def paid(desk: Desk) -> Desk:
    """Application 1 has paid, is not selected, and review has ordered the refund."""
    desk.import_statement(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    end_with_refund(desk, 1)
    return desk


def as_staff(desk: Desk, account: str, *roles: str) -> TestClient:
    """Return a client of billing's pages, signed in as a member of staff."""
    cookies = session_cookies(desk.process, *roles, account=account, name=account)
    return TestClient(make_app(desk.process), cookies=cookies, headers=csrf_headers(), follow_redirects=False)


@pytest.fixture
def december_desk(desk: Desk) -> Desk:
    """The desk at the end of December."""
    assert isinstance(desk.process.clock, TravellingClock)
    desk.process.clock.set(IN_DECEMBER)
    desk.now = IN_DECEMBER
    return desk


@pytest.fixture
def finance(december_desk: Desk) -> TestClient:
    return as_staff(december_desk, "finance.zhou", "finance")


@pytest.fixture
def checker(december_desk: Desk) -> TestClient:
    return as_staff(december_desk, "checker.wu", "finance_checker")
