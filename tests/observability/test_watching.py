"""Prometheus, Alertmanager and the exporters of docker-compose.observability.yml, as Debian has them, watch a real broker,
database and cache. When the broker goes, the office's webhook is called."""

import asyncio
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

from shared.events.billing import FeePaid
from shared.wiring.process import make_transport
from tests.messaging.conftest import eventually
from tests.observability.test_alerts import ALERTS, FOLDER, NO_ONE
from tests.servers import packages, postgres, rabbitmq
from tests.servers.address import Address
from tests.servers.keeper import private_directory
from tests.servers.processes import Program, answering, end, free_port, spawn, wait_until_it_answers


@dataclass
class Watched:
    """The address of Prometheus, how to end the broker, and the alerts that the webhook got."""

    prometheus: str
    broker: "subprocess.Popen[bytes]"
    alerts: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, path: str, **query: str) -> Any:
        """Return the data of an answer of Prometheus."""
        with urlopen(f"{self.prometheus}/api/v1/{path}?{urlencode(query)}", timeout=10) as answer:  # noqa: S310
            return json.load(answer)["data"]

    def value(self, expression: str) -> list[str]:
        """Return the current values of an expression."""
        return [found["value"][1] for found in self.ask("query", query=expression)["result"]]


@contextmanager
def webhook(alerts: list[dict[str, Any]]) -> Iterator[str]:
    """Run the receiver of the alerts; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            alerts.extend(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["alerts"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/alerts"
    server.shutdown()
    server.server_close()


def answers(port: int, path: str) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5):
            return True
    except OSError:
        return False


def program(folder: Path, path: Path, port: int, *options: str, **environment: str) -> Program:
    """Return one of the watching programs, on a loopback port."""
    listen = f"--web.listen-address=127.0.0.1:{port}"
    place = folder / path.name
    place.mkdir()
    # Prometheus serves its metrics before it can be asked; an exporter is ready when it serves them.
    ready = "/metrics" if path.name.endswith("-exporter") else "/-/ready"
    return Program(path.name, (str(path), listen, *options), place, None, environment, lambda: answers(port, ready))


def configured(folder: Path, targets: dict[str, int]) -> None:
    """Write the installation's own configuration for these ports, with intervals of a second and alerts without delay."""
    configuration = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    text = json.dumps(configuration)
    for name, port in targets.items():
        text = text.replace(f'"{name}"', f'"127.0.0.1:{port}"')
    configuration = json.loads(text)
    configuration["global"] = dict.fromkeys(("scrape_interval", "scrape_timeout", "evaluation_interval"), "1s")
    processes = configuration["scrape_configs"].pop(0)
    assert processes["job_name"] == "house"
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    rules = (FOLDER / "alerts.yml").read_text(encoding="utf-8")
    (folder / "alerts.yml").write_text(re.sub(r"^( +for:) \w+$", r"\1 0s", rules, flags=re.MULTILINE))


@contextmanager
def broker() -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """Run a broker with the plugin that the images have; yield its process and the plugin's port."""
    port = free_port()
    with rabbitmq.prepared(private_directory("watched")) as (address, server):
        with (server.directory / "rabbitmq.conf").open("a") as configuration:
            configuration.write(f"prometheus.tcp.ip = 127.0.0.1\nprometheus.tcp.port = {port}\n")
        (server.directory / "enabled_plugins").write_text("[rabbitmq_management,rabbitmq_prometheus].\n")
        process = spawn(server)
        try:
            wait_until_it_answers(server.name, process, server.log, server.answers)
            for path, body in (("vhosts/lingjun", {}), (f"permissions/lingjun/{address.user}", rabbitmq.ALL)):
                assert rabbitmq.request(address, "PUT", f"/api/{path}", body) in (201, 204)
            url = f"amqp://{address.user}:{address.password}@127.0.0.1:{address.port}/lingjun"
            asyncio.run(declared(url))
            yield process, port
        finally:
            end(process, server.end_signal)


async def declared(url: str) -> None:
    transport = make_transport(url, "review", {"review": (FeePaid.TYPE,)})
    await transport.open()
    await transport.close()


def observer_of(server: Address) -> str:
    """Create the user as databases.sh does; return its password."""
    with postgres.connect(server) as connection:
        connection.execute("CREATE ROLE observer LOGIN PASSWORD 'only-statistics'")
        connection.execute("GRANT pg_monitor TO observer")
    return "only-statistics"


@pytest.fixture(scope="module")
def watched(
    tmp_path_factory: pytest.TempPathFactory,
    observation: dict[str, Path],
    postgres_server: Address,
    redis_server: Address,
) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watching")
    names = (
        "rabbitmq:15692",
        "postgres-exporter:9187",
        "redis-exporter:9121",
        "node-exporter:9100",
        "alertmanager:9093",
    )
    targets = {name: free_port() for name in names}
    alerts: list[dict[str, Any]] = []
    if packages.rabbitmq_server() is None:
        pytest.skip("rabbitmq-server is not installed: python -m tests.servers install (as root on Debian or Ubuntu)")
    with ExitStack() as stack:
        process, targets["rabbitmq:15692"] = stack.enter_context(broker())

        def run(name: str, port: int, *options: str, **environment: str) -> None:
            stack.enter_context(answering(program(folder, observation[name], port, *options, **environment)))

        run(
            "prometheus-postgres-exporter",
            targets["postgres-exporter:9187"],
            DATA_SOURCE_URI=f"127.0.0.1:{postgres_server.port}/postgres?sslmode=disable",
            DATA_SOURCE_USER="observer",
            DATA_SOURCE_PASS=observer_of(postgres_server),
        )
        run(
            "prometheus-redis-exporter",
            targets["redis-exporter:9121"],
            REDIS_ADDR=f"redis://127.0.0.1:{redis_server.port}",
            REDIS_PASSWORD=redis_server.password,
        )
        disks = ("--collector.disable-defaults", "--collector.filesystem")
        run("prometheus-node-exporter", targets["node-exporter:9100"], *disks)
        variables = {f"LINGJUN_ALERT_{name}": value for name, value in NO_ONE.items()}
        variables["LINGJUN_ALERT_WEBHOOK"] = stack.enter_context(webhook(alerts))
        command = ["sh", str(FOLDER / "alertmanager.sh")]
        receivers = subprocess.run(
            command, env=os.environ | variables, capture_output=True, text=True, check=True
        ).stdout
        (folder / "alertmanager.yml").write_text(receivers.replace("group_wait: 15s", "group_wait: 1s"))
        run(
            "prometheus-alertmanager",
            targets["alertmanager:9093"],
            f"--config.file={folder}/alertmanager.yml",
            f"--storage.path={folder}/alertmanager",
            "--cluster.listen-address=",
        )
        configured(folder, targets)
        port = free_port()
        options = (f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data")
        run("prometheus", port, *options)
        yield Watched(f"http://127.0.0.1:{port}", process, alerts)


def foreign_series() -> list[str]:
    """Return the series of the alerts that other programs expose; tests/compose/test_observability.py checks our own."""
    expressions = " ".join(str(rule["expr"]) for rule in ALERTS.values())
    return sorted(set(re.findall(r"\b(?:pg|redis|rabbitmq|node)_\w+", expressions)))


@pytest.mark.parametrize("series", foreign_series())
def test_the_servers_expose_what_the_alerts_ask_for(watched: Watched, series: str) -> None:
    asyncio.run(eventually(lambda: watched.value(series) != []))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('up{job="broker"}', "1"),
        ("pg_up", "1"),
        ("redis_up", "1"),
        ('rabbitmq_detailed_queue_consumers{queue="lingjun.review"}', "0"),
        ('rabbitmq_detailed_queue_messages{queue="lingjun.review"}', "0"),
    ],
)
def test_prometheus_sees_the_servers_and_the_queue_without_a_consumer(
    watched: Watched, expression: str, value: str
) -> None:
    asyncio.run(eventually(lambda: watched.value(expression) == [value]))


def test_every_rule_can_be_evaluated(watched: Watched) -> None:
    def health() -> set[str]:
        return {rule["health"] for group in watched.ask("rules")["groups"] for rule in group["rules"]}

    asyncio.run(eventually(lambda: health() == {"ok"}))


def test_when_the_broker_is_gone_the_office_gets_the_alert_and_its_runbook(watched: Watched) -> None:
    def called(alert: str) -> list[dict[str, Any]]:
        return [found for found in watched.alerts if found["labels"]["alertname"] == alert]

    asyncio.run(eventually(lambda: called("QueueUnconsumed") != []))
    assert called("BrokerAway") == []
    end(watched.broker, signal.SIGKILL)
    asyncio.run(eventually(lambda: called("BrokerAway") != [], seconds=60))
    alert = called("BrokerAway")[0]
    assert (alert["status"], alert["labels"]["severity"]) == ("firing", "critical")
    assert alert["annotations"] == ALERTS["BrokerAway"]["annotations"]
