"""The list of cases in the dashboard."""

from services.review import actions
from services.review.pages.labels import CASE_LABELS, RECOMMENDATIONS, TIERS
from services.review.states import CaseState
from shared.dashboard import Badged, ListAction, ListView, Moment, Text


class CaseList(ListView):
    """All applications under review."""

    fields = (
        Text("application_no", "报名编号"),
        Text("student_name", "学员"),
        Text("firm_name", "企业"),
        Badged("tier", "企业梯度", labels=TIERS),
        Badged("recommendation", "推荐意见", labels=RECOMMENDATIONS),
        Badged("state", "初审", labels=CASE_LABELS),
        Moment("consented_at", "本人确认"),
        Moment("interview_at", "面试时间"),
        Moment("submitted_at", "提交时间"),
    )
    detail_path = "/review/cases/{key}"
    fields_default_sort = (("submitted_at", True),)
    roles = ("reviewer", "committee")
    empty = "还没有收到报名。"
    list_actions = (
        ListAction(
            "pass",
            "初审通过",
            actions.pass_authenticity,
            confirm="所选报名的扫描件均已核对，材料真实？尚未核对或学员尚未确认的不会通过。",
            roles=("reviewer",),
            shown=lambda case: bool(case.state == CaseState.OPEN),
        ),
    )
