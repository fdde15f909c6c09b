"""Uniqueness of applications by person and platform number, and the maximum per firm (notice, clause 2).

Called by filing.py and applications.py.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import String, and_, cast, func, literal, select, union_all
from sqlmodel import col

from services.intake.errors import PersonAlreadyApplied, PlatformNumberUsed
from services.intake.models import Application, PastParticipant, PlatformClient
from services.intake.rules.applications import check_participation
from services.intake.schemas import ApplicationIn
from services.intake.states import ApplicationState
from shared.events.intake import Programme
from shared.foundation.errors import Conflict, Refusal
from shared.persistence.columns import one_of
from shared.persistence.unit_of_work import UnitOfWork

NOT_FILED = (ApplicationState.DRAFT, ApplicationState.WITHDRAWN, ApplicationState.EXPIRED)
_OPEN = and_(one_of(col(Application.programme), "codes"), col(Application.state).not_in(NOT_FILED))
_FIRM = (col(Application.programme), col(Application.credit_code))
_EXISTING = union_all(
    select(literal("past"), literal(""), col(PastParticipant.identity_index), literal(1)).where(
        one_of(col(PastParticipant.identity_index), "identities")
    ),
    select(literal("person"), col(Application.programme), col(Application.identity_index), literal(1)).where(
        _OPEN, one_of(col(Application.identity_index), "identities")
    ),
    select(literal("number"), cast(Application.client_id, String), col(Application.platform_no), literal(1)).where(
        one_of(col(Application.client_id), "clients"), one_of(col(Application.platform_no), "numbers")
    ),
    select(literal("firm"), *_FIRM, func.count())
    .where(_OPEN, one_of(col(Application.credit_code), "firms"))
    .group_by(*_FIRM),
)


@dataclass(frozen=True)
class ExistingFilings:
    """Existing filings that a batch could conflict with; each application that the batch files is added.

    People and firms are counted per programme, platform numbers per client.
    """

    past: set[str]
    people: set[tuple[str, str]]
    numbers: set[tuple[UUID, str]]
    firms: Counter[tuple[str, str]]

    def refusal(
        self, body: ApplicationIn, content: dict[str, Any], programme: Programme, *, client: PlatformClient
    ) -> Refusal | None:
        """Return the reason why the application cannot be filed, or add it to the existing filings and return None."""
        identity = content["student"]["identity"]["index"]
        person, number = (programme.code, identity), (client.id, body.platform_no)
        firm = (programme.code, content["firm"]["credit_code"])
        try:
            check_participation(body, known=identity in self.past)
            if person in self.people:
                raise PersonAlreadyApplied
            if number in self.numbers:
                raise PlatformNumberUsed(body.platform_no)
            check_firm(self.firms[firm], programme)
        except Refusal as refusal:
            return refusal
        self.people.add(person)
        self.numbers.add(number)
        self.firms[firm] += 1
        return None


def existing_filings(
    uow: UnitOfWork,
    bodies: Sequence[ApplicationIn],
    contents: Sequence[dict[str, Any]],
    *,
    clients: Collection[PlatformClient],
) -> ExistingFilings:
    """Query the filings that could conflict with these bodies, contents (of the valid bodies) and clients.

    One statement for the whole batch.
    """
    parameters = {
        "codes": {body.programme for body in bodies},
        "identities": {content["student"]["identity"]["index"] for content in contents},
        "firms": {content["firm"]["credit_code"] for content in contents},
        "clients": {client.id for client in clients},
        "numbers": {body.platform_no for body in bodies},
    }
    counts: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    for kind, scope, value, count in uow.session.execute(_EXISTING, parameters).all():
        counts[kind][scope, value] = count
    return ExistingFilings(
        past={index for _scope, index in counts["past"]},
        people=set(counts["person"]),
        numbers={(UUID(client_id), number) for client_id, number in counts["number"]},
        firms=Counter(counts["firm"]),
    )


def check_firm(filed: int, programme: Programme) -> None:
    """Raise Conflict if a firm with `filed` applications has reached the programme's maximum (notice, clause 2)."""
    if filed >= programme.max_per_firm:
        raise Conflict(
            "每家企业本期至多 {max_per_firm} 人报名,该企业已满。",
            code="firm-full",
            values={"max_per_firm": programme.max_per_firm},
        )
