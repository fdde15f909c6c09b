"""Background jobs of review: print, sign and store letters, and mail them. A repeated mail has the same id, which replaces
the first. A letter with characters that no font covers waits for a person (actions/letters.py), and every letter for a
certificate that is valid, if one is set."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from services.review import actions, documents, jobs
from services.review.models import Case, LetterRow
from services.review.queries import candidate, printed_names, programme_of
from services.review.rules.check_codes import check_code
from services.review.signing import Certificate, CertificateUnusable, sign
from services.review.states import LETTER_TITLES, LetterKind
from shared.adapters.mail import Mail
from shared.adapters.typesetting import named, uncovered
from shared.context import Context
from shared.events import FileClaim
from shared.foundation.clock import local, real_now
from shared.jobs.job import Later
from shared.persistence.unit_of_work import UnitOfWork

# Prints a letter with the fields that letters of all kinds have.
Render = Callable[[Case, LetterRow, dict[str, Any]], bytes]
_LOOK_AGAIN = timedelta(minutes=1)
WriteLetter = jobs.WriteAdmissionLetter | jobs.WriteWaitingListLetter | jobs.WriteRefusalLetter


def write_admission_letter(
    uow: UnitOfWork, job: jobs.WriteAdmissionLetter, *, context: Context, certificate: Certificate | None
) -> str | Later:
    """Print 入学通知书."""

    def render(case: Case, letter: LetterRow, common: dict[str, Any]) -> bytes:
        pay_by = datetime.fromisoformat(letter.data["pay_by"])
        return documents.admission_letter(
            documents.AdmissionLetter(**common, payment_reference=case.payment_reference, pay_by=pay_by)
        )

    return _print(uow, job, render, certificate, context)


def write_waiting_list_letter(
    uow: UnitOfWork, job: jobs.WriteWaitingListLetter, *, context: Context, certificate: Certificate | None
) -> str | Later:
    """Print 候补通知书."""

    def render(_case: Case, letter: LetterRow, common: dict[str, Any]) -> bytes:
        return documents.waiting_list_letter(documents.WaitingListLetter(**common, rank=letter.data["rank"]))

    return _print(uow, job, render, certificate, context)


def write_refusal_letter(
    uow: UnitOfWork, job: jobs.WriteRefusalLetter, *, context: Context, certificate: Certificate | None
) -> str | Later:
    """Print 未入选通知书."""

    def render(_case: Case, _letter: LetterRow, common: dict[str, Any]) -> bytes:
        return documents.not_selected_letter(documents.NotSelectedLetter(**common))

    return _print(uow, job, render, certificate, context)


def _print(
    uow: UnitOfWork, job: WriteLetter, render: Render, certificate: Certificate | None, context: Context
) -> str | Later:
    letter = uow.session.get_one(LetterRow, job.letter_id)
    if letter.file:
        return "already printed"
    case = uow.session.get_one(Case, letter.case_id)
    name, firm = printed_names(letter, case)
    if missing := uncovered(name + firm):
        actions.hold_letter(uow, letter, named(missing), actor=context.actor, now=context.now)
        return "waits for a person"
    try:
        signer = certificate.open(now=real_now()) if certificate else None
    except CertificateUnusable as unusable:
        actions.await_certificate(uow, letter, unusable.fault, actor=context.actor, now=context.now)
        return Later(f"waits for a certificate: {unusable.fault}", _LOOK_AGAIN)
    # Of the letter's id, so that a repeat prints the same code.
    code = check_code(bytes.fromhex(context.tools.keys.index("contact", f"letter {letter.id}")))
    common = {
        "programme": programme_of(uow.session, case.programme),
        "number": letter.number,
        "name": name,
        "firm": firm,
        "check": documents.Check(code, f"{context.tools.public_url}/review/check"),
        "issued_on": local(letter.ordered_at).date(),
        "now": letter.ordered_at,
    }
    content = render(case, letter, common)
    issued = sign(content, signer) if signer else content
    claim = context.tools.files.put(
        issued,
        kind=f"{letter.kind}_letter",
        programme=case.programme,
        media_type="application/pdf",
        purpose="contact",
        # Two signatures differ: a worker that lost its lease must not replace what another one issued.
        key=f"{case.programme}/letters/{letter.id}-{hashlib.sha256(issued).hexdigest()[:16]}.pdf",
    )
    actions.note_letter_printed(uow, letter, claim, code, actor=context.actor, now=context.now)
    return "printed"


def send_letter(uow: UnitOfWork, job: jobs.SendLetter, *, context: Context) -> str:
    """Mail a printed letter to the applicant."""
    letter = uow.session.get_one(LetterRow, job.letter_id)
    if letter.sent_at:
        return "already sent"
    case = uow.session.get_one(Case, letter.case_id)
    assert context.job_id is not None
    title = LETTER_TITLES[LetterKind(letter.kind)]
    content = context.tools.files.get(FileClaim.model_validate(letter.file), purpose="contact")
    text = f"{case.student_name} 您好：\n\n随信附上《{title}》({letter.number})，请查收。\n报名编号：{case.application_no}。"
    context.tools.mailer.send(
        Mail(
            id=context.job_id,
            to=context.tools.keys.open("contact", candidate(case).email),
            subject=f"{title} {letter.number}",
            text=text,
            attachments={f"{title}.pdf": content},
        )
    )
    actions.note_letter_sent(uow, letter, actor=context.actor, now=context.now)
    return "sent"
