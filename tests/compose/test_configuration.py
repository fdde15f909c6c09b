"""Properties of docker-compose.yml, Dockerfile and .env.example that can be checked without an engine."""

import re
from pathlib import Path
from typing import Any

import pytest

from shared.wiring.registry import SERVICES
from tests.compose.conftest import Compose
from tests.servers.containers import ROOT, environment_file

COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
VARIABLES = sorted(set(re.findall(r"\$\{(\w+)", COMPOSE_TEXT)))
PROCESSES = {f"{service}-{kind}" for service in SERVICES for kind in ("migrate", "web", "bus", "worker")}
PURPOSES = {
    "intake": {"identity", "contact", "bank", "scan"},
    "review": {"identity", "contact", "scan"},
    "scheduling": {"identity", "contact"},
    "billing": {"bank", "contact"},
    "portal": set(),
}

Services = dict[str, dict[str, Any]]


def service_of(process: str) -> str:
    return process.partition("-")[0]


def key_volumes(configuration: dict[str, Any]) -> dict[str, bool]:
    """Return the purposes whose keys a process can read, and whether it can write them."""
    mounts = [mount for mount in configuration["volumes"] if "/keys/" in mount["target"]]
    return {mount["source"].removeprefix("keys-"): not mount.get("read_only", False) for mount in mounts}


def stage_of(target: str) -> str:
    """Return the instructions of one target of the Dockerfile."""
    found = re.search(rf"^FROM base AS {target}\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL)
    assert found, f"the Dockerfile has no target {target}"
    return found.group(1)


def test_every_service_has_its_four_processes(services: Services) -> None:
    others = {"sandbox", "gateway", "postgres", "databases", "rabbitmq", "redis", "broker-declare"}
    assert set(services) == PROCESSES | others


def test_only_the_gateway_publishes_a_port(services: Services) -> None:
    assert [name for name, configuration in services.items() if configuration.get("ports")] == ["gateway"]
    assert [port["target"] for port in services["gateway"]["ports"]] == [8080]


def test_the_gateway_forwards_only_to_the_web_ports() -> None:
    upstreams = re.findall(r"reverse_proxy .*?([\w-]+:\d+)", (ROOT / "deploy/house.caddy").read_text(encoding="utf-8"))
    assert upstreams == [f"{service}-web:8000" for service in SERVICES]


def test_every_external_value_is_required_with_a_hint() -> None:
    assert re.findall(r"\$\{\w+(?!\w|:\?[^}]+\})[^}]*\}", COMPOSE_TEXT) == []


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_missing_value_is_rejected_by_name(compose: Compose, tmp_path: Path, variable: str) -> None:
    with environment_file() as (_, values):
        incomplete = {name: value for name, value in values.items() if name != variable}
    (tmp_path / "env").write_text("".join(f"{name}={value}\n" for name, value in incomplete.items()))
    outcome = compose(tmp_path / "env", "config", "--quiet")
    assert outcome.returncode != 0
    assert variable in outcome.stderr


def test_the_example_lists_and_explains_every_variable_without_secrets() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    values = dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE))
    assert sorted(values) == VARIABLES
    secret = {name for name in values if name.endswith("PASSWORD")}
    assert {name for name, value in values.items() if not value} == secret
    assert all(re.search(r"#.*\n(?:\w+=.*\n)*$", example.partition(f"{name}=")[0]) for name in values)


def test_every_long_running_process_has_a_health_check_and_is_restarted(services: Services) -> None:
    lasting = {name: found for name, found in services.items() if found["restart"] != "on-failure:3"}
    assert {name for name in services if name not in lasting} == {f"{service}-migrate" for service in SERVICES} | {
        "broker-declare",
        "databases",
    }
    assert [name for name, found in lasting.items() if "test" not in found.get("healthcheck", {})] == []
    assert {found["restart"] for found in lasting.values()} == {"unless-stopped"}


def test_a_process_depends_on_its_servers_and_its_own_schema(services: Services) -> None:
    for name in PROCESSES:
        waits = {on: detail["condition"] for on, detail in services[name]["depends_on"].items()}
        healthy = {"rabbitmq": "service_healthy", "redis": "service_healthy"}
        schema = dict.fromkeys((f"{service_of(name)}-migrate", "broker-declare"), "service_completed_successfully")
        expected = {"databases": "service_completed_successfully"} if name.endswith("-migrate") else healthy | schema
        assert waits == expected, name


def test_every_container_is_hardened(services: Services) -> None:
    for name, found in services.items():
        assert found["read_only"] is True, name
        assert found["cap_drop"] == ["ALL"], name
        assert found["security_opt"] == ["no-new-privileges:true"], name
        assert int(found["mem_limit"]) > 0, name
        assert found["user"].partition(":")[0] not in ("", "0", "root"), name


def test_the_servers_are_on_internal_networks(services: Services) -> None:
    assert {name: list(services[name]["networks"]) for name in ("postgres", "rabbitmq", "redis")} == {
        "postgres": ["back"],
        "rabbitmq": ["back"],
        "redis": ["back"],
    }
    assert re.findall(r"^  (\w+): \{internal: true\}$", COMPOSE_TEXT, re.MULTILINE) == ["front", "back"]


def test_a_process_mounts_only_its_purposes_keys_and_only_intake_writes_them(services: Services) -> None:
    for name in PROCESSES:
        service = service_of(name)
        writes = service == "intake"
        assert key_volumes(services[name]) == dict.fromkeys(PURPOSES[service], writes), name


def test_the_sandbox_has_no_network_no_secret_and_no_data(services: Services) -> None:
    sandbox = services["sandbox"]
    assert sandbox["network_mode"] == "none"
    assert sandbox.get("networks") is None
    assert sandbox.get("environment") is None
    assert [mount["source"] for mount in sandbox["volumes"]] == ["sandbox"]
    copied = re.findall(r"^COPY (.+) \S+$", stage_of("sandbox"), re.MULTILINE)
    assert copied == ["requirements/sandbox.txt", "shared/sandbox/"]


def test_the_services_that_open_foreign_files_reach_the_sandbox(services: Services) -> None:
    for name in (name for name in PROCESSES if not name.endswith("-migrate")):
        found, opens = services[name], SERVICES[service_of(name)].opens_files
        assert ("sandbox" in {mount["source"] for mount in found["volumes"]}) == opens, name
        assert ("LINGJUN_SANDBOX" in found["environment"]) == opens, name


def test_only_the_worker_of_review_reads_the_office_s_certificate(services: Services) -> None:
    target = "/var/lib/lingjun/certificates"
    mounts = {
        name: mount["read_only"]
        for name, found in services.items()
        for mount in found.get("volumes", [])
        if mount["target"] == target
    }
    assert mounts == {"review-worker": True}


def test_only_the_portal_mounts_the_session_signing_key(services: Services) -> None:
    holders = {
        service_of(name)
        for name, found in services.items()
        if any(mount["source"] == "token-private" for mount in found.get("volumes", []))
        or "LINGJUN_TOKEN_PRIVATE_KEY_FILE" in found.get("environment", {})
    }
    assert holders == {"portal"}


def test_each_service_connects_to_its_own_database(services: Services) -> None:
    with environment_file() as (_, values):
        names = set(values)
    for name in PROCESSES:
        service = service_of(name)
        url = services[name]["environment"]["LINGJUN_DATABASE_URL"]
        user = "migration" if name.endswith("-migrate") else service
        assert re.fullmatch(rf"postgresql\+psycopg://{user}:\w{{32}}@postgres:5432/{service}", url), name
        assert f"LINGJUN_{service.upper()}_DATABASE_PASSWORD" in names


def test_each_service_connects_to_the_broker_as_itself_and_declares_nothing(services: Services) -> None:
    lasting = [name for name in PROCESSES if not name.endswith("-migrate")]
    for name in lasting:
        environment = services[name]["environment"]
        assert re.fullmatch(
            rf"amqp://{service_of(name)}:\w{{32}}@rabbitmq:5672/lingjun", environment["LINGJUN_BROKER_URL"]
        ), name
        assert environment["LINGJUN_BROKER_DECLARED"] == "true", name
    passwords = {services[name]["environment"]["LINGJUN_BROKER_URL"].partition("@")[0] for name in lasting}
    assert len(passwords) == len(SERVICES)
    assert services["broker-declare"]["environment"]["LINGJUN_BROKER_URL"].startswith("amqp://lingjun:")


def test_settings_have_the_lingjun_prefix(services: Services) -> None:
    names = {variable for name in PROCESSES for variable in services[name]["environment"]}
    assert [name for name in names if not name.startswith("LINGJUN_")] == []


def test_each_image_is_a_target_with_only_its_own_service(services: Services) -> None:
    for name in PROCESSES:
        assert services[name]["build"]["target"] == service_of(name)
    for service in SERVICES:
        copied = re.findall(r"^COPY (.+) \S+$", stage_of(service), re.MULTILINE)
        assert copied == [
            f"requirements/{service}.txt",
            "shared/",
            "services/__init__.py services/__main__.py services/loading.py",
            "services/cli/",
            f"services/{service}/",
        ]


def test_each_image_installs_hashed_wheels_and_runs_unprivileged() -> None:
    for service in SERVICES:
        stage = stage_of(service)
        assert f"--only-binary :all: --no-deps --require-hashes --requirement requirements/{service}.txt" in stage
        assert "USER 10001:10001" in stage


def packages(lock: str) -> dict[str, str]:
    """Return the packages of a lock file with their versions."""
    text = (ROOT / f"requirements/{lock}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;]+)", text, re.MULTILINE))


@pytest.mark.parametrize("service", SERVICES)
def test_the_shared_layer_holds_only_packages_that_every_service_locks(service: str) -> None:
    base = DOCKERFILE.partition("FROM base AS")[0]
    assert re.findall(r"--requirement (\S+)", base) == ["requirements/shared.txt"]
    assert set(packages("shared")) - set(packages(service)) == set()


def test_the_classic_builder_understands_the_dockerfile() -> None:
    assert re.findall(r"--mount|--link|<<|^# *syntax|--chmod|--parents", DOCKERFILE, re.MULTILINE) == []


def test_the_build_context_contains_all_that_the_images_copy() -> None:
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert allowed == ["deploy/connected.py", "deploy/lingjun", "requirements/*.txt", "services", "shared"]
