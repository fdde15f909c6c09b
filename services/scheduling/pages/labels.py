"""Labels of scheduling's states, and its lists. Used by the pages."""

from services.scheduling.states import (
    BOOKING_TITLES,
    CANDIDATE_TITLES,
    MARK_TITLES,
    PLAN_TITLES,
    PROPOSAL_TITLES,
    STUDENT_TITLES,
    BookingState,
    CandidateState,
    Mark,
    NoticeKind,
    PlanState,
    ProposalState,
    StudentState,
)
from shared.dashboard import Badge, Badged, Flag, ListView, Moment, Number, Text

CANDIDATES = {
    str(code): Badge(CANDIDATE_TITLES[code], tone)
    for code, tone in (
        (CandidateState.WAITING, "yellow"),
        (CandidateState.SCHEDULED, "green"),
        (CandidateState.MISSED, "red"),
        (CandidateState.CANCELLED, "secondary"),
    )
}
BOOKINGS = {
    str(code): Badge(BOOKING_TITLES[code], tone)
    for code, tone in (
        (BookingState.CURRENT, "green"),
        (BookingState.REPLACED, "secondary"),
        (BookingState.MISSED, "red"),
        (BookingState.CANCELLED, "secondary"),
    )
}
STUDENTS = {
    str(code): Badge(STUDENT_TITLES[code], tone)
    for code, tone in (
        (StudentState.EXPECTED, "yellow"),
        (StudentState.REGISTERED, "green"),
        (StudentState.DROPPED_OUT, "red"),
        (StudentState.RELEASED, "secondary"),
    )
}
PROPOSALS = {
    str(code): Badge(PROPOSAL_TITLES[code], tone)
    for code, tone in (
        (ProposalState.SOLVING, "blue"),
        (ProposalState.READY, "yellow"),
        (ProposalState.FAILED, "red"),
        (ProposalState.BOOKED, "green"),
    )
}
PLANS = {
    str(code): Badge(PLAN_TITLES[code], tone)
    for code, tone in (
        (PlanState.SOLVING, "blue"),
        (PlanState.DRAFT, "yellow"),
        (PlanState.FAILED, "red"),
        (PlanState.PUBLISHED, "green"),
        (PlanState.SUPERSEDED, "secondary"),
    )
}
MARKS = {
    str(code): Badge(MARK_TITLES[code], tone)
    for code, tone in ((Mark.PRESENT, "green"), (Mark.ABSENT, "red"), (Mark.LEAVE, "orange"), (Mark.MADE_UP, "teal"))
}
MODES = {"online": Badge("线上", "azure"), "on_site": Badge("现场", "blue")}
KINDS = {"practice": Badge("实战", "blue"), "theory": Badge("理论", "purple")}
TEACHERS = {"mentor": Badge("企业导师", "orange"), "professor": Badge("专家教授", "purple")}
VENUES = {"classroom": Badge("教室", "azure"), "firm": Badge("企业现场", "orange")}
HALVES = {"am": "上午", "pm": "下午"}
NOTICES = {str(NoticeKind.INTERVIEW): "面试通知", str(NoticeKind.SCHEDULE): "课程表"}
JOBS = {
    "send_interview_notice": NOTICES[NoticeKind.INTERVIEW],
    "send_schedule": NOTICES[NoticeKind.SCHEDULE],
}
DAY_KINDS = (
    ("working", "工作日"),
    ("weekend", "周末"),
    ("holiday", "放假"),
    ("adjusted_working", "调休上班"),
)
ACTION_TITLES = {
    "open_candidate": "初审通过，待面试",
    "cancel_candidate": "取消面试资格",
    "book_interview": "安排面试",
    "reschedule_interview": "面试改期",
    "hold_notice": "通知待处理：字体缺字",
    "continue_notice": "继续发送通知",
    "record_no_show": "登记缺席",
    "admit_student": "录取",
    "release_student": "名额释放",
    "note_fee": "缴费情况更新",
    "register_student": "报到登记",
    "request_fee_waiver": "申请缓缴",
    "confirm_fee_waiver": "确认缓缴",
    "view_identity": "查看完整证件号码",
    "drop_out": "登记退学",
    "record_attendance": "登记考勤",
    "cancel_lesson": "取消课次",
    "record_assessment": "登记考核",
    "record_certificate": "结业认定",
}


class CandidateList(ListView):
    """All verified candidates."""

    fields = (
        Text("application_no", "报名编号"),
        Text("name", "姓名"),
        Text("position", "职务"),
        Text("firm_name", "企业"),
        Badged("mode", "面试方式", labels=MODES),
        Badged("state", "状态", labels=CANDIDATES),
        Number("misses", "缺席次数"),
        Moment("verified_at", "初审通过"),
    )
    detail_path = "/scheduling/candidates/{key}"
    fields_default_sort = (("application_no", False),)
    empty = "还没有通过初审的候选人。"


class StudentList(ListView):
    """Everyone who was ever on the roster."""

    fields = (
        Number("rank", "名次"),
        Text("application_no", "报名编号"),
        Text("name", "姓名"),
        Text("firm_name", "企业"),
        Text("identity_mask", "证件号码"),
        Text("mobile_mask", "手机"),
        Flag("paid", "缴费", yes=Badge("已缴费", "green"), no=Badge("未缴费", "orange")),
        Badged("state", "状态", labels=STUDENTS),
        Moment("registered_at", "报到时间"),
    )
    detail_path = "/scheduling/roster/{key}"
    fields_default_sort = (("rank", False),)
    empty = "还没有录取的学员。"


class LessonList(ListView):
    """The lessons of the plan in force."""

    fields = (
        Number("module", "次序"),
        Moment("starts_at", "开始"),
        Badged("kind", "类别", labels=KINDS),
        Text("stage", "阶段"),
        Text("topic", "主题"),
        Text("teacher", "教师"),
        Text("venue", "地点"),
        Text("region", "地区"),
        Number("hours", "课时"),
        Flag("cancelled", "状态", yes=Badge("已取消", "red"), no=Badge("有效", "green")),
    )
    detail_path = "/scheduling/sessions/{key}"
    fields_default_sort = (("starts_at", False),)
    empty = "还没有已发布的课程。"
