"""Intake's states of an application and their transitions: from, to, actor, trigger."""

from enum import StrEnum

from shared.foundation.transitions import Transition


class ApplicationState(StrEnum):
    """Intake's own state. The decisions of review, scheduling and billing are projected as Outcome."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Outcome(StrEnum):
    """Progress of the application in the other services, as shown to the platform."""

    UNDER_REVIEW = "under_review"
    VERIFIED = "verified"
    REJECTED = "rejected"
    ADMITTED = "admitted"
    WAITLISTED = "waitlisted"
    NOT_SELECTED = "not_selected"
    SEAT_RELEASED = "seat_released"
    REGISTERED = "registered"
    CERTIFIED = "certified"
    NOT_CERTIFIED = "not_certified"


_OVER = frozenset({Outcome.CERTIFIED, Outcome.NOT_CERTIFIED})
OVERTAKEN: dict[Outcome, frozenset[Outcome]] = {
    Outcome.VERIFIED: _OVER
    | {Outcome.ADMITTED, Outcome.WAITLISTED, Outcome.NOT_SELECTED, Outcome.SEAT_RELEASED, Outcome.REGISTERED},
    Outcome.ADMITTED: _OVER | {Outcome.REGISTERED},
    Outcome.REGISTERED: _OVER,
    Outcome.SEAT_RELEASED: _OVER,
}
"""Map an outcome to the outcomes that overtake it. Events of two services, or of two parts, arrive in any order."""

_S = ApplicationState
APPLICATION_STEPS = (
    Transition(None, _S.DRAFT, "platform", "saves a draft"),
    Transition(None, _S.SUBMITTED, "platform", "posts an application in the window"),
    Transition(_S.DRAFT, _S.SUBMITTED, "platform", "files the draft in the window"),
    Transition(_S.DRAFT, _S.EXPIRED, "timer", "the deadline passed"),
    Transition(_S.SUBMITTED, _S.RETURNED, "review", "ApplicationReturned"),
    Transition(_S.RETURNED, _S.SUBMITTED, "platform", "posts the corrected application"),
    Transition(_S.DRAFT, _S.WITHDRAWN, "platform", "takes it back"),
    Transition(_S.SUBMITTED, _S.WITHDRAWN, "platform", "takes it back"),
    Transition(_S.RETURNED, _S.WITHDRAWN, "platform", "takes it back"),
)

STATE_TITLES: dict[StrEnum, str] = {
    _S.DRAFT: "草稿",
    _S.SUBMITTED: "已提交",
    _S.RETURNED: "退回补正",
    _S.WITHDRAWN: "已撤回",
    _S.EXPIRED: "逾期失效",
}

OUTCOME_TITLES: dict[StrEnum, str] = {
    Outcome.UNDER_REVIEW: "审核中",
    Outcome.VERIFIED: "初审通过",
    Outcome.REJECTED: "初审不通过",
    Outcome.ADMITTED: "录取",
    Outcome.WAITLISTED: "候补",
    Outcome.NOT_SELECTED: "未入选",
    Outcome.SEAT_RELEASED: "名额已释放",
    Outcome.REGISTERED: "已报到",
    Outcome.CERTIFIED: "结业",
    Outcome.NOT_CERTIFIED: "未结业",
}
