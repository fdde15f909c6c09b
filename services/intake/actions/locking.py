"""Lock an application's row and apply state transitions. Used by this package only."""

from uuid import UUID

from services.intake.errors import UnknownApplication
from services.intake.models import Application, PlatformClient, ProgrammeRow
from services.intake.states import APPLICATION_STEPS, STATE_TITLES, ApplicationState
from shared.events.intake import Programme
from shared.foundation.errors import OutOfOrder
from shared.foundation.transitions import check_step
from shared.persistence.unit_of_work import UnitOfWork


def own_application(uow: UnitOfWork, application_id: UUID, client: PlatformClient) -> Application:
    """Lock and return the application if this client filed it. Raises UnknownApplication."""
    row = uow.get_locked(Application, application_id)
    if row is None or row.client_id != client.id:
        raise UnknownApplication
    return row


def known_application(uow: UnitOfWork, application_id: UUID) -> Application:
    """Lock and return the application. Raises OutOfOrder if an event about it arrived before the application."""
    row = uow.get_locked(Application, application_id)
    if row is None:
        raise OutOfOrder(f"application {application_id}")
    return row


def programme_of(uow: UnitOfWork, row: Application) -> Programme:
    """Return the published version of the application's programme."""
    return Programme.model_validate(uow.session.get_one(ProgrammeRow, row.programme).data)


def step(row: Application, target: ApplicationState) -> None:
    """Apply a transition of APPLICATION_STEPS. Raises Conflict if the table does not allow it."""
    check_step(APPLICATION_STEPS, ApplicationState(row.state), target, titles=STATE_TITLES)
    row.state = target
