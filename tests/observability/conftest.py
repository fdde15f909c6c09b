"""Prometheus and the programs beside it, as Debian has them."""

from pathlib import Path

import pytest

from tests.servers import packages


@pytest.fixture(scope="session")
def observation() -> dict[str, Path]:
    """The programs by name. promtool and amtool come with Prometheus and Alertmanager."""
    names = (*packages.OBSERVATION, "promtool", "amtool")
    found = {name: packages.program(name) for name in names}
    if missing := sorted(name for name, path in found.items() if path is None):
        pytest.skip(
            f"{', '.join(missing)}: not installed: python -m tests.servers install (as root on Debian or Ubuntu)"
        )
    return {name: path for name, path in found.items() if path}
