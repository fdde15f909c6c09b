"""Queries on cases: the application's content and the checks of its scans."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from services.review.errors import UnknownCase
from services.review.models import Case, ScanCheck
from services.review.rules.checklist import Check
from services.review.states import Verdict
from shared.events.intake import Programme, ScanClaim, Student
from shared.events.review import Candidate
from shared.foundation.errors import NotFound


def case_with(session: Session, case_id: UUID) -> Case:
    """Return the case of an application. Raises UnknownCase."""
    case = session.get(Case, case_id)
    if case is None:
        raise UnknownCase
    return case


def cases_in(session: Session, programme: str, *states: str) -> Sequence[Case]:
    """List a programme's cases by application number, of some states or all."""
    found = select(Case).where(Case.programme == programme)
    if states:
        found = found.where(col(Case.state).in_(states))
    return session.exec(found.order_by(col(Case.application_no))).all()


def candidate(case: Case) -> Candidate:
    """Return the candidate as review's events describe one."""
    student = Student.model_validate(case.content["student"])
    return Candidate(
        application_no=case.application_no,
        name=case.student_name,
        position=student.position,
        firm_name=case.firm_name,
        credit_code=case.content["firm"]["credit_code"],
        unit_code=case.unit_code,
        interview_mode=case.interview_mode,
        identity=student.identity,
        mobile=student.mobile,
        email=student.email,
    )


def claims_of(case: Case) -> list[ScanClaim]:
    """Return the claim checks of the current revision's scans."""
    return [ScanClaim.model_validate(claim) for claim in case.content["scans"]]


def claim_of(case: Case, item: str) -> ScanClaim:
    """Return the claim check of one scan. Raises NotFound."""
    found = next((claim for claim in claims_of(case) if claim.kind == item), None)
    if found is None:
        raise NotFound("这份报名没有这种扫描件。", code="unknown-scan")
    return found


def title_of_scan(programme: Programme, item: str) -> str:
    """Return the title of a kind of scan."""
    return next((scan.title for scan in programme.required_scans if scan.kind == item), item)


def current_checks(session: Session, case: Case) -> dict[str, Check]:
    """Map scan kind to check, for the current revision and only for the files that were checked."""
    hashes = {claim.kind: claim.sha256 for claim in claims_of(case)}
    rows = session.exec(
        select(ScanCheck).where(ScanCheck.case_id == case.id, ScanCheck.revision == case.revision)
    ).all()
    return {row.item: Check(Verdict(row.verdict), row.seal) for row in rows if row.sha256 == hashes.get(row.item)}
