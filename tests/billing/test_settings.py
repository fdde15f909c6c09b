"""The connector of an installation: named, a demo's default, or none; invalid settings are refused at the start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.billing.settings import BillingSettings
from shared.foundation.errors import Invalid
from shared.wiring.settings import embedded

ROOT = Path(__file__).parents[2]


def settings(tmp_path: Path, *, clock: str = "system", **changes: object) -> BillingSettings:
    return BillingSettings(**embedded(tmp_path, "billing", public_url="http://127.0.0.1", clock=clock) | changes)


def test_only_a_demo_uses_the_fake_connector_by_default(tmp_path):
    assert settings(tmp_path).connector == "none"
    assert settings(tmp_path, clock=f"travelling:{tmp_path}/clock").connector == "fake"
    assert settings(tmp_path, invoice_connector="fake").connector == "fake"
    assert settings(tmp_path, clock=f"travelling:{tmp_path}/clock", invoice_connector="none").connector == "none"


def test_an_unknown_connector_is_refused(tmp_path):
    with pytest.raises(Invalid, match="“leqi”不是已有的开票通道，请改为 none、fake 之一"):
        settings(tmp_path, invoice_connector="leqi")


@pytest.mark.parametrize("rate", ["3", "-0.03"])
def test_an_invalid_rate_is_refused(tmp_path, rate):
    with pytest.raises(Invalid, match="0 到 1 之间的小数"):
        settings(tmp_path, tax_rates=[{"rate": rate, "valid_from": "2016-05-01"}])


def test_a_process_with_an_unknown_connector_exits_with_one_line(tmp_path):
    values = embedded(tmp_path, "billing", public_url="http://127.0.0.1", clock="system")
    environment = {f"LINGJUN_{name.upper()}": value for name, value in values.items()}
    finished = subprocess.run(
        [sys.executable, "-m", "services", "worker", "billing"],
        env=os.environ | environment | {"LINGJUN_INVOICE_CONNECTOR": "leqi"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 2
    assert finished.stderr.splitlines() == [
        "lingjun: LINGJUN_INVOICE_CONNECTOR 的值“leqi”不是已有的开票通道，请改为 none、fake 之一。"
    ]


def test_rates_are_read_from_the_environment(tmp_path, monkeypatch):
    rates = '[{"rate": "0.01", "valid_from": "2023-01-01", "valid_until": "2028-01-01", "preference_code": "01"}]'
    monkeypatch.setenv("LINGJUN_TAX_RATES", rates)
    (rate,) = settings(tmp_path).tax_rates
    assert (str(rate.rate), str(rate.valid_until), rate.preference_code) == ("0.01", "2028-01-01", "01")
