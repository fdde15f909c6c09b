"""State machines of a case, a seat and a ranking: source, target, who triggers the transition, and on what."""

from enum import StrEnum

from shared.foundation.transitions import Transition


class CaseState(StrEnum):
    """Result of the authenticity check of an application."""

    OPEN = "open"
    RETURNED = "returned"
    PASSED = "passed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class SeatState(StrEnum):
    """State of a person's seat after the release of the ranking. Only `held` counts against the quota."""

    HELD = "held"
    WAITING = "waiting"
    RELEASED = "released"
    NOT_SELECTED = "not_selected"


class ReleaseReason(StrEnum):
    """Why a held seat was released."""

    LAPSED = "lapsed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    DROPPED_OUT = "dropped_out"


class RankingState(StrEnum):
    """One ranking per programme."""

    DRAFT = "draft"
    FROZEN = "frozen"
    RELEASED = "released"


class Verdict(StrEnum):
    """A reviewer's verdict on one scan."""

    PASSED = "pass"
    FAIL = "fail"
    ILLEGIBLE = "illegible"


class WorkKind(StrEnum):
    """Kinds of work for the committee. Proposed promotions are computed from the free seats and have no row."""

    LAPSE_PROPOSED = "lapse_proposed"
    LATE_PAYMENT = "late_payment"
    PROMOTION_OVERRIDE = "promotion_override"
    PROMOTION_PROPOSED = "promotion_proposed"


class LetterKind(StrEnum):
    """Kinds of letter that a decision triggers."""

    ADMISSION = "admission"
    WAITING_LIST = "waiting_list"
    REFUSAL = "refusal"


class CertificateFault(StrEnum):
    """Why the office's certificate cannot sign letters."""

    UNREADABLE = "unreadable"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    UNSUITABLE = "unsuitable"


class Fate(StrEnum):
    """Overall outcome of an application: exactly one of these at any time."""

    IN_PROCESS = "in_process"
    SEAT_HELD = "seat_held"
    WAITING = "waiting"
    NOT_SELECTED = "not_selected"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    DECLINED = "declined"
    DROPPED_OUT = "dropped_out"


_C = CaseState
CASE_STEPS = (
    Transition(None, _C.OPEN, "intake", "ApplicationSubmitted"),
    Transition(_C.OPEN, _C.PASSED, "reviewer", "every scan legible and stamped, consent recorded"),
    Transition(_C.OPEN, _C.RETURNED, "reviewer", "names every defect"),
    Transition(_C.OPEN, _C.REJECTED, "reviewer", "not authentic, or barred"),
    Transition(_C.PASSED, _C.REJECTED, "reviewer", "found out later, before a seat is held"),
    Transition(_C.RETURNED, _C.OPEN, "intake", "ApplicationResubmitted"),
    Transition(_C.RETURNED, _C.REJECTED, "timer", "correct_by passed"),
    Transition(_C.OPEN, _C.WITHDRAWN, "intake", "ApplicationWithdrawn"),
    Transition(_C.RETURNED, _C.WITHDRAWN, "intake", "ApplicationWithdrawn"),
    Transition(_C.PASSED, _C.WITHDRAWN, "intake", "ApplicationWithdrawn"),
)

_S = SeatState
SEAT_STEPS = (
    Transition(None, _S.HELD, "committee", "releases the ranking: within the quota"),
    Transition(None, _S.WAITING, "committee", "releases the ranking: on the waiting list"),
    Transition(None, _S.NOT_SELECTED, "committee", "releases the ranking: beyond it, or never interviewed"),
    Transition(_S.WAITING, _S.HELD, "committee", "confirms a promotion"),
    Transition(_S.WAITING, _S.NOT_SELECTED, "timer", "the waiting list closes; or the application is withdrawn"),
    Transition(_S.HELD, _S.RELEASED, "committee", "lapse, refusal, withdrawal, drop-out"),
    Transition(_S.RELEASED, _S.HELD, "committee", "a late payment, and a seat is free"),
)

_R = RankingState
RANKING_STEPS = (
    Transition(None, _R.DRAFT, "intake", "ProgrammePublished"),
    Transition(_R.DRAFT, _R.FROZEN, "committee", "everything is decided"),
    Transition(_R.FROZEN, _R.RELEASED, "another committee account", "the publicity period is over"),
)

CASE_TITLES: dict[StrEnum, str] = {
    _C.OPEN: "待初审",
    _C.RETURNED: "退回补正",
    _C.PASSED: "初审通过",
    _C.REJECTED: "初审不通过",
    _C.WITHDRAWN: "已撤回",
}
SEAT_TITLES: dict[StrEnum, str] = {
    _S.HELD: "在册",
    _S.WAITING: "候补",
    _S.RELEASED: "已释放",
    _S.NOT_SELECTED: "未入选",
}
RELEASE_TITLES: dict[StrEnum, str] = {
    ReleaseReason.LAPSED: "逾期未缴",
    ReleaseReason.DECLINED: "放弃",
    ReleaseReason.WITHDRAWN: "撤回",
    ReleaseReason.DROPPED_OUT: "退学",
}
RANKING_TITLES: dict[StrEnum, str] = {_R.DRAFT: "未冻结", _R.FROZEN: "已冻结", _R.RELEASED: "已发布"}
VERDICT_TITLES: dict[StrEnum, str] = {Verdict.PASSED: "相符", Verdict.FAIL: "不符", Verdict.ILLEGIBLE: "无法辨认"}
LETTER_TITLES: dict[StrEnum, str] = {
    LetterKind.ADMISSION: "入学通知书",
    LetterKind.WAITING_LIST: "候补通知书",
    LetterKind.REFUSAL: "未入选通知书",
}
CERTIFICATE_FAULT_TITLES: dict[StrEnum, str] = {
    CertificateFault.UNREADABLE: "签章证书读不出，或密码不对",
    CertificateFault.NOT_YET_VALID: "签章证书尚未生效",
    CertificateFault.EXPIRED: "签章证书已过期",
    CertificateFault.UNSUITABLE: "签章证书不能用于签名（须为 RSA 或 EC 密钥，且用途含数字签名或不可否认）",
}
WORK_TITLES: dict[StrEnum, str] = {
    WorkKind.LAPSE_PROPOSED: "逾期未缴",
    WorkKind.LATE_PAYMENT: "迟到缴费",
    WorkKind.PROMOTION_OVERRIDE: "越序递补",
    WorkKind.PROMOTION_PROPOSED: "候补递补",
}
FATE_TITLES: dict[StrEnum, str] = {
    Fate.IN_PROCESS: "办理中",
    Fate.SEAT_HELD: "在册",
    Fate.WAITING: "候补",
    Fate.NOT_SELECTED: "未入选",
    Fate.REJECTED: "初审不通过",
    Fate.WITHDRAWN: "已撤回",
    Fate.LAPSED: "逾期未缴",
    Fate.DECLINED: "放弃",
    Fate.DROPPED_OUT: "退学",
}


def fate(case: str, seat: str | None, reason: str | None) -> Fate:
    """Return the outcome of an application. A released seat takes precedence, then the case, then the seat."""
    if seat == SeatState.RELEASED:
        return Fate(reason or "")
    if case in (CaseState.WITHDRAWN, CaseState.REJECTED):
        return Fate(case)
    found = {SeatState.HELD: Fate.SEAT_HELD, SeatState.WAITING: Fate.WAITING, SeatState.NOT_SELECTED: Fate.NOT_SELECTED}
    return found[SeatState(seat)] if seat else Fate.IN_PROCESS
