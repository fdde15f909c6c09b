"""Letters to applicants: numbered here, printed by a job and mailed by another.

A letter whose name no font covers is held: the job prints nothing, and the case's page states the characters. A person
continues it with a text that can be printed, or with the same one once a font covers it.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import select

from services.review.jobs import SendLetter, WriteAdmissionLetter, WriteRefusalLetter, WriteWaitingListLetter
from services.review.models import Case, LetterCounter, LetterRow
from services.review.queries import programme_of
from services.review.rules.check_codes import hash_of
from services.review.states import CertificateFault, LetterKind
from shared.adapters.typesetting import named, uncovered
from shared.events import FileClaim
from shared.foundation.clock import local
from shared.foundation.errors import Conflict, FieldError, Invalid
from shared.jobs.job import enqueue
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork

HELD_FOR = "held_for"
_WORDS = {LetterKind.ADMISSION: "训", LetterKind.WAITING_LIST: "候", LetterKind.REFUSAL: "复"}
_JOBS: Mapping[LetterKind, type[WriteAdmissionLetter | WriteWaitingListLetter | WriteRefusalLetter]] = {
    LetterKind.ADMISSION: WriteAdmissionLetter,
    LetterKind.WAITING_LIST: WriteWaitingListLetter,
    LetterKind.REFUSAL: WriteRefusalLetter,
}


def order_letter(uow: UnitOfWork, case: Case, kind: LetterKind, *, now: datetime, **data: str | int) -> str:
    """Create a numbered letter, enqueue its job, and return the number, such as 渝领训〔2021〕1号 (GB/T 9704, 7.2.5).

    Numbers of a kind count through the year without gaps or duplicates: the counter stays locked until the commit.
    """
    year = local(now).year
    code = programme_of(uow.session, case.programme).letter_code
    number = f"{code}{_WORDS[kind]}〔{year}〕{_next_number(uow, kind, year)}号"
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


def hold_letter(uow: UnitOfWork, letter: LetterRow, characters: str, *, actor: str, now: datetime) -> None:
    """Hold a letter with `characters` that no font covers. A repeat replaces them."""
    letter.data = letter.data | {HELD_FOR: characters}
    uow.session.add(letter)
    details = {"number": letter.number, "characters": characters}
    uow.record("hold_letter", str(letter.case_id), actor=actor, now=now, details=details)


def await_certificate(
    uow: UnitOfWork, letter: LetterRow, fault: CertificateFault, *, actor: str, now: datetime
) -> None:
    """Record that a letter waits for a certificate that can sign it. A repeat with the same fault changes nothing."""
    if letter.unsigned == fault:
        return
    letter.unsigned = fault
    uow.session.add(letter)
    details = {"number": letter.number, "fault": fault}
    uow.record("await_certificate", str(letter.case_id), actor=actor, now=now, details=details)


def continue_letter(uow: UnitOfWork, letter_id: UUID, *, name: str, firm: str, actor: str, now: datetime) -> LetterRow:
    """Print a held letter with this name of the person and of the firm, and enqueue its job again.

    Raises Conflict for a letter that is unknown or not held, Invalid for a text that is empty or that no
    font covers.
    """
    query = for_update(select(LetterRow).where(LetterRow.id == letter_id))
    letter = uow.session.exec(query.execution_options(populate_existing=True)).one_or_none()
    if letter is None or HELD_FOR not in letter.data:
        raise Conflict("这份通知书不在等待处理,请刷新页面。", code="letter-not-held")
    errors = [*_printing_errors("name", name), *_printing_errors("firm", firm)]
    if errors:
        raise Invalid("{fault}。", code="unprintable", field_errors=errors, values={"fault": errors[0]})
    others = {key: value for key, value in letter.data.items() if key != HELD_FOR}
    letter.data = others | {"name": name, "firm": firm}
    uow.session.add(letter)
    details = {"number": letter.number, "name": name, "firm": firm}
    uow.record("continue_letter", str(letter.case_id), actor=actor, now=now, details=details)
    enqueue(uow, _JOBS[LetterKind(letter.kind)](letter_id=letter.id))
    row: LetterRow = letter
    return row


def _printing_errors(field: str, text: str) -> Iterator[FieldError]:
    if not text:
        yield FieldError(f"/{field}", "missing", "请填写要印出的文字")
    elif missing := uncovered(text):
        values = {"characters": named(missing)}
        yield FieldError(f"/{field}", "uncovered", "字体中没有 {characters},印不出来,请换一种写法", values)


def note_letter_printed(
    uow: UnitOfWork, letter: LetterRow, file: FileClaim, check_code: str, *, actor: str, now: datetime
) -> None:
    """Store the claim check of the printed letter and the hash of its check code, and enqueue its mail.

    From this commit on the file never changes, so that every copy that is mailed is the issued one.
    """
    letter.file, letter.check_hash, letter.unsigned = file.model_dump(), hash_of(check_code), ""
    uow.session.add(letter)
    details = {"number": letter.number, "sha256": file.sha256}
    uow.record("print_letter", str(letter.case_id), actor=actor, now=now, details=details)
    enqueue(uow, SendLetter(letter_id=letter.id))


def note_letter_sent(uow: UnitOfWork, letter: LetterRow, *, actor: str, now: datetime) -> None:
    """Store the time at which the letter was sent."""
    letter.sent_at = now
    uow.session.add(letter)
    uow.record("send_letter", str(letter.case_id), actor=actor, now=now, details={"number": letter.number})
