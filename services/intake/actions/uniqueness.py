"""Who and what is filed already: once per person, platform number and place at a firm (notice, clause 2). Used by filing.py
and applications.py."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import String, and_, cast, func, literal, select, union_all
from sqlmodel import col

from services.intake.errors import PersonAlreadyApplied
from services.intake.models import Application, PastParticipant, PlatformClient
from services.intake.rules.applications import check_participation
from services.intake.schemas import ApplicationIn
from services.intake.states import ApplicationState
from shared.events.intake import Programme
from shared.foundation.errors import Conflict, Refusal
from shared.persistence.columns import one_of
from shared.persistence.unit_of_work import UnitOfWork

ENDED = (ApplicationState.WITHDRAWN, ApplicationState.EXPIRED)
_OPEN = and_(one_of(col(Application.programme), "codes"), col(Application.state).not_in(ENDED))
_FIRM = (col(Application.programme), col(Application.credit_code))
_TAKEN = union_all(
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
class Taken:
    """Who and what is in the database already, of all that a batch names; it grows with what the batch files. People and
    firms are counted by programme, platform numbers by client."""

    past: set[str]
    people: set[tuple[str, str]]
    numbers: set[tuple[UUID, str]]
    firms: Counter[tuple[str, str]]

    def refusal(
        self, body: ApplicationIn, content: dict[str, Any], programme: Programme, *, client: PlatformClient
    ) -> Refusal | None:
        """Why this one cannot be filed; None, and taken from now on, when it can."""
        identity = content["student"]["identity"]["index"]
        person, number = (programme.code, identity), (client.id, body.platform_no)
        firm = (programme.code, content["firm"]["credit_code"])
        try:
            check_participation(body, known=identity in self.past)
            if person in self.people:
                raise PersonAlreadyApplied
            if number in self.numbers:
                raise Conflict(
                    "平台编号“{platform_no}”已用于另一份报名。",
                    code="platform-no-used",
                    values={"platform_no": body.platform_no},
                )
            check_firm(self.firms[firm], programme)
        except Refusal as refusal:
            return refusal
        self.people.add(person)
        self.numbers.add(number)
        self.firms[firm] += 1
        return None


def taken(
    uow: UnitOfWork,
    bodies: Sequence[ApplicationIn],
    contents: Sequence[dict[str, Any]],
    *,
    clients: Collection[PlatformClient],
) -> Taken:
    """What the database holds of all that these bodies of these clients, and the contents of those without faults, name; in
    one statement."""
    named = {
        "codes": {body.programme for body in bodies},
        "identities": {content["student"]["identity"]["index"] for content in contents},
        "firms": {content["firm"]["credit_code"] for content in contents},
        "clients": {client.id for client in clients},
        "numbers": {body.platform_no for body in bodies},
    }
    found: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    for kind, scope, value, count in uow.session.execute(_TAKEN, named).all():
        found[kind][scope, value] = count
    return Taken(
        past={index for _scope, index in found["past"]},
        people=set(found["person"]),
        numbers={(UUID(client_id), number) for client_id, number in found["number"]},
        firms=Counter(found["firm"]),
    )


def check_firm(filed: int, programme: Programme) -> None:
    """Raises Conflict when a firm that has filed so many may file no more (notice, clause 2)."""
    if filed >= programme.max_per_firm:
        raise Conflict(
            "每家企业本期至多 {max_per_firm} 人报名,该企业已满。",
            code="firm-full",
            values={"max_per_firm": programme.max_per_firm},
        )
