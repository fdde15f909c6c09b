"""The invariants of a world: some are checked after every step, all at the end. Called by world.py."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from uuid import UUID

from sqlalchemy import event
from sqlmodel import select

from services.billing import models as billing
from services.billing import states as billing_states
from services.demo.player.summary import reconcile
from services.intake import models as intake
from services.intake.states import APPLICATION_STEPS
from services.portal.models import DeadLetter, Occurrence
from services.review import models as review
from services.review import states as review_states
from services.scheduling import models as scheduling
from services.scheduling import states as scheduling_states
from shared.foundation.transitions import Transition
from shared.http.stats import infrastructure_stats
from shared.messaging.transport import DEAD_LETTERS
from shared.persistence.audit import find_break
from shared.persistence.models import JobRow, OutboxRow, PublishedEvent
from tests.simulation.stage import QUOTA, Stage, simulated_programme

# A world teaches no course, so its plan, calendar and certificates are left out. Admissions may be fewer than the quota
# if too few candidates are ranked; _admissions checks them separately.
LEFT_OUT = ("录取:", "结业名单", "教学计划", "课程表")
TABLES: tuple[tuple[Any, tuple[Transition, ...]], ...] = (
    (intake.Application.state, APPLICATION_STEPS),
    (review.Case.state, review_states.CASE_STEPS),
    (review.Seat.state, review_states.SEAT_STEPS),
    (review.Ranking.state, review_states.RANKING_STEPS),
    (scheduling.Candidate.state, scheduling_states.CANDIDATE_STEPS),
    (scheduling.Student.state, scheduling_states.STUDENT_STEPS),
    (scheduling.Proposal.state, scheduling_states.PROPOSAL_STEPS),
    (billing.FeeAccount.state, billing_states.ACCOUNT_STEPS),
    (billing.Statement.state, billing_states.STATEMENT_STEPS),
    (billing.BankEntry.state, billing_states.ENTRY_STEPS),
    (billing.Refund.state, billing_states.REFUND_STEPS),
    (billing.Invoice.state, billing_states.INVOICE_STEPS),
)


class InvariantViolation(AssertionError):
    """An invariant does not hold."""


@contextmanager
def watch_transitions() -> Iterator[list[str]]:
    """Collect, within the block, every state change that its transition table does not allow."""
    found: list[str] = []
    watchers = [(column, _watcher(column, steps, found)) for column, steps in TABLES]
    for column, watch in watchers:
        event.listen(column, "set", watch)
    try:
        yield found
    finally:
        for column, watch in watchers:
            event.remove(column, "set", watch)


def _watcher(column: Any, steps: tuple[Transition, ...], found: list[str]) -> Any:
    allowed = {(str(step.source) if step.source else "", str(step.target)) for step in steps}

    def watch(_row: Any, target: Any, source: Any, _initiator: Any) -> None:
        before = str(source) if isinstance(source, str) else ""
        if target and before != target and (before, str(target)) not in allowed:
            found.append(f"{column.class_.__name__}: {before or 'nothing'} -> {target}")

    return watch


def check_step(stage: Stage, illegal_transitions: list[str]) -> None:
    """Check the cheap invariants. Raises InvariantViolation."""
    if illegal_transitions:
        raise InvariantViolation(f"a state moved as its table does not allow: {illegal_transitions[0]}")
    held = stage.services["review"].database.count("SELECT count(*) FROM seat WHERE state = 'held'")
    if held > QUOTA:
        raise InvariantViolation(f"{held} seats are held of {QUOTA}")


def check_end(stage: Stage) -> None:
    """Check all invariants of an idle installation. Raises InvariantViolation."""
    for check in (_idle, _summary, _admissions, _invoices, _ledger, _admission_letters, _sequences, _timelines):
        check(stage)


def stats(stage: Stage) -> dict[str, Any]:
    """Return the services' statistics as their endpoints return them."""
    found = {}
    for name in stage.services:
        domain = import_module(f"services.{name}.queries").stats
        found[name] = stage.run_query(name, infrastructure_stats) | {
            "now": stage.clock.now().isoformat(),
            "audit_break": stage.run_query(name, find_break),
            "domain": stage.run_query(name, domain),
        }
    return found


def _idle(stage: Stage) -> None:
    for name in stage.services:
        if stage.rows(name, OutboxRow):
            raise InvariantViolation(f"{name}: the outbox is not empty")
        if failed := [row for row in stage.rows(name, JobRow) if row.state != "done"]:
            raise InvariantViolation(f"{name}: job {failed[0].name} is {failed[0].state}: {failed[0].outcome}")
    bus = stage.services["portal"].bus
    if dead := bus.queues[DEAD_LETTERS]:
        headers = dead[0].headers
        raise InvariantViolation(
            f"{headers['x-lingjun-queue']} gave up {headers['cloudEvents:type']}: {headers['x-lingjun-reason']}"
        )
    if dead_rows := stage.rows("portal", DeadLetter):
        raise InvariantViolation(f"dead letter: {dead_rows[0].reason}")


def _summary(stage: Stage) -> None:
    found = stats(stage)
    fees: dict[str, int] = {line.code: line.amount_fen for line in simulated_programme().fee_lines}
    held = found["review"]["domain"]["seats_held"]
    waiting = found["review"]["domain"]["waiting"]
    if held < QUOTA and waiting:
        raise InvariantViolation(f"{held} seats are held while {waiting} wait")
    for line in reconcile(found, quota=held, seat_fen=fees):
        if not line.holds and not line.text.startswith(LEFT_OUT):
            raise InvariantViolation(f"the summary does not reconcile: {line.text}")


def _admissions(stage: Stage) -> None:
    found = stats(stage)["review"]
    published = found["published"].get("review.student_admitted.v1", 0)
    first = min(QUOTA, len([row for row in stage.rows("review", review.Admission) if not row.promoted]))
    if published != first + found["domain"]["promotions"]:
        raise InvariantViolation(
            f"{published} admissions were published, {first} at first and {found['domain']['promotions']} later"
        )


def _invoices(stage: Stage) -> None:
    issued = {row.application_id for row in stage.rows("billing", billing.Invoice) if row.state == "issued"}
    for account in stage.rows("billing", billing.FeeAccount):
        if account.state == "due" and account.paid_at and account.application_id not in issued:
            raise InvariantViolation(f"{account.application_no} holds a seat, has paid and got no invoice")


def _ledger(stage: Stage) -> None:
    sums: dict[UUID, int] = defaultdict(int)
    for posting in stage.rows("billing", billing.Posting):
        sums[posting.transaction_id] += posting.fen
    if odd := {str(key): fen for key, fen in sums.items() if fen}:
        raise InvariantViolation(f"transactions that do not sum to zero: {odd}")
    ended = {row.application_id for row in stage.rows("billing", billing.FeeAccount) if row.state == "ended"}
    fees: dict[UUID | None, int] = defaultdict(int)
    for posting in stage.rows("billing", billing.Posting):
        if posting.account == "fee":
            fees[posting.application_id] += posting.fen
    if left := {str(key): fen for key, fen in fees.items() if key in ended and fen}:
        raise InvariantViolation(f"fees that are kept of those who hold no seat: {left}")


def _admission_letters(stage: Stage) -> None:
    owed = {row.letter_no for row in stage.rows("review", review.Admission)}
    subjects = [mail.subject for mail in stage.mailer.mails.values() if mail.subject.startswith("入学通知书")]
    sent = Counter(subject.partition(" ")[2] for subject in subjects)
    if set(sent) != owed or any(count != 1 for count in sent.values()):
        raise InvariantViolation(f"admission letters owed {sorted(owed)}, sent {dict(sent)}")


def _sequences(stage: Stage) -> None:
    for name, service in stage.services.items():
        with service.database.reader() as session:
            published = session.exec(select(PublishedEvent.subject, PublishedEvent.sequence)).all()
        by_subject: dict[str, list[int]] = defaultdict(list)
        for subject, sequence in published:
            by_subject[subject].append(sequence)
        for subject, numbers in by_subject.items():
            if sorted(numbers) != list(range(1, len(numbers) + 1)):
                raise InvariantViolation(f"{name}: sequence numbers of {subject}: {sorted(numbers)}")


def _timelines(stage: Stage) -> None:
    """Every published event is in a timeline, also events that arrived out of order."""
    occurrence_ids = {row.event_id for row in stage.rows("portal", Occurrence)}
    for name in stage.services:
        if missing := [row for row in stage.rows(name, PublishedEvent) if row.event_id not in occurrence_ids]:
            raise InvariantViolation(f"{name} published {missing[0].type}, and no timeline has it")
