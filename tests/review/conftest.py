"""Fixture: a review service with a small published programme (three seats, two waiting places), on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.review.settings import ReviewSettings
from tests.processes import process_for
from tests.review.stage import Review


@pytest.fixture
def review(database_url: str, tmp_path: Path) -> Iterator[Review]:
    process = process_for(ReviewSettings, database_url, tmp_path)
    driver = Review(process, tmp_path)
    driver.publish_programme(quota=3, waiting_list_places=2)
    yield driver
    process.database.close()


@pytest.fixture
def released(review: Review) -> Review:
    """A released ranking: 0, 1, 2 hold the three seats, 3 and 4 wait, 5 is not selected."""
    review.released(90, 85, 80, 75, 70, 65)
    return review
