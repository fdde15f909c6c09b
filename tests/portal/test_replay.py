"""The life of a dead letter: stored, selected, replayed, dead-lettered again, discarded."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlmodel import select

from services.portal import actions
from services.portal.rules.dead_letters import address, headers_of_replay, origin
from shared.foundation.errors import Conflict, Invalid
from shared.messaging.transport import Delivery, Outgoing
from shared.persistence.models import AuditRow
from tests.portal.conftest import NOW, Portal
from tests.portal.dead_letters import accept, dead_letter, fee, replay, stored_dead_letters


def test_a_dead_letter_is_replayed_with_its_original_bytes_and_headers(any_portal: Portal) -> None:
    sent: list[tuple[str, Outgoing]] = []

    def send(queue: str, batch: Sequence[Outgoing]) -> dict[UUID, str]:
        sent.extend((queue, message) for message in batch)
        return {}

    junk = Delivery(
        None, {"cloudEvents:id": "7", "x-lingjun-queue": "billing.jobs"} | {"x-death": "[]"}, b"\xff\x00", 0
    )
    with any_portal.process.database.transaction() as uow:
        actions.note_dead_letter(uow, junk)
    assert replay(any_portal, send) == actions.Replayed(1, 0, stored_dead_letters(any_portal)[0].id)
    assert [(queue, message.headers, message.body) for queue, message in sent] == [
        ("billing", {"cloudEvents:id": "7", "x-lingjun-replay": 1}, b"\xff\x00")
    ]


def test_a_forged_header_with_a_nul_is_stored(any_portal: Portal) -> None:
    forged = {"cloudEvents:subject": "a\x00b", "x-lingjun-replay": "99999999999999"}
    with any_portal.process.database.transaction() as uow:
        actions.note_dead_letter(uow, Delivery(None, forged, b"{}", 0))
    (row,) = stored_dead_letters(any_portal)
    assert (row.subject, row.replays) == ("a\ufffdb", 1)


def test_a_dead_letter_is_marked_only_when_the_broker_has_confirmed_it(any_portal: Portal) -> None:
    dead_letter(any_portal, fee(1), reason="a")
    dead_letter(any_portal, fee(2), reason="b", queue="gone")

    def send(queue: str, batch: Sequence[Outgoing]) -> dict[UUID, str]:
        return {message.id: "no such queue" for message in batch} if queue == "gone" else {}

    done = replay(any_portal, send)
    assert (done.sent, done.refused) == (1, 1)
    assert [(row.state, row.replays, row.replayed_by) for row in stored_dead_letters(any_portal)] == [
        ("replayed", 1, "zhao"),
        ("waiting", 0, None),
    ]


def test_a_message_dead_lettered_again_waits_again_and_a_redelivery_changes_nothing(any_portal: Portal) -> None:
    envelope = fee(1)
    dead_letter(any_portal, envelope)
    replay(any_portal, accept)
    dead_letter(any_portal, envelope)
    assert [(row.state, row.replays) for row in stored_dead_letters(any_portal)] == [("replayed", 1)]
    for _ in range(2):
        dead_letter(any_portal, envelope, reason="Conflict: 仍然不行。", replay=1)
        assert [(row.state, row.replays, row.reason) for row in stored_dead_letters(any_portal)] == [
            ("waiting", 1, "Conflict: 仍然不行。")
        ]
    replay(any_portal, accept)
    dead_letter(any_portal, envelope, replay=1)
    assert [(row.state, row.replays) for row in stored_dead_letters(any_portal)] == [("replayed", 2)]


def test_a_new_dead_letter_that_arrives_before_the_replay_is_marked_waits(any_portal: Portal) -> None:
    envelope = fee(1)
    dead_letter(any_portal, envelope)
    dead_letter(any_portal, envelope, reason="later", replay=1)
    assert [(row.state, row.replays, row.reason) for row in stored_dead_letters(any_portal)] == [
        ("waiting", 1, "later")
    ]


def test_only_selected_and_not_discarded_dead_letters_are_replayed(any_portal: Portal) -> None:
    dead_letter(any_portal, fee(1), reason="NotFound: 100% _a", queue="review")
    dead_letter(any_portal, fee(2), reason="NotFound: 100", queue="billing")
    dead_letter(any_portal, fee(3), reason="z", queue="billing")
    assert replay(any_portal, accept, reason="100%").sent == 1
    assert replay(any_portal, accept, type="nothing.of_the_kind").sent == 0
    with any_portal.process.database.transaction() as uow:
        actions.discard_dead_letter(uow, stored_dead_letters(any_portal)[2].id, reason="重复", actor="zhao", now=NOW)
    assert replay(any_portal, accept, queue="billing").sent == 1
    assert [row.state for row in stored_dead_letters(any_portal)] == ["replayed", "replayed", "discarded"]


def test_a_dead_letter_is_discarded_once_and_only_with_a_reason(any_portal: Portal) -> None:
    dead_letter(any_portal, fee(1))
    key = stored_dead_letters(any_portal)[0].id
    for reason, refusal in ((" ", Invalid), ("重复", None), ("重复", Conflict)):
        with any_portal.process.database.transaction() as uow:
            if refusal is None:
                actions.discard_dead_letter(uow, key, reason=reason, actor="zhao", now=NOW)
            else:
                with pytest.raises(refusal):
                    actions.discard_dead_letter(uow, key, reason=reason, actor="zhao", now=NOW)
    with any_portal.process.database.reader() as session:
        records = session.exec(select(AuditRow).where(AuditRow.subject == key)).all()
    assert [(record.action, record.details) for record in records] == [("dead_letter_discarded", {"reason": "重复"})]


def test_the_origin_address_and_headers_of_a_replay() -> None:
    assert origin({"x-lingjun-queue": "review", "x-first-death-queue": "lingjun.x"}) == "review"
    assert origin({"x-first-death-queue": "lingjun.review"}) == "review"
    assert origin({"x-first-death-queue": "lingjun.review.retry.10s"}) == "review"
    assert origin({}) == "未知"
    assert [address("billing.jobs"), address("billing")] == ["billing", "billing"]
    assert headers_of_replay({"cloudEvents:id": "1", "traceparent": "t", "x-lingjun-reason": "r"}, 2) == {
        "cloudEvents:id": "1",
        "traceparent": "t",
        "x-lingjun-replay": 2,
    }
