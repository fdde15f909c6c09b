"""The form of a commit message, as the commit-msg hook checks it."""

import pytest

from tools.commit_message import faults


@pytest.mark.parametrize(
    "message",
    [
        "billing: Reject a statement without a date",
        "tests/messaging: Pass the broker's name on\n\nThe old name was ambiguous.\n",
        "docs: Explain the audit log\n# a comment of git",
        "Merge branch 'other'",
    ],
)
def test_a_good_message_passes(message: str) -> None:
    assert faults(message) == []


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ("", "Begin with"),
        ("Fix the ledger", "Begin with"),
        ("billing: fix the ledger", "Begin with"),
        ("billing: Added a column", "imperative"),
        ("billing: Adding a column", "imperative"),
        ("billing: Adds a column", "imperative"),
        ("billing: Add a column.", "full stop"),
        ("billing: Add a column" + " and more" * 7, "shorten it to 72"),
        ("billing: Add a column\nfor the date", "second line blank"),
    ],
)
def test_a_bad_message_is_refused_with_what_to_do(message: str, hint: str) -> None:
    assert any(hint in fault for fault in faults(message))
