"""Actions that change review's state; each writes an audit record. Called by api.py, pages, handlers.py and
tasks.py."""

from services.review.actions.authenticity import (
    check_scans,
    look_at_identity,
    look_at_scan,
    pass_authenticity,
    reject_application,
    reject_uncorrected,
    return_for_correction,
)
from services.review.actions.cases import note_consent, open_case, reopen_case, withdraw_case
from services.review.actions.desk import score_materials
from services.review.actions.interviews import (
    declare_recusal,
    note_interview,
    note_missed_interview,
    record_score_sheet,
)
from services.review.actions.letters import (
    await_certificate,
    continue_letter,
    hold_letter,
    note_letter_printed,
    note_letter_sent,
)
from services.review.actions.payments import (
    note_fee_overdue,
    note_fee_paid,
    note_fee_reversed,
    note_refund_sent,
    resolve_late_payment,
)
from services.review.actions.programmes import keep_programme
from services.review.actions.promotions import confirm_lapse, confirm_promotion, dismiss_lapse, request_override
from services.review.actions.ranking import freeze_ranking, record_tie_decision, release_ranking
from services.review.actions.seats import close_waiting_lists, decline_seat, drop_out_student, note_registration

__all__ = [
    "await_certificate",
    "check_scans",
    "close_waiting_lists",
    "confirm_lapse",
    "confirm_promotion",
    "continue_letter",
    "declare_recusal",
    "decline_seat",
    "dismiss_lapse",
    "drop_out_student",
    "freeze_ranking",
    "hold_letter",
    "keep_programme",
    "look_at_identity",
    "look_at_scan",
    "note_consent",
    "note_fee_overdue",
    "note_fee_paid",
    "note_fee_reversed",
    "note_interview",
    "note_letter_printed",
    "note_letter_sent",
    "note_missed_interview",
    "note_refund_sent",
    "note_registration",
    "open_case",
    "pass_authenticity",
    "record_score_sheet",
    "record_tie_decision",
    "reject_application",
    "reject_uncorrected",
    "release_ranking",
    "reopen_case",
    "request_override",
    "resolve_late_payment",
    "return_for_correction",
    "score_materials",
    "withdraw_case",
]
