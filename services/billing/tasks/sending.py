"""Store a document and mail it to the invoice address. Called by billing's other tasks."""

from services.billing import actions
from services.billing.models import Document, FeeAccount, ProgrammeRow
from services.billing.states import DOCUMENT_TITLES, DocumentKind
from shared.adapters.mail import Mail
from shared.context import Context
from shared.events import Sealed
from shared.events.intake import Programme
from shared.persistence.unit_of_work import UnitOfWork


def send(uow: UnitOfWork, account: FeeAccount, document: Document, content: bytes, text: str, context: Context) -> None:
    """Store the document and mail it to the invoice address. The job's id as the mail's id lets a repeat replace the
    mail."""
    assert context.job_id is not None
    title = DOCUMENT_TITLES[DocumentKind(document.kind)]
    claim = context.tools.files.put(
        content,
        kind=document.kind,
        programme=account.programme,
        media_type="application/pdf",
        purpose="bank",
        key=f"documents/{account.programme}/{document.kind}/{document.id}",
    )
    mail = Mail(
        id=context.job_id,
        to=address_of(account, context),
        subject=f"{title} {document.number}",
        text=f"{account.firm_name}、{account.student_name}：\n\n{text}",
        attachments={f"{title}{document.number}.pdf": content},
    )
    context.tools.mailer.send(mail)
    actions.note_document_sent(uow, document, claim, actor=context.actor, now=context.now)


def address_of(account: FeeAccount, context: Context) -> str:
    """Return the invoice address in clear."""
    return context.tools.keys.open("contact", Sealed.model_validate(account.email))


def programme_of(uow: UnitOfWork, account: FeeAccount) -> Programme:
    """Return the latest published version of the programme."""
    return Programme.model_validate(uow.session.get_one(ProgrammeRow, account.programme).data)
