"""Queries on interviews: waiting candidates, bookings, panels and slots."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlmodel import Session, col, func, select

from services.scheduling.errors import Unknown
from services.scheduling.models import Candidate, Interview, Notice, Panel, Proposal, Slot
from services.scheduling.states import BookingState, CandidateState
from shared.foundation.clock import SHANGHAI, local


def candidate_of(session: Session, application_id: UUID) -> Candidate:
    """Return a candidate. Raises Unknown."""
    row = session.get(Candidate, application_id)
    if row is None:
        raise Unknown("候选人")
    return row


def proposal_of(session: Session, proposal_id: UUID) -> Proposal:
    """Return a proposal. Raises Unknown."""
    row = session.get(Proposal, proposal_id)
    if row is None:
        raise Unknown("面试编排方案")
    return row


def latest_proposal(session: Session, programme: str) -> Proposal | None:
    """Return the newest proposal of a programme, or None."""
    found = select(Proposal).where(Proposal.programme == programme).order_by(col(Proposal.made_at).desc())
    return session.exec(found).first()


def candidates(session: Session, programme: str) -> list[Candidate]:
    """List everyone who was ever verified, by application number."""
    found = select(Candidate).where(Candidate.programme == programme).order_by(Candidate.application_no)
    return list(session.exec(found).all())


def proposals(session: Session, programme: str) -> list[Proposal]:
    """List the proposals, newest first."""
    found = select(Proposal).where(Proposal.programme == programme).order_by(col(Proposal.made_at).desc())
    return list(session.exec(found).all())


def waiting(session: Session, programme: str) -> list[Candidate]:
    """List the candidates who wait for an interview, the earliest verified first."""
    found = select(Candidate).where(Candidate.programme == programme, Candidate.state == CandidateState.WAITING)
    return list(session.exec(found.order_by(col(Candidate.verified_at), col(Candidate.application_no))).all())


def panels(session: Session, programme: str) -> list[Panel]:
    """List the panels by name."""
    return list(session.exec(select(Panel).where(Panel.programme == programme).order_by(Panel.code)).all())


def slots(session: Session, programme: str, *, after: datetime | None = None) -> list[Slot]:
    """List the slots in order of time, or those that begin after `after`."""
    found = select(Slot).where(Slot.programme == programme).order_by(col(Slot.starts_at))
    return list(session.exec(found.where(Slot.starts_at > after) if after else found).all())


def bookings(session: Session, programme: str) -> list[Interview]:
    """List every current booking in order of time."""
    found = select(Interview).where(Interview.programme == programme, Interview.state == BookingState.CURRENT)
    return list(session.exec(found.order_by(col(Interview.starts_at), Interview.panel)).all())


def current_booking(session: Session, application_id: UUID) -> Interview | None:
    """Return the current booking of a candidate, or None."""
    found = select(Interview).where(Interview.application_id == application_id, Interview.state == BookingState.CURRENT)
    return session.exec(found).one_or_none()


def bookings_of(session: Session, application_id: UUID) -> list[Interview]:
    """List every booking of a candidate, newest first."""
    found = select(Interview).where(Interview.application_id == application_id)
    return list(session.exec(found.order_by(col(Interview.booked_at).desc())).all())


def notices_of(session: Session, application_id: UUID) -> list[Notice]:
    """List the notices to a person, newest first."""
    found = select(Notice).where(Notice.application_id == application_id).order_by(col(Notice.due_at).desc())
    return list(session.exec(found).all())


def booking(session: Session, interview_id: UUID) -> Interview:
    """Return a booking, current or not. Raises Unknown."""
    row = session.get(Interview, interview_id)
    if row is None:
        raise Unknown("面试安排")
    return row


@dataclass(frozen=True)
class Placed:
    """One placement of a proposal."""

    candidate: Candidate
    panel: Panel | None
    slot: Slot | None


def placed(session: Session, proposal: Proposal) -> list[Placed]:
    """List the placements of a proposal in order of time; a panel or slot that was removed since is None."""
    panels_by_id = {str(row.id): row for row in panels(session, proposal.programme)}
    slots_by_id = {str(row.id): row for row in slots(session, proposal.programme)}
    people = {str(row.application_id): row for row in candidates(session, proposal.programme)}
    order = {slot_id: number for number, slot_id in enumerate(slots_by_id)}
    return [
        Placed(people[one["application_id"]], panels_by_id.get(one["panel_id"]), slots_by_id.get(one["slot_id"]))
        for one in sorted(proposal.placements, key=lambda one: (order.get(one["slot_id"], -1), one["panel_id"]))
    ]


def unplaced(session: Session, proposal: Proposal) -> list[tuple[Candidate, str]]:
    """List the candidates without a place in a proposal, and why."""
    return [(candidate_of(session, UUID(one["application_id"])), one["reason"]) for one in proposal.unplaced]


def candidates_by_state(session: Session, programme: str) -> dict[str, int]:
    """Count the candidates by state."""
    counted = select(Candidate.state, func.count()).where(Candidate.programme == programme).group_by(Candidate.state)
    return dict(session.exec(counted).all())


def interview_days(session: Session, programme: str) -> list[date]:
    """List the days, in China, that have slots."""
    return sorted({local(slot.starts_at).date() for slot in slots(session, programme)})


@dataclass(frozen=True)
class Board:
    """Interviews of one day: a line per slot, a column per panel; each cell is the booking (current or missed) or
    None."""

    day: date
    panels: tuple[Panel, ...]
    lines: tuple[tuple[Slot, tuple[Interview | None, ...]], ...]

    @property
    def booked(self) -> int:
        """The number of interviews on the day."""
        return sum(cell is not None for _, cells in self.lines for cell in cells)


def board(session: Session, programme: str, day: date) -> Board:
    """Return the interviews on `day` (in China) by slot and panel."""
    begins = datetime.combine(day, time(), SHANGHAI)
    seats = panels(session, programme)
    day_slots = [row for row in slots(session, programme) if begins <= row.starts_at < begins + timedelta(days=1)]
    shown = [BookingState.CURRENT, BookingState.MISSED]
    found = select(Interview).where(
        Interview.programme == programme,
        col(Interview.state).in_(shown),
        Interview.starts_at >= begins,
        Interview.starts_at < begins + timedelta(days=1),
    )
    by_place = {(row.slot_id, row.panel_id): row for row in session.exec(found).all()}
    lines = tuple((slot, tuple(by_place.get((slot.id, panel.id)) for panel in seats)) for slot in day_slots)
    return Board(day, tuple(seats), lines)
