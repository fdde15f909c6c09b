"""The portal's timeline has a sentence for every event."""

from services.portal.rules.sentences import SENTENCES
from shared.events import CONTRACTS


def test_every_event_has_a_sentence_and_every_sentence_an_event() -> None:
    assert set(SENTENCES) == set(CONTRACTS)
