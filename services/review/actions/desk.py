"""Desk points for firm and materials (notice, clause 5.4.3)."""

from datetime import datetime
from uuid import UUID

from services.review.actions.locking import lock_case_to_score
from services.review.rules.scoring import check_desk_points
from shared.persistence.unit_of_work import UnitOfWork


def score_materials(
    uow: UnitOfWork, case_id: UUID, *, firm_points: int, materials_points: int, actor: str, now: datetime
) -> None:
    """Set both points, in hundredths, within the programme's limits. A later call replaces them until the freeze."""
    case, programme = lock_case_to_score(uow, case_id)
    check_desk_points(firm_points, materials_points, programme.scoring)
    details = {"firm": firm_points, "materials": materials_points, "programme_version": programme.version}
    if case.firm_points is not None:
        details |= {"firm_before": case.firm_points, "materials_before": case.materials_points or 0}
    case.firm_points, case.materials_points = firm_points, materials_points
    uow.session.add(case)
    uow.record("score_materials", str(case.id), actor=actor, now=now, details=details)
