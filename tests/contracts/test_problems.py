"""The page of problems is current and knows every refusal of the source."""

import json
import re
from pathlib import Path

from tools.problems import FILE, document

ROOT = Path(__file__).parents[2]
PROBLEMS = {entry["code"]: entry for entry in json.loads(FILE.read_text(encoding="utf-8"))}


def test_the_file_is_current() -> None:
    assert FILE.read_text(encoding="utf-8") == document()


def test_every_code_of_a_refusal_has_an_entry() -> None:
    named = set()
    for folder in (
        "shared/http",
        *(f"services/{service}" for service in ("intake", "review", "scheduling", "billing")),
    ):
        for path in (ROOT / folder).rglob("*.py"):
            named |= set(re.findall(r'\bcode="([a-z-]+)"', path.read_text()))
    assert len(named) > 150
    assert named - set(PROBLEMS) - {"settings", "tax-rates", "unknown-connector"} == set()


def test_statuses_and_texts_are_those_of_the_source() -> None:
    assert PROBLEMS["too-large"]["statuses"] == [413]
    assert PROBLEMS["unknown-application"] == {
        "code": "unknown-application",
        "statuses": [404],
        "texts": [["没有这份报名申请。", "There is no such application."]],
    }
    assert PROBLEMS["scan-password"]["statuses"] == [422]
    assert {entry["statuses"][0] // 100 for entry in PROBLEMS.values()} == {4, 5}
