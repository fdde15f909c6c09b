"""The services' images hold the packages of their lock files and no others, with either builder."""

import os
import re
import subprocess

import pytest

from tests.servers.containers import ROOT, compose_command, engine_answers

pytestmark = pytest.mark.compose

# The services with the most and with few packages.
SERVICES = ("scheduling", "review")
CLIENTS = ("docker", "/usr/bin/docker")


@pytest.fixture(autouse=True)
def engine() -> None:
    if compose_command() is None or not engine_answers():
        pytest.skip("no Docker engine answers: make compose-test starts one (as root on Debian)")


def locked(service: str) -> dict[str, str]:
    """Return the packages of a lock file, without those for other platforms."""
    text = (ROOT / f"requirements/{service}.txt").read_text(encoding="utf-8")
    pairs = re.findall(r"^([a-z0-9._-]+)==([^ ;]+)(?! ;)(.*)$", text, re.MULTILINE)
    return {name: version for name, version, rest in pairs if ";" not in rest}


def installed(image: str) -> dict[str, str]:
    """Return the packages that pip lists in an image."""
    command = ["docker", "run", "--rm", "--network", "none", image, "pip", "list", "--format=freeze", "--exclude=pip"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    names = dict(line.split("==") for line in listed.splitlines())
    return {re.sub(r"[._]+", "-", name.lower()): version for name, version in names.items()}


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_the_locked_packages_and_versions(service: str) -> None:
    found = installed(f"lingjun-{service}")
    assert {name: found.get(name) for name in locked(service)} == locked(service)
    ours = set(found) - set(installed("python:3.13-slim"))
    named = re.findall(r"^([a-z0-9._-]+)==", (ROOT / f"requirements/{service}.txt").read_text(), re.MULTILINE)
    assert ours - set(named) == set()


def test_buildkit_builds_the_same_image_as_the_classic_builder() -> None:
    environment = os.environ | {"DOCKER_BUILDKIT": "1"}
    tag = f"lingjun-test-buildkit-{os.getpid()}"

    def build(client: str) -> bool:
        command = [client, "build", "--quiet", "--target", "review", "--tag", tag, "."]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
        return done.returncode == 0

    if not any(build(client) for client in CLIENTS):
        pytest.skip("no Docker client here has BuildKit: docker.io of Debian bookworm brings one, or docker-buildx")
    try:
        assert installed(tag) == installed("lingjun-review")
        assert files(tag) == files("lingjun-review")
    finally:
        subprocess.run(["docker", "image", "rm", "--force", tag], check=True, capture_output=True)


def files(image: str) -> str:
    """Return a digest of every project file in an image, with its owner and mode."""
    probe = "cd /app && find . -type f -exec sha256sum {} + | sort && find . /var/lib/lingjun -printf '%p %U %G %m\\n' | sort"
    command = ["docker", "run", "--rm", "--network", "none", image, "sh", "-c", probe]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
