"""Queries on the roster: who holds a seat, who has reported, who is in the course."""

from uuid import UUID

from sqlmodel import Session, col, func, select

from services.scheduling.errors import Unknown
from services.scheduling.models import Certificate, FeeWaiver, Student
from services.scheduling.states import StudentState


def student_of(session: Session, application_id: UUID) -> Student:
    """Return a student. Raises Unknown."""
    row = session.get(Student, application_id)
    if row is None:
        raise Unknown("学员")
    return row


def students(session: Session, programme: str, *states: StudentState) -> list[Student]:
    """List the students in these states by rank."""
    found = select(Student).where(Student.programme == programme, col(Student.state).in_(states))
    return list(session.exec(found.order_by(col(Student.rank), col(Student.application_no))).all())


def all_students(session: Session, programme: str) -> list[Student]:
    """List everyone who was ever on the roster, by rank."""
    return students(session, programme, *StudentState)


def in_course(session: Session, programme: str) -> list[Student]:
    """List the students in the course (registered and not left) by rank."""
    return students(session, programme, StudentState.REGISTERED)


def students_by_state(session: Session, programme: str) -> dict[str, int]:
    """Count the students by state."""
    counted = select(Student.state, func.count()).where(Student.programme == programme).group_by(Student.state)
    return dict(session.exec(counted).all())


def waiver_of(session: Session, application_id: UUID) -> FeeWaiver | None:
    """Return the requested fee waiver, or None."""
    return session.get(FeeWaiver, application_id)


def certificate_of(session: Session, application_id: UUID) -> Certificate | None:
    """Return the recorded certificate decision, or None."""
    return session.get(Certificate, application_id)


def certificates(session: Session, programme: str, *, certified: bool) -> list[tuple[Certificate, Student]]:
    """List the students who are certified, or those who are not, by rank."""
    found = (
        select(Certificate, Student)
        .join(Student, col(Student.application_id) == Certificate.application_id)
        .where(Certificate.programme == programme, Certificate.certified == certified)
        .order_by(col(Student.rank), col(Student.application_no))
    )
    return list(session.exec(found).all())
