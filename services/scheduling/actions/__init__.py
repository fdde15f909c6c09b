"""Actions that change scheduling's state; each writes an audit record. Called by pages, handlers.py, tasks.py and
worker.py."""

from services.scheduling.actions.attendance import record_assessments, record_attendance
from services.scheduling.actions.candidates import cancel_candidate, note_withdrawal, open_candidate
from services.scheduling.actions.certificates import record_certificates
from services.scheduling.actions.departures import drop_out, release_student
from services.scheduling.actions.interviews import record_no_show, reschedule_interview
from services.scheduling.actions.lessons import cancel_lesson
from services.scheduling.actions.notices import continue_notice, hold_notice, mark_sent
from services.scheduling.actions.panels import define_panel, define_slots, remove_slot
from services.scheduling.actions.plans import draft_plan, give_up_plan, move_module, publish_plan, store_plan
from services.scheduling.actions.programmes import keep_programme
from services.scheduling.actions.proposals import (
    book_interviews,
    give_up_proposal,
    propose_interviews,
    store_proposal,
)
from services.scheduling.actions.registration import (
    confirm_fee_waiver,
    register_student,
    request_fee_waiver,
    view_identity,
)
from services.scheduling.actions.resources import define_teacher, define_venue, set_calendar_day
from services.scheduling.actions.roster import admit_student, note_fee
from services.scheduling.actions.searches import give_up_searches

__all__ = [
    "admit_student",
    "book_interviews",
    "cancel_candidate",
    "cancel_lesson",
    "confirm_fee_waiver",
    "continue_notice",
    "define_panel",
    "define_slots",
    "define_teacher",
    "define_venue",
    "draft_plan",
    "drop_out",
    "give_up_plan",
    "give_up_proposal",
    "give_up_searches",
    "hold_notice",
    "keep_programme",
    "mark_sent",
    "move_module",
    "note_fee",
    "note_withdrawal",
    "open_candidate",
    "propose_interviews",
    "publish_plan",
    "record_assessments",
    "record_attendance",
    "record_certificates",
    "record_no_show",
    "register_student",
    "release_student",
    "remove_slot",
    "request_fee_waiver",
    "reschedule_interview",
    "set_calendar_day",
    "store_plan",
    "store_proposal",
    "view_identity",
]
