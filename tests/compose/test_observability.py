"""docker-compose.observability.yml and docker-compose.traces.yml: targets, alerts and dashboard match, and Prometheus finds
every process and server.

Only the configuration of Jaeger and of Grafana is checked: their images come from a registry only.
"""

import json
import re
import time
from typing import Any

import pytest
import yaml

import shared.runtime.waiting_metrics  # noqa: F401 - registers the gauges of the bus process
from shared.observability.metrics import REGISTRY
from tests.compose.containers import ContainerInstallation
from tests.servers.containers import ROOT

FOLDER = ROOT / "deploy/observability"


def services(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))["services"]
    return found


INSTALLATION = services("docker-compose.yml")
WATCHING = services("docker-compose.observability.yml")
VIEWS = services("docker-compose.traces.yml")
PROCESSES = {name for name in INSTALLATION if re.fullmatch(r"\w+-(web|bus|worker)", name)}
DASHBOARD = json.loads((FOLDER / "grafana/dashboards/house.json").read_text(encoding="utf-8"))
PANELS: dict[str, dict[str, Any]] = {panel["title"]: panel for panel in DASHBOARD["panels"]}
# A counter is exposed with _total, a histogram as three series. A running bus exposes the gauges of the databases.
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
NO_RECEIVER = {f"LINGJUN_ALERT_{name}": "none" for name in ("MAIL", "SMTP", "FROM", "USER", "PASSWORD")}


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


JOBS: dict[str, dict[str, Any]] = {job["job_name"]: job for job in read("prometheus.yml")["scrape_configs"]}


def exposed() -> set[str]:
    """Return the series that the processes expose."""
    return {metric.name + suffix for metric in REGISTRY.collect() for suffix in SUFFIXES.get(metric.type, ("",))}


def series_in(expression: str) -> set[str]:
    return set(re.findall(r"\blingjun_\w+", expression))


@pytest.mark.parametrize("title", PANELS)
def test_a_panel_queries_existing_series_of_the_provisioned_source(title: str) -> None:
    (source,) = read("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    for target in PANELS[title]["targets"]:
        assert target["datasource"] == {"type": source["type"], "uid": source["uid"]}
        assert series_in(target["expr"]) or target["expr"].startswith("sum by (process) (up{")
        assert series_in(target["expr"]) - exposed() == set()


def test_every_metric_is_on_the_dashboard() -> None:
    texts = [target["expr"] for panel in PANELS.values() for target in panel["targets"]]
    drawn = set().union(*map(series_in, texts))
    ours = {metric.name for metric in REGISTRY.collect() if metric.name.startswith("lingjun_")}
    assert {name for name in ours if not any(series.startswith(name) for series in drawn)} == set()


def test_alerts_query_existing_series() -> None:
    rules = [rule for group in read("alerts.yml")["groups"] for rule in group["rules"]]
    assert set().union(*(series_in(rule["expr"]) for rule in rules)) - exposed() == set()


def test_every_process_is_scraped_by_name_expected_and_sends_traces() -> None:
    (names,) = JOBS["house"]["dns_sd_configs"]
    assert set(names["names"]) == PROCESSES
    expected = [rule["labels"]["process"] for rule in read("alerts.yml")["groups"][0]["rules"]]
    assert sorted(expected) == sorted(PROCESSES)
    assert (
        {name for name in WATCHING if name in PROCESSES} == {name for name in VIEWS if name in PROCESSES} == PROCESSES
    )
    for name in PROCESSES:
        listen = WATCHING[name]["environment"]["LINGJUN_METRICS_LISTEN"]
        assert listen.rpartition(":")[2] == str(names["port"])
        assert VIEWS[name]["environment"]["LINGJUN_OTLP_ENDPOINT"] == "http://jaeger:4318"


def test_every_other_target_is_a_container_on_a_network_of_prometheus() -> None:
    targets = [
        target for job in JOBS.values() for config in job.get("static_configs", ()) for target in config["targets"]
    ]
    containers = {**INSTALLATION, **WATCHING}
    hosts = {target.partition(":")[0] for target in targets}
    assert hosts == {"gateway", "rabbitmq", "postgres-exporter", "redis-exporter", "node-exporter", "alertmanager"}
    for host in hosts:
        assert set(containers[host]["networks"]) & set(WATCHING["prometheus"]["networks"]), host


def test_the_gateway_exposes_its_metrics_on_a_port_that_is_not_published() -> None:
    (target,) = JOBS["gateway"]["static_configs"][0]["targets"]
    for name in ("Caddyfile", "Caddyfile.tls"):
        text = (ROOT / "deploy" / name).read_text(encoding="utf-8")
        assert re.search(rf"^http://:{target.partition(':')[2]} {{\n\tmetrics\n}}$", text, re.MULTILINE)


def test_jaegers_pipeline_uses_only_defined_components_and_keeps_the_traces() -> None:
    configuration = read("jaeger.yml")
    assert configuration["receivers"]["otlp"]["protocols"]["http"]["endpoint"].endswith(":4318")
    (pipeline,) = configuration["service"]["pipelines"].values()
    for kind in ("receivers", "processors", "exporters"):
        assert set(pipeline[kind]) == set(configuration[kind])
    assert set(configuration["service"]["extensions"]) == set(configuration["extensions"])
    (store,) = configuration["extensions"]["jaeger_storage"]["backends"]
    assert configuration["exporters"]["jaeger_storage_exporter"]["trace_storage"] == store
    assert configuration["extensions"]["jaeger_query"]["storage"]["traces"] == store
    folders = configuration["extensions"]["jaeger_storage"]["backends"][store]["badger"]["directories"].values()
    mounts = [volume.split(":")[1] for volume in VIEWS["jaeger"]["volumes"]]
    assert all(any(folder.startswith(f"{mount}/") for mount in mounts) for folder in folders)


def test_every_image_of_the_watching_part_is_built_without_a_registry() -> None:
    script = (ROOT / "deploy/offline/build.sh").read_text(encoding="utf-8")
    dockerfile = (ROOT / "deploy/offline/Dockerfile").read_text(encoding="utf-8")
    images = {service["image"] for service in WATCHING.values() if "image" in service}
    assert len(images) == 5
    for image in images:
        target = image.rpartition("/")[2].partition(":")[0]
        assert image in script
        assert re.search(rf"^FROM \w+ AS {target}$", dockerfile, re.MULTILINE), image


def test_grafana_requires_a_password_and_reads_the_repositorys_dashboards() -> None:
    grafana = VIEWS["grafana"]
    assert grafana["environment"]["GF_SECURITY_ADMIN_PASSWORD"].startswith("${LINGJUN_GRAFANA_PASSWORD:?")
    mounts = dict(volume.split(":")[:2] for volume in grafana["volumes"] if volume.startswith("./"))
    assert all((ROOT / source).is_dir() for source in mounts)
    (provider,) = read("grafana/provisioning/dashboards/house.yml")["providers"]
    assert provider["options"]["path"] in mounts.values()
    assert [name for name, service in (WATCHING | VIEWS).items() if "ports" in service] == ["jaeger", "grafana"]


@pytest.mark.compose
def test_prometheus_scrapes_every_process_and_server(installation: ContainerInstallation) -> None:
    observed = installation.with_file(
        "docker-compose.observability.yml", LINGJUN_ALERT_WEBHOOK="http://127.0.0.1:9", **NO_RECEIVER
    )
    added = sorted(set(WATCHING) - PROCESSES)
    observed.compose("up", "--detach", "--wait", "--no-build", "--no-deps", *added)
    expected = dict.fromkeys([*PROCESSES, *(job for job in JOBS if job != "house")], "up")
    try:
        deadline, health = time.monotonic() + 120, dict[str, str]()
        while health != expected and time.monotonic() < deadline:
            time.sleep(3)
            health = targets(observed)
        assert health == expected
        assert value(observed, "pg_up") == value(observed, "redis_up") == "1"
    finally:
        observed.compose("rm", "--stop", "--force", "--volumes", *added)


def targets(installation: ContainerInstallation) -> dict[str, str]:
    """Return the health of each process and of each other job that Prometheus scrapes."""
    found = ask(installation, "targets?state=active")["activeTargets"]
    return {target["labels"].get("process", target["labels"]["job"]): target["health"] for target in found}


def value(installation: ContainerInstallation, expression: str) -> str:
    """Return the value of an expression with one result."""
    (found,) = ask(installation, f"query?query={expression}")["result"]
    return str(found["value"][1])


def ask(installation: ContainerInstallation, path: str) -> Any:
    """Return the data of an answer of Prometheus."""
    output = installation.compose(
        "exec", "-T", "intake-web", "python", "-c", FETCH, f"http://prometheus:9090/api/v1/{path}"
    )
    return json.loads(output)["data"]


FETCH = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=10).read().decode())"
