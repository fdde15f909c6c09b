"""Review's statistics, for the closing summary and the overview page."""

from collections import Counter

from sqlmodel import Session, col, func, select

from services.review.models import Admission, Case, LetterRow, Seat
from services.review.states import CaseState, Fate, ReleaseReason, fate
from shared.events.review import StudentAdmitted
from shared.persistence.models import PublishedEvent


def fates(session: Session, programme: str | None = None) -> dict[Fate, int]:
    """Count applications by outcome. Every case counts once, so the sum is the number of cases."""
    counted = (
        select(Case.state, Seat.state, Seat.release_reason, func.count())
        .join(Seat, col(Seat.case_id) == col(Case.id), isouter=True)
        .group_by(col(Case.state), col(Seat.state), col(Seat.release_reason))
    )
    if programme:
        counted = counted.where(Case.programme == programme)
    found: Counter[Fate] = Counter(dict.fromkeys(Fate, 0))
    for case, seat, reason, number in session.exec(counted).all():
        found[fate(case, seat, reason)] += number
    return dict(found)


def stats(session: Session) -> dict[str, int]:
    """Return counts: `cases` and by state; one per outcome, which sum to `cases`; seats, admissions and sent
    letters."""
    by_state = dict(session.exec(select(Case.state, func.count()).group_by(Case.state)).all())
    by_reason = dict(
        session.exec(
            select(Seat.release_reason, func.count())
            .where(col(Seat.release_reason).is_not(None))
            .group_by(Seat.release_reason)
        ).all()
    )
    found = {str(each): number for each, number in fates(session).items()}
    return {
        "cases": sum(by_state.values()),
        **{f"cases_{state}": by_state.get(state, 0) for state in CaseState},
        **{f"released_{reason}": by_reason.get(reason, 0) for reason in ReleaseReason},
        **found,
        "seats_held": found[Fate.SEAT_HELD],
        "admitted_events": _count(session, select(func.count()).where(PublishedEvent.type == StudentAdmitted.TYPE)),
        "admissions": _count(session, select(func.count()).select_from(Admission)),
        "promotions": _count(session, select(func.count()).where(col(Admission.promoted).is_(True))),
        "letters_sent": _count(session, select(func.count()).where(col(LetterRow.sent_at).is_not(None))),
    }


def _count(session: Session, query: object) -> int:
    return int(session.exec(query).one())  # type: ignore[call-overload]
