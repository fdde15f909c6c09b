"""Letters to applicants: numbered here, printed and sent by a job."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import select

from services.review.jobs import WriteAdmissionLetter, WriteRefusalLetter, WriteWaitingListLetter
from services.review.models import Case, LetterCounter, LetterRow
from services.review.states import LetterKind
from shared.events import FileClaim
from shared.foundation.clock import local
from shared.jobs.job import enqueue
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork

_WORDS = {LetterKind.ADMISSION: "训", LetterKind.WAITING_LIST: "候", LetterKind.REFUSAL: "复"}
_JOBS: Mapping[LetterKind, type[WriteAdmissionLetter | WriteWaitingListLetter | WriteRefusalLetter]] = {
    LetterKind.ADMISSION: WriteAdmissionLetter,
    LetterKind.WAITING_LIST: WriteWaitingListLetter,
    LetterKind.REFUSAL: WriteRefusalLetter,
}


def order_letter(uow: UnitOfWork, case: Case, kind: LetterKind, *, now: datetime, **data: str | int) -> str:
    """Create a numbered letter, enqueue its job, and return the number, such as 渝领训〔2021〕第001号.

    Numbers of a kind count through the year without gaps or duplicates: the counter stays locked until the commit.
    """
    year = local(now).year
    number = f"渝领{_WORDS[kind]}〔{year}〕第{_next_number(uow, kind, year):03d}号"
    letter = LetterRow(id=uuid4(), case_id=case.id, kind=kind, number=number, data=data, ordered_at=now)
    uow.session.add(letter)
    uow.session.flush()
    enqueue(uow, _JOBS[kind](letter_id=letter.id))
    return number


def _next_number(uow: UnitOfWork, kind: LetterKind, year: int) -> int:
    query = for_update(select(LetterCounter).where(LetterCounter.kind == kind, LetterCounter.year == year))
    counter = uow.session.exec(query.execution_options(populate_existing=True)).one_or_none()
    counter = counter or LetterCounter(kind=kind, year=year)
    counter.last += 1
    uow.session.add(counter)
    return int(counter.last)


def note_letter_sent(uow: UnitOfWork, letter_id: UUID, file: FileClaim, *, actor: str, now: datetime) -> None:
    """Store the claim check of the printed letter and the time it was sent."""
    letter = uow.session.get_one(LetterRow, letter_id)
    letter.file, letter.sent_at = file.model_dump(), now
    uow.session.add(letter)
    details = {"number": letter.number, "sha256": file.sha256}
    uow.record("send_letter", str(letter.case_id), actor=actor, now=now, details=details)
