"""Request and response bodies of the portal's JSON endpoints."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from shared.foundation.bodies import Body
from shared.foundation.text import Line

Code = Annotated[Line, Field(max_length=100)]


class NewAccount(Body):
    """An account to create."""

    account: Code
    name: Code
    roles: Annotated[tuple[Code, ...], Field(max_length=50)]


class CreatedAccount(BaseModel):
    """A created account, and the path of the one-time link that sets its password, valid for three days."""

    account: str
    link: str


class DemoMoment(Body):
    """The new time of a demo's clock, with a time zone."""

    moment: Annotated[AwareDatetime, Field(lt=datetime(9000, 1, 1, tzinfo=UTC))]


class DemoClock(BaseModel):
    """The current time of a demo's clock, UTC."""

    now: datetime
