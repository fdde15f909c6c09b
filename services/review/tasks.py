"""Background jobs of review: print, store and mail letters. A repeated job sends a mail with the same id, which
replaces the first. A letter with characters that no font covers waits for a person (actions/letters.py)."""

from collections.abc import Callable
from datetime import datetime

from services.review import actions, documents, jobs
from services.review.models import Case, LetterRow
from services.review.queries import candidate, programme_of
from shared.adapters.mail import Mail
from shared.adapters.typesetting import named, uncovered
from shared.context import Context
from shared.events.intake import Programme
from shared.foundation.clock import local
from shared.persistence.unit_of_work import UnitOfWork

Render = Callable[[Programme, Case, LetterRow], bytes]


def write_admission_letter(uow: UnitOfWork, job: jobs.WriteAdmissionLetter, *, context: Context) -> str:
    """Print and send 入学通知书."""

    def render(programme: Programme, case: Case, letter: LetterRow) -> bytes:
        return documents.admission_letter(
            documents.AdmissionLetter(
                programme=programme,
                number=letter.number,
                name=_printed(letter, case)[0],
                firm=_printed(letter, case)[1],
                payment_reference=case.payment_reference,
                pay_by=datetime.fromisoformat(letter.data["pay_by"]),
                issued_on=local(letter.ordered_at).date(),
                now=letter.ordered_at,
            )
        )

    return _print_and_send(uow, job, render, "入学通知书", context)


def write_waiting_list_letter(uow: UnitOfWork, job: jobs.WriteWaitingListLetter, *, context: Context) -> str:
    """Print and send 候补通知书."""

    def render(programme: Programme, case: Case, letter: LetterRow) -> bytes:
        return documents.waiting_list_letter(
            documents.WaitingListLetter(
                programme=programme,
                number=letter.number,
                name=_printed(letter, case)[0],
                firm=_printed(letter, case)[1],
                rank=letter.data["rank"],
                issued_on=local(letter.ordered_at).date(),
                now=letter.ordered_at,
            )
        )

    return _print_and_send(uow, job, render, "候补通知书", context)


def write_refusal_letter(uow: UnitOfWork, job: jobs.WriteRefusalLetter, *, context: Context) -> str:
    """Print and send 未入选通知书."""

    def render(programme: Programme, case: Case, letter: LetterRow) -> bytes:
        return documents.not_selected_letter(
            documents.NotSelectedLetter(
                programme=programme,
                number=letter.number,
                name=_printed(letter, case)[0],
                firm=_printed(letter, case)[1],
                issued_on=local(letter.ordered_at).date(),
                now=letter.ordered_at,
            )
        )

    return _print_and_send(uow, job, render, "未入选通知书", context)


def _print_and_send(
    uow: UnitOfWork,
    job: jobs.WriteAdmissionLetter | jobs.WriteWaitingListLetter | jobs.WriteRefusalLetter,
    render: Render,
    title: str,
    context: Context,
) -> str:
    letter = uow.session.get_one(LetterRow, job.letter_id)
    if letter.sent_at:
        return "already sent"
    case = uow.session.get_one(Case, letter.case_id)
    if missing := uncovered("".join(_printed(letter, case))):
        actions.hold_letter(uow, letter, named(missing), actor=context.actor, now=context.now)
        return "waits for a person"
    content = render(programme_of(uow.session, case.programme), case, letter)
    claim = context.tools.files.put(
        content,
        kind=f"{letter.kind}_letter",
        programme=case.programme,
        media_type="application/pdf",
        purpose="contact",
        key=f"{case.programme}/letters/{letter.id}.pdf",
    )
    assert context.job_id is not None
    address = context.tools.keys.open("contact", candidate(case).email)
    text = f"{case.student_name} 您好：\n\n随信附上《{title}》({letter.number})，请查收。\n报名编号：{case.application_no}。"
    context.tools.mailer.send(
        Mail(
            id=context.job_id,
            to=address,
            subject=f"{title} {letter.number}",
            text=text,
            attachments={f"{title}.pdf": content},
        )
    )
    actions.note_letter_sent(uow, letter.id, claim, actor=context.actor, now=context.now)
    return "sent"


def _printed(letter: LetterRow, case: Case) -> tuple[str, str]:
    """Return the names of the person and the firm as the letter prints them: as a person typed them for it, or as the
    case has them."""
    return letter.data.get("name", case.student_name), letter.data.get("firm", case.firm_name)
