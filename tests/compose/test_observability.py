"""docker-compose.observability.yml: what is scraped, collected and drawn fits together, and Prometheus finds every process.

The collector and Grafana are checked as configuration alone: their images come from a registry only.
"""

import json
import re
import subprocess
import time
from typing import Any

import pytest
import yaml

from shared.observability.metrics import REGISTRY
from tests.compose.containers import ContainerInstallation
from tests.servers.containers import ROOT

FOLDER = ROOT / "deploy/observability"
COMPOSE = yaml.safe_load((ROOT / "docker-compose.observability.yml").read_text(encoding="utf-8"))["services"]
INSTALLATION = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
PROCESSES = {name for name in INSTALLATION if re.fullmatch(r"\w+-(web|bus|worker)", name)}
DASHBOARD = json.loads((FOLDER / "grafana/dashboards/house.json").read_text(encoding="utf-8"))
PANELS: dict[str, dict[str, Any]] = {panel["title"]: panel for panel in DASHBOARD["panels"]}
# A counter is exposed with _total, a histogram as three series; gauges of the databases are told once a bus runs.
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
PROMETHEUS_IMAGE = COMPOSE["prometheus"]["image"]


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def exposed() -> set[str]:
    """The series that our processes offer."""
    return {metric.name + suffix for metric in REGISTRY.collect() for suffix in SUFFIXES.get(metric.type, ("",))}


def asked_for(expression: str) -> set[str]:
    return set(re.findall(r"\blingjun_\w+", expression))


@pytest.mark.parametrize("title", PANELS)
def test_a_panel_asks_for_series_that_exist_at_the_source_that_is_provided(title: str) -> None:
    (source,) = read("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    for target in PANELS[title]["targets"]:
        assert target["datasource"] == {"type": source["type"], "uid": source["uid"]}
        assert asked_for(target["expr"]) or target["expr"].startswith("sum by (process) (up{")
        assert asked_for(target["expr"]) - exposed() == set()


def test_every_metric_of_ours_is_drawn_or_watched_somewhere() -> None:
    texts = [target["expr"] for panel in PANELS.values() for target in panel["targets"]]
    drawn = set().union(*map(asked_for, texts))
    ours = {metric.name for metric in REGISTRY.collect() if metric.name.startswith("lingjun_")}
    assert {name for name in ours if not any(one.startswith(name) for one in drawn)} == set()


def test_alerts_ask_for_series_that_exist() -> None:
    rules = [rule for group in read("alerts.yml")["groups"] for rule in group["rules"]]
    assert set().union(*(asked_for(rule["expr"]) for rule in rules)) - exposed() == set()


def test_every_process_answers_scrapes_sends_its_traces_and_is_scraped_by_name() -> None:
    (installation, collector) = read("prometheus.yml")["scrape_configs"]
    (names,) = installation["dns_sd_configs"]
    assert set(names["names"]) == PROCESSES
    assert {name for name in COMPOSE if name in PROCESSES} == PROCESSES
    for name in PROCESSES:
        told = COMPOSE[name]["environment"]
        assert told["LINGJUN_METRICS_LISTEN"].rpartition(":")[2] == str(names["port"])
        assert told["LINGJUN_OTLP_ENDPOINT"] == "http://collector:4318"
    exporter = read("collector.yml")["exporters"]["prometheus"]["endpoint"]
    assert collector["static_configs"][0]["targets"] == [f"collector:{exporter.rpartition(':')[2]}"]


def test_the_collectors_pipelines_are_made_of_what_it_defines() -> None:
    told = read("collector.yml")
    assert told["receivers"]["otlp"]["protocols"]["http"]["endpoint"].endswith(":4318")
    for name, pipeline in told["service"]["pipelines"].items():
        assert set(pipeline["receivers"]) <= {*told["receivers"], *told["connectors"]}, name
        assert set(pipeline["processors"]) <= set(told["processors"]), name
        assert set(pipeline["exporters"]) <= {*told["exporters"], *told["connectors"]}, name
    ends = {
        kind: [end for one in told["service"]["pipelines"].values() for end in one[kind]]
        for kind in told["service"]["pipelines"]["traces"]
    }
    for connector in told["connectors"]:
        assert connector in ends["receivers"]
        assert connector in ends["exporters"]


def test_grafana_has_no_password_until_somebody_gives_one_and_reads_what_lies_in_the_repository() -> None:
    grafana = COMPOSE["grafana"]
    assert grafana["environment"]["GF_SECURITY_ADMIN_PASSWORD"].startswith("${LINGJUN_GRAFANA_PASSWORD:?")
    mounts = dict(volume.split(":")[:2] for volume in grafana["volumes"] if volume.startswith("./"))
    assert all((ROOT / source).is_dir() for source in mounts)
    (provider,) = read("grafana/provisioning/dashboards/house.yml")["providers"]
    assert provider["options"]["path"] in mounts.values()
    assert [name for name, one in COMPOSE.items() if "ports" in one] == ["grafana"]


@pytest.mark.compose
def test_prometheus_understands_its_configuration_and_its_rules(installation: ContainerInstallation) -> None:
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
def test_prometheus_finds_every_process_of_the_house_and_each_answers(installation: ContainerInstallation) -> None:
    observed = installation.with_file(
        "docker-compose.observability.yml",
        LINGJUN_GRAFANA_PASSWORD="not-started",
        LINGJUN_GRAFANA_ADDRESS="127.0.0.1:0",
    )
    observed.compose("up", "--detach", "--wait", "--no-build", "--no-deps", "prometheus")
    try:
        ends, health = time.monotonic() + 120, dict[str, str]()
        while health != dict.fromkeys(PROCESSES, "up") and time.monotonic() < ends:
            time.sleep(3)
            health = targets(observed)
        assert health == dict.fromkeys(PROCESSES, "up")
    finally:
        observed.compose("rm", "--stop", "--force", "--volumes", "prometheus")


def targets(installation: ContainerInstallation) -> dict[str, str]:
    """The processes that Prometheus scrapes, and how they answer."""
    address = "http://prometheus:9090/api/v1/targets?state=active"
    asked = installation.compose("exec", "-T", "intake-web", "python", "-c", FETCH, address)
    found = json.loads(asked)["data"]["activeTargets"]
    return {one["labels"]["process"]: one["health"] for one in found if one["labels"]["job"] == "house"}


FETCH = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=10).read().decode())"
