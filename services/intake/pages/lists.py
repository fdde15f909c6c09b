"""Intake's lists of tables."""

from services.intake.pages.labels import OUTCOME_BADGES, RECOMMENDATION_BADGES, STATE_BADGES, TIERS
from shared.dashboard import Badged, ListView, Moment, Text


class ApplicationList(ListView):
    """Every application."""

    fields = (
        Text("application_no", "报名编号"),
        Text("student_name", "学员"),
        Text("firm_name", "企业"),
        Text("unit_code", "申报单位代码"),
        Badged("recommendation", "推荐意见", badges=RECOMMENDATION_BADGES),
        Badged("tier", "企业梯度", badges=TIERS),
        Badged("state", "报名状态", badges=STATE_BADGES),
        Badged("outcome", "办理进度", badges=OUTCOME_BADGES),
        Text("identity_mask", "证件号码"),
        Text("mobile_mask", "手机"),
        Text("payment_reference", "缴费识别码"),
        Moment("consented_at", "本人确认"),
        Moment("submitted_at", "提交时间"),
    )
    detail_path = "/intake/applications/{key}"
    fields_default_sort = (("submitted_at", True),)
    empty = "还没有收到报名。"


class PastParticipantList(ListView):
    """Those who attended before."""

    fields = (Text("name", "姓名"), Text("programme", "参加的培训"), Moment("recorded_at", "登记时间"))
    empty = "还没有导入往期学员。"


class ClientList(ListView):
    """Machines that may post applications."""

    fields = (Text("name", "平台客户端"), Moment("issued_at", "发放时间"), Moment("revoked_at", "停用时间"))
    empty = "还没有发放接口密钥。"
