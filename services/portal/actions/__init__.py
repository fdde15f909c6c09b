"""Actions: functions that change the portal's state. All are audited; changes of access are published."""

from services.portal.actions.accounts import change_roles, close_account, create_account, renew_link
from services.portal.actions.attempts import Attempt, check_attempt, count_failure, reset_failures
from services.portal.actions.dead_letters import discard_dead_letter, note_dead_letter
from services.portal.actions.occurrences import note_occurrence
from services.portal.actions.passwords import (
    change_password,
    first_account_link,
    link_owner,
    make_first_account,
    set_password,
)
from services.portal.actions.replays import (
    Replayed,
    next_batch,
    note_order,
    order_one_replay,
    order_replay,
    replay_batch,
)
from services.portal.actions.sessions import Renewable, end_session, note_refused_sign_in, renew, sign_in
from services.portal.actions.signing import signing_key

__all__ = [
    "Attempt",
    "Renewable",
    "Replayed",
    "change_password",
    "change_roles",
    "check_attempt",
    "close_account",
    "count_failure",
    "create_account",
    "discard_dead_letter",
    "end_session",
    "first_account_link",
    "link_owner",
    "make_first_account",
    "next_batch",
    "note_dead_letter",
    "note_occurrence",
    "note_order",
    "note_refused_sign_in",
    "order_one_replay",
    "order_replay",
    "renew",
    "renew_link",
    "replay_batch",
    "reset_failures",
    "set_password",
    "sign_in",
    "signing_key",
]
