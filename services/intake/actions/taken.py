"""Who and what is filed already: once per person, platform number and place at a firm (notice, clause 2). Used by filing.py
and applications.py."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, select

from services.intake.errors import PersonAlreadyApplied
from services.intake.models import Application, PastParticipant, PlatformClient
from services.intake.rules.applications import check_participation
from services.intake.schemas import ApplicationIn
from services.intake.states import ApplicationStatus
from shared.columns import one_of
from shared.errors import Conflict, Refusal
from shared.events.intake import Programme

ENDED = (ApplicationStatus.WITHDRAWN, ApplicationStatus.EXPIRED)


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


def taken(session: Session, bodies: Sequence[ApplicationIn], contents: Sequence[dict[str, Any]]) -> Taken:
    """What the database holds of all that these bodies, and the contents of those without faults, name."""
    codes = {body.programme for body in bodies}
    identities = {content["student"]["identity"]["index"] for content in contents}
    held = select(Application.programme, Application.identity_index).where(
        col(Application.programme).in_(codes),
        one_of(session, col(Application.identity_index), identities),
        col(Application.status).not_in(ENDED),
    )
    numbered = select(Application.client_id, Application.platform_no).where(
        one_of(session, col(Application.platform_no), {body.platform_no for body in bodies})
    )
    return Taken(
        past=past_participants(session, identities),
        people={(programme, index) for programme, index in session.exec(held).all()},
        numbers={(client_id, number) for client_id, number in session.exec(numbered).all()},
        firms=firms_filed(session, codes, {content["firm"]["credit_code"] for content in contents}),
    )


def past_participants(session: Session, identities: Collection[str]) -> set[str]:
    """Those who attended before, of keyed hashes of document numbers."""
    return set(
        session.exec(
            select(PastParticipant.identity_index).where(
                one_of(session, col(PastParticipant.identity_index), identities)
            )
        ).all()
    )


def firms_filed(
    session: Session, programmes: Collection[str], credit_codes: Collection[str]
) -> Counter[tuple[str, str]]:
    """(programme, credit code) -> how many applications that have not ended."""
    counted = (
        select(Application.programme, Application.credit_code, func.count())
        .where(
            col(Application.programme).in_(programmes),
            one_of(session, col(Application.credit_code), credit_codes),
            col(Application.status).not_in(ENDED),
        )
        .group_by(Application.programme, Application.credit_code)
    )
    return Counter({(programme, code): count for programme, code, count in session.exec(counted).all()})


def check_firm(filed: int, programme: Programme) -> None:
    """Raises Conflict when a firm that has filed so many may file no more (notice, clause 2)."""
    if filed >= programme.max_per_firm:
        raise Conflict(
            "每家企业本期至多 {max_per_firm} 人报名,该企业已满。",
            code="firm-full",
            values={"max_per_firm": programme.max_per_firm},
        )
