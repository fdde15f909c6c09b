"""JSON endpoints for an administrator's programs: create accounts, move a demo's clock."""

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
def create_account(body: NewAccount, actor: Administrator, uow: Uow, now: Now) -> CreatedAccount:
    """Create an account. Raises Conflict if it exists."""
    link = actions.create_account(uow, body.account, name=body.name, roles=body.roles, actor=actor.account, now=now)
    return CreatedAccount(account=body.account, link=link)


@router.post("/demo/clock")
def move_clock(body: DemoMoment, request: Request, actor: Administrator) -> DemoClock:
    """Move a demo's clock forward. The same moment again changes nothing. Raises Conflict for an earlier moment."""
    clock = process_of(request).clock
    if not isinstance(clock, TravellingClock):
        raise NotFound("只有演示系统才能调整时间。", code="no-demo")
    clock.set(body.moment)
    return DemoClock(now=clock.now())
