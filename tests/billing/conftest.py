"""Billing's desk with three applications of two firms, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.billing.books import ALPHA, BETA
from tests.billing.desk import Desk, open_desk


@pytest.fixture
def empty_desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk that knows the programme and no application."""
    desk = open_desk(database_url, tmp_path)
    yield desk
    desk.process.database.close()


@pytest.fixture
def desk(empty_desk: Desk) -> Desk:
    """Application 1 of one firm, 2 and 3 of another."""
    empty_desk.say(
        empty_desk.submitted(1, ALPHA, "钱一鸣"),
        empty_desk.submitted(2, BETA, "孙二喜"),
        empty_desk.submitted(3, BETA, "李三槐"),
    )
    return empty_desk
