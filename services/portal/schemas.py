"""What comes into the portal's JSON interface and goes out."""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict


class NewAccount(BaseModel):
    """An account to create."""

    model_config = ConfigDict(extra="forbid")

    account: str
    name: str
    roles: tuple[str, ...]


class CreatedAccount(BaseModel):
    """A created account and the path of the link that sets its password, valid for three days, once."""

    account: str
    link: str


class DemoMoment(BaseModel):
    """Where to move a demo's clock; times need a zone."""

    model_config = ConfigDict(extra="forbid")

    moment: AwareDatetime


class DemoClock(BaseModel):
    """Where a demo's clock stands, UTC."""

    now: datetime
