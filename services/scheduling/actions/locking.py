"""Row locks for scheduling's actions: `lock_...` returns the row or raises, `get_...` may return None.

Used by this package only. Actions that book interviews or change plans lock the programme first.
"""

from uuid import UUID

from services.scheduling.errors import Unknown, UnknownProgramme
from services.scheduling.models import Candidate, Lesson, Plan, ProgrammeRow, Proposal, Student
from shared.events.intake import Programme
from shared.persistence.unit_of_work import UnitOfWork


def get_programme_row(uow: UnitOfWork, code: str) -> ProgrammeRow | None:
    """Lock and return the row of a programme, or None."""
    return uow.get_locked(ProgrammeRow, code)


def lock_programme(uow: UnitOfWork, code: str) -> Programme:
    """Lock and return a programme; the lock serialises its bookings and plans. Raises UnknownProgramme."""
    row = get_programme_row(uow, code)
    if row is None:
        raise UnknownProgramme
    return Programme.model_validate(row.data)


def get_candidate(uow: UnitOfWork, application_id: UUID) -> Candidate | None:
    """Lock and return a candidate, or None."""
    return uow.get_locked(Candidate, application_id)


def lock_candidate(uow: UnitOfWork, application_id: UUID) -> Candidate:
    """Lock and return a candidate. Raises Unknown."""
    row = get_candidate(uow, application_id)
    if row is None:
        raise Unknown("候选人")
    return row


def get_student(uow: UnitOfWork, application_id: UUID) -> Student | None:
    """Lock and return a student on the roster, or None."""
    return uow.get_locked(Student, application_id)


def lock_student(uow: UnitOfWork, application_id: UUID) -> Student:
    """Lock and return a student on the roster. Raises Unknown."""
    row = get_student(uow, application_id)
    if row is None:
        raise Unknown("学员")
    return row


def lock_lesson(uow: UnitOfWork, lesson_id: UUID) -> Lesson:
    """Lock and return a lesson. Raises Unknown."""
    row = uow.get_locked(Lesson, lesson_id)
    if row is None:
        raise Unknown("课次")
    return row


def lock_plan(uow: UnitOfWork, plan_id: UUID) -> Plan:
    """Lock and return a teaching plan. Raises Unknown."""
    row = uow.get_locked(Plan, plan_id)
    if row is None:
        raise Unknown("教学计划")
    return row


def lock_proposal(uow: UnitOfWork, proposal_id: UUID) -> Proposal:
    """Lock and return a proposal. Raises Unknown."""
    row = uow.get_locked(Proposal, proposal_id)
    if row is None:
        raise Unknown("面试编排方案")
    return row
