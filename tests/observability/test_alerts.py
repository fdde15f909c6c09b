"""The alerts: Prometheus's own test of each, a section for each in the manual, and who gets them."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.servers.containers import ROOT

FOLDER = ROOT / "deploy/observability"
CASES = ROOT / "tests/observability/alerts.yml"
GROUPS = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
ALERTS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule for group in GROUPS for rule in group["rules"] if "alert" in rule
}
NO_ONE = dict.fromkeys(("WEBHOOK", "MAIL", "SMTP", "FROM", "USER", "PASSWORD"), "none")
MAIL = {"MAIL": "duty@example.org", "SMTP": "mail.example.org:587", "FROM": "lingjun@example.org"}


def test_prometheus_accepts_its_configuration_and_rules(observation: dict[str, Path]) -> None:
    command = [str(observation["promtool"]), "check", "config", str(FOLDER / "prometheus.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rules found" in done.stdout


def test_each_alert_fires_when_it_should_and_not_before(observation: dict[str, Path]) -> None:
    done = subprocess.run(
        [str(observation["promtool"]), "test", "rules", str(CASES)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_alert_is_without_a_case() -> None:
    names = [case["name"] for case in yaml.safe_load(CASES.read_text(encoding="utf-8"))["tests"]]
    assert {alert for alert in ALERTS if not any(re.search(rf"\b{alert}\b", name) for name in names)} == set()


def test_every_alert_has_a_severity_a_summary_and_a_section_of_the_manual() -> None:
    manual = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    sections = re.findall(r"^### (\w+)$", manual, re.MULTILINE)
    assert [alert for alert in ALERTS if alert not in sections] == []
    for alert, rule in ALERTS.items():
        assert rule["labels"]["severity"] in ("critical", "warning"), alert
        assert rule["annotations"]["runbook"] == f"docs/operations.md#{alert.lower()}"
        assert rule["annotations"]["summary"]


def configuration(**values: str) -> subprocess.CompletedProcess[str]:
    """Run alertmanager.sh with the variables of docker-compose.observability.yml."""
    variables = {f"LINGJUN_ALERT_{name}": value for name, value in (NO_ONE | values).items()}
    command = ["sh", str(FOLDER / "alertmanager.sh")]
    return subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "values",
    [
        {"WEBHOOK": "https://duty.example.org/alerts?key=a&b=c"},
        MAIL,
        MAIL | {"USER": "lingjun", "PASSWORD": "p: #a'ss"},
        MAIL | {"WEBHOOK": "http://127.0.0.1:9"},
    ],
)
def test_alertmanager_accepts_the_receivers_of_the_settings(
    tmp_path: Path, observation: dict[str, Path], values: dict[str, str]
) -> None:
    written = configuration(**values)
    assert written.returncode == 0, written.stderr
    (tmp_path / "alertmanager.yml").write_text(written.stdout)
    command = [str(observation["amtool"]), "check-config", str(tmp_path / "alertmanager.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (receiver,) = yaml.safe_load(written.stdout)["receivers"]
    assert {key.removesuffix("_configs") for key in receiver if key != "name"} == {
        {"WEBHOOK": "webhook", "MAIL": "email"}[name] for name in values if name in ("WEBHOOK", "MAIL")
    }
    for mail in receiver.get("email_configs", ()):
        assert mail.get("auth_password") == values.get("PASSWORD")
        assert mail.get("require_tls", True) == ("USER" in values)


@pytest.mark.parametrize(
    ("values", "reason"),
    [({}, "No one would get the alerts"), ({"WEBHOOK": 'https://duty.example.org/"'}, "a quote or a backslash")],
)
def test_alertmanager_does_not_start_without_a_usable_receiver(values: dict[str, str], reason: str) -> None:
    refused = configuration(**values)
    assert refused.returncode == 1
    assert reason in refused.stderr
