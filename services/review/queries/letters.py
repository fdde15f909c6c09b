"""Queries on letters: those to a person, and the one behind a check code."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from services.review.models import Case, LetterRow, Seat
from services.review.rules.check_codes import hash_of
from services.review.states import LetterKind, SeatState

_IN_FORCE_WHILE = {
    LetterKind.ADMISSION: SeatState.HELD,
    LetterKind.WAITING_LIST: SeatState.WAITING,
    LetterKind.REFUSAL: SeatState.NOT_SELECTED,
}


def letters_of(session: Session, case_id: UUID) -> Sequence[LetterRow]:
    """List the letters to a person, oldest first."""
    return session.exec(select(LetterRow).where(LetterRow.case_id == case_id).order_by(col(LetterRow.ordered_at))).all()


def letter_behind(session: Session, code: str) -> LetterRow | None:
    """Return the letter with a check code, as anybody typed it."""
    return session.exec(select(LetterRow).where(LetterRow.check_hash == hash_of(code))).first()


def unsigned_letters(session: Session, programme: str) -> Sequence[LetterRow]:
    """List the letters that wait for the office's certificate, oldest first."""
    waiting = select(LetterRow).join(Case, col(Case.id) == col(LetterRow.case_id)).where(LetterRow.unsigned != "")
    return session.exec(waiting.where(Case.programme == programme).order_by(col(LetterRow.ordered_at))).all()


def is_in_force(session: Session, letter: LetterRow) -> bool:
    """Return whether what a letter states still holds: a released seat or a later letter of admission ends it."""
    seat = session.get_one(Seat, letter.case_id)
    is_latest = letter.kind != LetterKind.ADMISSION or letter.number == seat.letter_no
    return is_latest and seat.state == _IN_FORCE_WHILE[LetterKind(letter.kind)]


def printed_names(letter: LetterRow, case: Case) -> tuple[str, str]:
    """Return the names of the person and the firm as the letter prints them: as a person typed them for it, or as the
    case has them."""
    return letter.data.get("name", case.student_name), letter.data.get("firm", case.firm_name)
