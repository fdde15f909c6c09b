"""The 2021 programme from the notice to the certificate list, played over HTTP, standalone and on servers."""

import threading
import time
from pathlib import Path

from rich.console import Console
from sqlmodel import delete, select

from services.demo.player import filing
from services.demo.player.clients import Stage
from services.demo.player.play import FIRST_MOMENT, chapters, make_scenario, opening, play
from services.demo.player.summary import reconcile
from services.demo.programme import programme
from services.intake import actions
from services.intake.models import Application, PlatformClient
from services.intake.schemas import ApplicationIn
from services.intake.settings import IntakeSettings
from shared.persistence.models import OutboxRow
from shared.wiring.process import open_process
from shared.wiring.registry import SERVICES
from shared.wiring.settings import embedded
from tests.journeys.installations import (
    RunningInstallation,
    servers_installation,
    standalone_server,
    start_embedded,
    stop,
)
from tests.servers.processes import free_port

QUIET = Console(quiet=True)


def failing_lines(installation: RunningInstallation, stage: Stage, folder: Path, seed: int) -> list[str]:
    """Play all chapters. Return the lines of the summary that do not hold."""
    lines = play(stage, seed=seed, first_link=installation.first_link, notes=folder / "key.json", console=QUIET)
    assert len(lines) >= 20
    return [line.text for line in lines if not line.holds]


def test_the_programme_runs_on_a_standalone_server_and_every_line_holds(tmp_path):
    with standalone_server(tmp_path / "data", FIRST_MOMENT) as installation:
        stage = installation.stage()
        assert failing_lines(installation, stage, tmp_path, 2) == []
        filed = stage.person("audit01").json("/intake/api/figures")["domain"]
        # After the year, the scans of applicants without a seat are deleted. The others are kept for three years.
        assert filed["scans_removed"] == filed["applications"] - 50


def test_the_programme_runs_on_rabbitmq_postgresql_and_redis_and_every_line_holds(
    tmp_path, rabbitmq_url, redis_url, postgres_url
):
    servers = {"broker_url": rabbitmq_url, "redis_url": redis_url, "database": postgres_url}
    with servers_installation(tmp_path, FIRST_MOMENT, **servers) as installation:
        assert failing_lines(installation, installation.stage(), tmp_path, 1) == []


def test_a_killed_server_keeps_every_accepted_application_and_resumes(tmp_path):
    folder, port = tmp_path / "data", free_port()
    installation = start_embedded(folder, port, FIRST_MOMENT)
    stage, scenario = installation.stage(), make_scenario(1)
    for _title, _steps, act in opening(stage, scenario, installation.first_link, tmp_path / "key.json"):
        act(lambda: None)
    accepted: list[str] = []
    filer = threading.Thread(target=_file_until_the_server_dies, args=(stage, scenario, accepted))
    filer.start()
    while len(accepted) < 25:
        time.sleep(0.01)
    installation.kill("server")
    filer.join(60)
    installation = start_embedded(folder, port, FIRST_MOMENT)
    try:
        again = Stage(stage.addresses, stage.passwords, stage.mail, platform_key=stage.platform_key)
        known = filing.FilingClient(again, again.platform()).filed()
        assert [number for number in accepted if number not in known] == []
        filing_chapter, consent_chapter = chapters(again, scenario)[:2]
        filing_chapter[2](lambda: None)
        consent_chapter[2](lambda: None)
        again.settle()
        cases = again.person("review01").json("/review/api/cases")
        assert sorted(case["platform_no"] for case in cases) == sorted(
            one.platform_no for one in scenario.story.applications
        )
        assert all(case["consented_at"] for case in cases)
    finally:
        stop(installation)


def _file_until_the_server_dies(stage: Stage, scenario, accepted: list[str]) -> None:
    filer = filing.FilingClient(stage, stage.platform())
    for application in scenario.story.applications:
        try:
            ids, refused = filer.upload(application)
            answer = refused or filer.post(application, ids, application.key)
        except Exception:
            return
        assert answer.status_code == 201
        accepted.append(application.platform_no)


def test_a_lost_outbox_row_breaks_the_summary(tmp_path):
    """The service's own action files an application, but its outbox row is deleted: review never gets the event."""
    folder, port = tmp_path / "data", free_port()
    installation = start_embedded(folder, port, FIRST_MOMENT)
    stage, scenario = installation.stage(), make_scenario(1)
    for _title, _steps, act in opening(stage, scenario, installation.first_link, tmp_path / "key.json"):
        act(lambda: None)
    filer = filing.FilingClient(stage, stage.platform())
    ids, _refused = filer.upload(scenario.story.applications[0])
    stage.settle()
    stop(installation)
    _file_and_lose_event(folder, scenario.story.applications[0].request(ids))
    installation = start_embedded(folder, port, FIRST_MOMENT)
    try:
        again = Stage(stage.addresses, stage.passwords, stage.mail)
        auditor = again.person("audit01")
        stats = {name: auditor.json(f"{spec.prefix}/api/figures") for name, spec in SERVICES.items()}
        lines = reconcile(
            stats, quota=50, seat_fen={line["code"]: line["amount_fen"] for line in programme()["fee_lines"]}
        )
        events = next(line for line in lines if "每个绑定队列恰好办理一次" in line.text)
        filed = next(line for line in lines if line.text.startswith("报名都已进入审核"))
        assert (events.holds, filed.holds) == (False, False)
    finally:
        stop(installation)


def _file_and_lose_event(folder: Path, body: dict) -> None:
    settings = embedded(folder.resolve(), "intake", public_url="http://127.0.0.1", clock=f"travelling:{folder}/clock")
    process = open_process(IntakeSettings(**settings))
    with process.database.transaction() as uow:
        client = uow.session.exec(select(PlatformClient)).one()
        filing = actions.Filing(ApplicationIn.model_validate(body), client, "test")
        actions.file_applications(uow, [filing], now=process.clock.now(), keys=process.tools.keys)
    with process.database.transaction() as uow:
        uow.session.exec(delete(OutboxRow))
        assert len(uow.session.exec(select(Application)).all()) == 1
    process.database.close()
