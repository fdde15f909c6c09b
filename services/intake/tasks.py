"""Background jobs of intake: mails to the student. A repeat of a job replaces its mail."""

from services.intake import actions, jobs
from services.intake.models import Application
from services.intake.states import ApplicationState
from shared.adapters.mail import Mail
from shared.context import Context
from shared.events.intake import Student
from shared.foundation.clock import local
from shared.persistence.unit_of_work import UnitOfWork


def send_consent_request(uow: UnitOfWork, job: jobs.SendConsentRequest, *, context: Context) -> str:
    """Send the student a new consent link. Skipped if the student has confirmed or the application was withdrawn."""
    row = uow.session.get_one(Application, job.application_id)
    if row.state == ApplicationState.WITHDRAWN or row.consented_at:
        return "not needed"
    token = actions.renew_consent_link(uow, row.id, now=context.now)
    link = f"{context.tools.public_url}/intake/consent/{token}"
    text = (
        f"{row.student_name} 您好:\n\n{row.firm_name} 已为您报名(编号 {row.application_no})。\n"
        f"请本人打开以下链接,核对报名信息并确认个人信息处理同意书。确认之前不会开始审核。\n\n{link}\n\n"
        "如非本人意愿,请忽略本通知并与企业联系。"
    )
    _send_mail(row, "请确认您的报名", text, context)
    return "sent"


def send_return_notice(uow: UnitOfWork, job: jobs.SendReturnNotice, *, context: Context) -> str:
    """Notify the student of the defects to correct and of the deadline. Skipped if the return was superseded."""
    row = uow.session.get_one(Application, job.application_id)
    if row.state != ApplicationState.RETURNED or row.revision != job.revision or row.correct_by is None:
        return "superseded"
    defects = "\n".join(f"- {defect['item']}:{defect['reason']}" for defect in row.defects)
    text = (
        f"{row.student_name} 您好:\n\n您的报名(编号 {row.application_no})需要补正:\n{defects}\n\n"
        f"请于 {local(row.correct_by):%Y年%m月%d日%H:%M} 前由企业在平台重新提交,逾期视为放弃。"
    )
    _send_mail(row, "报名资料需要补正", text, context)
    return "sent"


def _send_mail(row: Application, subject: str, text: str, context: Context) -> None:
    assert context.job_id is not None
    address = context.tools.keys.open("contact", Student.model_validate(row.content["student"]).email)
    context.tools.mailer.send(Mail(id=context.job_id, to=address, subject=subject, text=text))
