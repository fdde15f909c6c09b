"""A review service that has heard a small programme (three seats, two places to wait), on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.review.settings import ReviewSettings
from tests.processes import process_for
from tests.review.stage import Review


@pytest.fixture
def review(database_url: str, tmp_path: Path) -> Iterator[Review]:
    process = process_for(ReviewSettings, database_url, tmp_path)
    found = Review(process, tmp_path)
    found.publish(quota=3, waiting_list_places=2)
    yield found
    process.database.close()
