"""Event handler: stores every event for the timeline. Registered in bus.py."""

from services.portal import actions
from shared.context import Context
from shared.events import Event
from shared.messaging.ordering import accept_stale
from shared.persistence.unit_of_work import UnitOfWork


@accept_stale
def on_any_event(uow: UnitOfWork, event: Event, *, context: Context) -> None:
    """Store the event. The portal applied its own StaffAccessChanged when it published it."""
    assert context.envelope is not None
    actions.note_occurrence(uow, event, envelope=context.envelope)
