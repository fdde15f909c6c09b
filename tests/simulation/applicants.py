"""Actors of a world: intake's clerk, the platform and the students.

Each reads the current rows, takes at most one action and returns whether it did.
"""

import io
import re
from functools import cache
from typing import Any

from PIL import Image

from services.demo.cohort import Application as Filed
from services.demo.cohort import cohort
from services.intake import actions
from services.intake.models import Application, PlatformClient, ProgrammeRow, StoredScan
from services.intake.rules.scans import CheckedScan
from services.intake.schemas import ApplicationIn
from services.intake.states import ApplicationState, Outcome
from services.review import actions as review
from services.review.models import Seat
from services.review.states import SeatState
from shared.foundation.errors import Refusal
from shared.persistence.unit_of_work import UnitOfWork
from tests.simulation.stage import APPLICANTS, CODE, Stage, simulated_programme


@cache
def _filings() -> tuple[Filed, ...]:
    return cohort(1).applications[:APPLICANTS]


@cache
def _scan() -> bytes:
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, "PNG")
    return file.getvalue()


def clerk(stage: Stage) -> bool:
    """Publish the programme and issue the platform's API key."""
    if not stage.rows("intake", ProgrammeRow):
        keys = stage.services["intake"].process.tools.keys
        return stage.act("intake", actions.publish_programme, simulated_programme(), actor="intake01", keys=keys)
    if not stage.rows("intake", PlatformClient):
        return stage.act("intake", actions.issue_client_key, "平台", actor="intake01")
    return False


def platform(stage: Stage) -> bool:
    """File the missing applications once the key exists. If a response was lost, file again."""
    clients = stage.rows("intake", PlatformClient)
    filed = {row.platform_no for row in stage.rows("intake", Application)} if clients else set()
    missing = [one for one in _filings() if one.platform_no not in filed]
    return bool(clients) and stage.act_on_any(missing, lambda one: _send(stage, clients[0], one))


def _send(stage: Stage, client: PlatformClient, one: Filed) -> bool:
    return stage.act("intake", _file, one, client=client, stage=stage, actor="platform")


def _file(uow: UnitOfWork, one: Filed, *, client: PlatformClient, stage: Stage, actor: str, now: Any) -> None:
    body = _body(uow, one, client=client, stage=stage, now=now)
    keys = stage.services["intake"].process.tools.keys
    (filed,) = actions.file_applications(uow, [actions.Filing(body, client, actor)], now=now, keys=keys)
    if isinstance(filed, Refusal):
        raise filed


def _body(uow: UnitOfWork, one: Filed, *, client: PlatformClient, stage: Stage, now: Any) -> ApplicationIn:
    """Store the scans and return the application with consents of this moment."""
    ids = {}
    files = stage.services["intake"].process.tools.files
    for scan in one.scans:
        stored: StoredScan = actions.store_scan(
            uow,
            _scan(),
            CheckedScan("image/png", pages=(_scan(),), blank_pages=()),
            programme=CODE,
            client=client,
            actor="platform",
            now=now,
            files=files,
        )
        uow.session.flush()
        ids[scan.kind] = str(stored.id)
    consents = [consent | {"accepted_at": now.isoformat()} for consent in one.body["consents"]]
    return ApplicationIn.model_validate(one.request(ids) | {"consents": consents})


def corrector(stage: Stage) -> bool:
    """Resubmit returned applications as the platform, except those that are never corrected."""
    returned = stage.rows("intake", Application, Application.state == ApplicationState.RETURNED)
    due = [row for row in returned if not stage.chance(f"never corrected {row.platform_no}", 0.3)]
    return stage.act_on_any(due, lambda row: _send_again(stage, row))


def _send_again(stage: Stage, row: Application) -> bool:
    one = next(one for one in _filings() if one.platform_no == row.platform_no)
    client = stage.rows("intake", PlatformClient)[0]
    return stage.act("intake", _correct, row, one, client=client, stage=stage, actor="platform")


def _correct(
    uow: UnitOfWork, row: Application, one: Filed, *, client: PlatformClient, stage: Stage, actor: str, now: Any
) -> None:
    body = _body(uow, one, client=client, stage=stage, now=now)
    keys = stage.services["intake"].process.tools.keys
    actions.resubmit_application(uow, row.id, body, client=client, actor=actor, now=now, keys=keys)


def student(stage: Stage) -> bool:
    """Confirm consent through the link of a mail."""
    found = [(row, re.search(r"consent/([\w-]+)", row.text)) for row in stage.mailer.mails.values()]
    tokens = [(mail, link[1]) for mail, link in found if link]
    waiting = {row.application_no for row in stage.rows("intake", Application) if row.consented_at is None}
    due = [token for mail, token in tokens if any(number in mail.text for number in waiting)]
    return stage.act_on_any(due, lambda token: stage.act("intake", actions.confirm_consent, token, actor="student"))


def withdrawer(stage: Stage) -> bool:
    """Withdraw an application at a random moment before registration."""
    changing = [
        row
        for row in stage.rows("intake", Application)
        if row.state in (ApplicationState.SUBMITTED, ApplicationState.RETURNED)
        and row.outcome not in (Outcome.REGISTERED, Outcome.REJECTED)
        and stage.chance(f"withdraws {row.platform_no}", 0.2)
    ]
    if not changing or stage.rng.random() > 0.02:
        return False
    row, client = stage.rng.choice(changing), stage.rows("intake", PlatformClient)[0]
    return stage.act("intake", actions.withdraw_application, row.id, "另有安排", client=client, actor="platform")


def decliner(stage: Stage) -> bool:
    """Decline a held seat before registration."""
    held = stage.rows("review", Seat, Seat.state == SeatState.HELD)
    changing = [row for row in held if stage.chance(f"declines {row.rank}", 0.15) and row.registered_at is None]
    if not changing or stage.rng.random() > 0.05:
        return False
    seat = stage.rng.choice(changing)
    return stage.act("review", review.decline_seat, seat.case_id, reason="另有安排", actor="review01")
