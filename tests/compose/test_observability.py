"""docker-compose.observability.yml: scrape, collector and dashboard match, and Prometheus finds every process.

Only the configuration of the collector and of Grafana is checked: their images come from a registry only.
"""

import json
import re
import subprocess
import time
from typing import Any

import pytest
import yaml

import shared.runtime.waiting_metrics  # noqa: F401 - registers the gauges of the bus process
from shared.observability.metrics import REGISTRY
from tests.compose.containers import ContainerInstallation
from tests.servers.containers import ROOT

FOLDER = ROOT / "deploy/observability"
COMPOSE = yaml.safe_load((ROOT / "docker-compose.observability.yml").read_text(encoding="utf-8"))["services"]
INSTALLATION = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
PROCESSES = {name for name in INSTALLATION if re.fullmatch(r"\w+-(web|bus|worker)", name)}
DASHBOARD = json.loads((FOLDER / "grafana/dashboards/house.json").read_text(encoding="utf-8"))
PANELS: dict[str, dict[str, Any]] = {panel["title"]: panel for panel in DASHBOARD["panels"]}
# A counter is exposed with _total, a histogram as three series. A running bus exposes the gauges of the databases.
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
PROMETHEUS_IMAGE = COMPOSE["prometheus"]["image"]


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


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


def test_every_process_is_scraped_by_name_and_sends_traces() -> None:
    (installation, collector) = read("prometheus.yml")["scrape_configs"]
    (names,) = installation["dns_sd_configs"]
    assert set(names["names"]) == PROCESSES
    assert {name for name in COMPOSE if name in PROCESSES} == PROCESSES
    for name in PROCESSES:
        configuration = COMPOSE[name]["environment"]
        assert configuration["LINGJUN_METRICS_LISTEN"].rpartition(":")[2] == str(names["port"])
        assert configuration["LINGJUN_OTLP_ENDPOINT"] == "http://collector:4318"
    exporter = read("collector.yml")["exporters"]["prometheus"]["endpoint"]
    assert collector["static_configs"][0]["targets"] == [f"collector:{exporter.rpartition(':')[2]}"]


def test_the_collectors_pipelines_use_only_defined_components() -> None:
    configuration = read("collector.yml")
    assert configuration["receivers"]["otlp"]["protocols"]["http"]["endpoint"].endswith(":4318")
    for name, pipeline in configuration["service"]["pipelines"].items():
        assert set(pipeline["receivers"]) <= {*configuration["receivers"], *configuration["connectors"]}, name
        assert set(pipeline["processors"]) <= set(configuration["processors"]), name
        assert set(pipeline["exporters"]) <= {*configuration["exporters"], *configuration["connectors"]}, name
    used = {
        kind: [name for pipeline in configuration["service"]["pipelines"].values() for name in pipeline[kind]]
        for kind in configuration["service"]["pipelines"]["traces"]
    }
    for connector in configuration["connectors"]:
        assert connector in used["receivers"]
        assert connector in used["exporters"]


def test_grafana_requires_a_password_and_reads_the_repositorys_dashboards() -> None:
    grafana = COMPOSE["grafana"]
    assert grafana["environment"]["GF_SECURITY_ADMIN_PASSWORD"].startswith("${LINGJUN_GRAFANA_PASSWORD:?")
    mounts = dict(volume.split(":")[:2] for volume in grafana["volumes"] if volume.startswith("./"))
    assert all((ROOT / source).is_dir() for source in mounts)
    (provider,) = read("grafana/provisioning/dashboards/house.yml")["providers"]
    assert provider["options"]["path"] in mounts.values()
    assert [name for name, service in COMPOSE.items() if "ports" in service] == ["grafana"]


@pytest.mark.compose
def test_prometheus_accepts_its_configuration_and_rules(installation: ContainerInstallation) -> None:
    command = ["docker", "run", "--rm", "--network", "none", "--volume", f"{FOLDER}:/etc/prometheus:ro"]
    check = [
        *command,
        "--entrypoint",
        "promtool",
        PROMETHEUS_IMAGE,
        "check",
        "config",
        "/etc/prometheus/prometheus.yml",
    ]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 rules found" in done.stdout


@pytest.mark.compose
def test_prometheus_scrapes_every_process(installation: ContainerInstallation) -> None:
    observed = installation.with_file(
        "docker-compose.observability.yml",
        LINGJUN_GRAFANA_PASSWORD="not-started",
        LINGJUN_GRAFANA_ADDRESS="127.0.0.1:0",
    )
    observed.compose("up", "--detach", "--wait", "--no-build", "--no-deps", "prometheus")
    try:
        deadline, health = time.monotonic() + 120, dict[str, str]()
        while health != dict.fromkeys(PROCESSES, "up") and time.monotonic() < deadline:
            time.sleep(3)
            health = targets(observed)
        assert health == dict.fromkeys(PROCESSES, "up")
    finally:
        observed.compose("rm", "--stop", "--force", "--volumes", "prometheus")


def targets(installation: ContainerInstallation) -> dict[str, str]:
    """Return the health of each process that Prometheus scrapes."""
    address = "http://prometheus:9090/api/v1/targets?state=active"
    output = installation.compose("exec", "-T", "intake-web", "python", "-c", FETCH, address)
    found = json.loads(output)["data"]["activeTargets"]
    return {target["labels"]["process"]: target["health"] for target in found if target["labels"]["job"] == "house"}


FETCH = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=10).read().decode())"
