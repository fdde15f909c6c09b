"""Request and response bodies of the portal's JSON endpoints."""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict


class NewAccount(BaseModel):
    """An account to create."""

    model_config = ConfigDict(extra="forbid")

    account: str
    name: str
    roles: tuple[str, ...]


class CreatedAccount(BaseModel):
    """A created account, and the path of the one-time link that sets its password, valid for three days."""

    account: str
    link: str


class DemoMoment(BaseModel):
    """The new time of a demo's clock, with a time zone."""

    model_config = ConfigDict(extra="forbid")

    moment: AwareDatetime


class DemoClock(BaseModel):
    """The current time of a demo's clock, UTC."""

    now: datetime
