"""The code and the documents use the field's words (tools/retired_words.csv)."""

from tools.words import findings


def test_no_retired_word_is_used() -> None:
    assert list(findings([])) == []
