"""State machines of a candidate, a student on the roster, a proposal and a teaching plan."""

from enum import StrEnum

from shared.foundation.transitions import Transition


class CandidateState(StrEnum):
    """State of a verified candidate."""

    WAITING = "waiting"
    SCHEDULED = "scheduled"
    MISSED = "missed"
    CANCELLED = "cancelled"


class BookingState(StrEnum):
    """State of a booking; a candidate has at most one that is current."""

    CURRENT = "current"
    REPLACED = "replaced"
    MISSED = "missed"
    CANCELLED = "cancelled"


class StudentState(StrEnum):
    """State of an admitted person on the roster."""

    EXPECTED = "expected"
    REGISTERED = "registered"
    DROPPED_OUT = "dropped_out"
    RELEASED = "released"


class ProposalState(StrEnum):
    """State of a proposal, from the search until a scheduler books it."""

    SOLVING = "solving"
    READY = "ready"
    FAILED = "failed"
    BOOKED = "booked"


class PlanState(StrEnum):
    """State of a teaching plan, from the search to the version that replaces it."""

    SOLVING = "solving"
    DRAFT = "draft"
    FAILED = "failed"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


class Mark(StrEnum):
    """A student's attendance of one half-day."""

    PRESENT = "present"
    ABSENT = "absent"
    LEAVE = "leave"
    MADE_UP = "made_up"


class NoticeKind(StrEnum):
    """Kinds of document that scheduling sends."""

    INTERVIEW = "interview"
    SCHEDULE = "schedule"


_C = CandidateState
CANDIDATE_STEPS = (
    Transition(None, _C.WAITING, "review", "ApplicationVerified"),
    Transition(None, _C.CANCELLED, "review", "ApplicationVerified after ApplicationWithdrawn"),
    Transition(_C.CANCELLED, _C.WAITING, "review", "ApplicationVerified again"),
    Transition(_C.WAITING, _C.SCHEDULED, "scheduler", "books the interview"),
    Transition(_C.SCHEDULED, _C.SCHEDULED, "scheduler", "moves the interview"),
    Transition(_C.SCHEDULED, _C.WAITING, "scheduler", "the first time that the person does not come"),
    Transition(_C.SCHEDULED, _C.MISSED, "scheduler", "the second time that the person does not come"),
    Transition(_C.WAITING, _C.CANCELLED, "review or platform", "ApplicationRejected, ApplicationWithdrawn"),
    Transition(_C.SCHEDULED, _C.CANCELLED, "review or platform", "ApplicationRejected, ApplicationWithdrawn"),
)

_S = StudentState
STUDENT_STEPS = (
    Transition(None, _S.EXPECTED, "review", "StudentAdmitted"),
    Transition(_S.RELEASED, _S.EXPECTED, "review", "StudentAdmitted again"),
    Transition(_S.EXPECTED, _S.REGISTERED, "registrar", "the person reports with everything"),
    Transition(_S.EXPECTED, _S.RELEASED, "review", "SeatReleased"),
    Transition(_S.REGISTERED, _S.RELEASED, "review", "SeatReleased, which crossed the registration"),
    Transition(_S.REGISTERED, _S.DROPPED_OUT, "registrar", "the person leaves the course"),
    Transition(_S.DROPPED_OUT, _S.RELEASED, "review", "SeatReleased: the committee gave the seat up too"),
)

_O = ProposalState
PROPOSAL_STEPS = (
    Transition(None, _O.SOLVING, "scheduler", "asks for a proposal"),
    Transition(_O.SOLVING, _O.READY, "job", "the search ended"),
    Transition(_O.SOLVING, _O.FAILED, "job", "the search found nothing or broke"),
    Transition(_O.READY, _O.BOOKED, "scheduler", "books it"),
)

_P = PlanState
PLAN_STEPS = (
    Transition(None, _P.SOLVING, "scheduler", "asks for a draft"),
    Transition(None, _P.DRAFT, "scheduler", "moves a module of the published plan"),
    Transition(_P.SOLVING, _P.DRAFT, "job", "the search found a plan"),
    Transition(_P.SOLVING, _P.FAILED, "job", "the rules contradict each other, or the search broke"),
    Transition(_P.DRAFT, _P.PUBLISHED, "scheduler", "publishes it"),
    Transition(_P.PUBLISHED, _P.SUPERSEDED, "scheduler", "publishes a later version"),
)

CANDIDATE_TITLES: dict[StrEnum, str] = {
    _C.WAITING: "待安排",
    _C.SCHEDULED: "已安排",
    _C.MISSED: "缺席终止",
    _C.CANCELLED: "已取消",
}
BOOKING_TITLES: dict[StrEnum, str] = {
    BookingState.CURRENT: "有效",
    BookingState.REPLACED: "已改期",
    BookingState.MISSED: "未到场",
    BookingState.CANCELLED: "已取消",
}
STUDENT_TITLES: dict[StrEnum, str] = {
    _S.EXPECTED: "待报到",
    _S.REGISTERED: "已报到",
    _S.DROPPED_OUT: "已退学",
    _S.RELEASED: "名额已释放",
}
PROPOSAL_TITLES: dict[StrEnum, str] = {
    _O.SOLVING: "编排中",
    _O.READY: "待确认",
    _O.FAILED: "未成功",
    _O.BOOKED: "已确认",
}
PLAN_TITLES: dict[StrEnum, str] = {
    _P.SOLVING: "编排中",
    _P.DRAFT: "草案",
    _P.FAILED: "未成功",
    _P.PUBLISHED: "已发布",
    _P.SUPERSEDED: "已被替代",
}
MARK_TITLES: dict[StrEnum, str] = {
    Mark.PRESENT: "出勤",
    Mark.ABSENT: "缺勤",
    Mark.LEAVE: "请假",
    Mark.MADE_UP: "已补课",
}
