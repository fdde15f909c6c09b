"""The portal's JSON routes, for an administrator's programs: accounts, and the clock of a demo."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from services.portal import actions
from services.portal.schemas import CreatedAccount, DemoClock, DemoMoment, NewAccount
from shared.foundation.clock import TravellingClock
from shared.foundation.errors import NotFound
from shared.http.auth import CurrentUser, staff
from shared.http.web import Now, Uow, process_of

router = APIRouter(prefix="/api", tags=["portal"])
Administrator = Annotated[CurrentUser, Depends(staff("administrator"))]


@router.post("/accounts", status_code=201)
def create_account(new: NewAccount, actor: Administrator, uow: Uow, now: Now) -> CreatedAccount:
    """A new account; a repeat is refused."""
    link = actions.create_account(uow, new.account, name=new.name, roles=new.roles, actor=actor.account, now=now)
    return CreatedAccount(account=new.account, link=link)


@router.post("/demo/clock")
def move_clock(wanted: DemoMoment, request: Request, actor: Administrator) -> DemoClock:
    """Moves a demo's clock on; it never goes back, and the same moment again does nothing."""
    clock = process_of(request).clock
    if not isinstance(clock, TravellingClock):
        raise NotFound("只有演示系统才能调整时间。", code="no-demo")
    clock.set(wanted.moment)
    return DemoClock(now=clock.now())
