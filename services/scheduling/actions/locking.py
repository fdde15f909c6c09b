"""The rows that actions change, locked: programme, candidate, student."""

from uuid import UUID

from sqlmodel import select

from services.scheduling.errors import Unknown, UnknownProgramme
from services.scheduling.models import Candidate, ProgrammeRow, Student
from shared.events.intake import Programme
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork


def locked_programme(uow: UnitOfWork, code: str) -> Programme:
    """The programme; its lock puts bookings and plans of a programme in a row. Raises Unknown."""
    row = uow.session.exec(for_update(select(ProgrammeRow).where(ProgrammeRow.code == code))).one_or_none()
    if row is None:
        raise UnknownProgramme
    return Programme.model_validate(row.data)


def locked_candidate(uow: UnitOfWork, application_id: UUID) -> Candidate:
    """The candidate. Raises Unknown."""
    row = uow.session.exec(
        for_update(select(Candidate).where(Candidate.application_id == application_id))
    ).one_or_none()
    if row is None:
        raise Unknown("候选人")
    found: Candidate = row
    return found


def locked_student(uow: UnitOfWork, application_id: UUID) -> Student:
    """The student on the roster. Raises Unknown."""
    row = uow.session.exec(for_update(select(Student).where(Student.application_id == application_id))).one_or_none()
    if row is None:
        raise Unknown("学员")
    found: Student = row
    return found
