"""List views of intake's tables."""

from services.intake.pages.labels import OUTCOME_LABELS, RECOMMENDATION_LABELS, STATE_LABELS, TIER_LABELS
from shared.dashboard import Badged, ListView, Moment, Text


class ApplicationList(ListView):
    """All applications."""

    fields = (
        Text("application_no", "报名编号"),
        Text("student_name", "学员"),
        Text("firm_name", "企业"),
        Text("unit_code", "申报单位代码"),
        Badged("recommendation", "推荐意见", labels=RECOMMENDATION_LABELS),
        Badged("tier", "企业梯度", labels=TIER_LABELS),
        Badged("state", "报名状态", labels=STATE_LABELS),
        Badged("outcome", "办理进度", labels=OUTCOME_LABELS),
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
    """People who attended earlier programmes."""

    fields = (Text("name", "姓名"), Text("programme", "参加的培训"), Moment("recorded_at", "登记时间"))
    empty = "还没有导入往期学员。"


class ClientList(ListView):
    """API clients that may file applications."""

    fields = (Text("name", "平台客户端"), Moment("issued_at", "发放时间"), Moment("revoked_at", "停用时间"))
    empty = "还没有发放接口密钥。"
