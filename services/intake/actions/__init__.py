"""Actions: functions that change intake's state. Called by api, pages, handlers and tasks; all are audited."""

from services.intake.actions.applications import resubmit_application, withdraw_application
from services.intake.actions.clients import issue_client_key, revoke_client_key
from services.intake.actions.consent import application_behind, confirm_consent, renew_consent_link, request_consent
from services.intake.actions.decisions import note_closing, note_outcome, note_return
from services.intake.actions.drafts import expire_drafts, file_draft, patch_draft, replace_draft, save_draft
from services.intake.actions.filing import Filing, file_applications
from services.intake.actions.programmes import (
    import_past_participants,
    note_progress,
    publish_programme,
    revise_programme,
)
from services.intake.actions.scans import remove_scans_of_closed, remove_unreferred_scans, store_scan

__all__ = [
    "Filing",
    "application_behind",
    "confirm_consent",
    "expire_drafts",
    "file_applications",
    "file_draft",
    "import_past_participants",
    "issue_client_key",
    "note_closing",
    "note_outcome",
    "note_progress",
    "note_return",
    "patch_draft",
    "publish_programme",
    "remove_scans_of_closed",
    "remove_unreferred_scans",
    "renew_consent_link",
    "replace_draft",
    "request_consent",
    "resubmit_application",
    "revise_programme",
    "revoke_client_key",
    "save_draft",
    "store_scan",
    "withdraw_application",
]
