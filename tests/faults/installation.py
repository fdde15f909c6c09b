"""The installation under test: private RabbitMQ, PostgreSQL and Redis, and web, bus and worker of every service.

Called by run.py. Each process can be killed separately. The servers are not shared with other tests and listen on
loopback only.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from shared.persistence.schema import upgrade
from shared.wiring.registry import SERVICES
from tests.faults.plan import PARTS, SERVERS
from tests.faults.supervision import Supervisor
from tests.journeys.installations import ROOT, RunningInstallation, await_open, environment_of, first_link
from tests.servers import keeper, postgres, rabbitmq, redis
from tests.servers.address import Address
from tests.servers.processes import Program, free_port, wait_until_it_answers

PREPARED = {"rabbitmq": rabbitmq.prepared, "postgresql": postgres.prepared, "redis": redis.prepared}


@dataclass
class InstallationUnderTest:
    """The running installation with its supervisor and the addresses of its servers."""

    installation: RunningInstallation
    supervisor: Supervisor
    servers: dict[str, Address]
    folder: Path

    def database_url(self, service: str) -> str:
        """Return the URL of the service's database."""
        return _url("postgresql+psycopg", self.servers["postgresql"], service)

    @property
    def broker_url(self) -> str:
        return _url("amqp", self.servers["rabbitmq"], "")

    def await_servers(self) -> None:
        """Wait until every server answers. Raises DidNotStart."""
        for name in SERVERS:
            supervised = self.supervisor.programs[name]
            assert supervised.process is not None
            wait_until_it_answers(name, supervised.process, supervised.program.log, supervised.program.answers)


@contextmanager
def installation_under_test(folder: Path) -> Iterator[InstallationUnderTest]:
    """Start everything below `folder`. At the end stop all processes, remove the servers' data and keep the logs."""
    supervisor = Supervisor()
    with ExitStack() as stack:
        prepared = {
            name: stack.enter_context(prepare(keeper.private_directory(f"faults-{name}")))
            for name, prepare in PREPARED.items()
        }
        stack.callback(supervisor.end)
        for name, (_address, program) in prepared.items():
            supervisor.start(name, program)
        servers = {name: address for name, (address, _program) in prepared.items()}
        addresses = {name: f"http://127.0.0.1:{free_port()}" for name in SERVICES}
        trial = InstallationUnderTest(
            RunningInstallation(addresses, folder / "mail", "", {}), supervisor, servers, folder
        )
        trial.await_servers()
        _start_services(trial)
        await_open(trial.installation)
        yield trial


def _start_services(trial: InstallationUnderTest) -> None:
    for name in SERVICES:
        with postgres.connect(trial.servers["postgresql"]) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        upgrade(trial.database_url(name), name)
        environment = environment_of(
            trial.installation,
            name,
            trial.folder,
            database_url=trial.database_url(name),
            broker_url=trial.broker_url,
            redis_url=_url("redis", trial.servers["redis"], "0"),
        )
        if name == "portal":
            trial.installation.first_link = first_link(environment)
        for part in PARTS:
            trial.supervisor.start(f"{name}-{part}", _process(trial.folder, name, part, environment))


def _process(folder: Path, service: str, part: str, environment: dict[str, str]) -> Program:
    place = folder / f"{service}-{part}"
    place.mkdir(parents=True)
    command = (sys.executable, "-m", "services", part, service)
    values = os.environ | environment | {"PYTHONPATH": str(ROOT)}
    return Program(f"{service}-{part}", command, place, None, values, lambda: True)


def _url(scheme: str, address: Address, path: str) -> str:
    return f"{scheme}://{address.user}:{address.password}@127.0.0.1:{address.port}/{path}"
