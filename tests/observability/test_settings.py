"""Traces and metrics are off by default, and work when the settings enable them."""

from importlib.metadata import version
from urllib.request import urlopen
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from services.intake import web as intake_web
from services.intake.settings import IntakeSettings
from services.portal import web as portal_web
from services.portal.settings import PortalSettings
from shared.foundation.errors import Invalid
from shared.observability import telemetry
from shared.observability.tracing import ROLE
from shared.runtime.serve import setup_observability
from shared.wiring.settings import embedded
from tests.observability.receiver import receiving
from tests.processes import process_for
from tests.servers.processes import free_port


def settings(tmp_path, **values):
    return IntakeSettings(**embedded(tmp_path, "intake", public_url="", clock="system") | values)


@pytest.mark.parametrize("role", ["web", "bus", "worker", "standalone"])
def test_spans_arrive_with_the_service_its_version_and_the_processs_role(tmp_path, role):
    with receiving() as receiver:
        setup_observability(settings(tmp_path, otlp_endpoint=receiver.address), role)
        with telemetry.creating("intake", "intake.application_submitted.v1", uuid4()):
            pass
        (span,) = receiver.wait_for("create intake.application_submitted.v1")
    resource = span.resource
    assert (resource["service.namespace"], resource["service.name"], resource[ROLE]) == ("lingjun", "intake", role)
    assert resource["service.version"] == version("lingjun")
    assert UUID(resource["service.instance.id"])


def test_metrics_are_served_at_the_configured_address(tmp_path):
    port = free_port()
    setup_observability(settings(tmp_path, metrics_listen=f"127.0.0.1:{port}"), "web")
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        assert b"process_resident_memory_bytes" in answer.read()


def test_the_public_ports_do_not_serve_metrics(tmp_path):
    for kind, make_app in ((IntakeSettings, intake_web.make_app), (PortalSettings, portal_web.make_app)):
        process = process_for(kind, f"sqlite:///{tmp_path / kind.SERVICE}.db", tmp_path)
        prefix = "" if kind is PortalSettings else f"/{kind.SERVICE}"
        assert TestClient(make_app(process)).get(f"{prefix}/metrics").status_code == 404
        process.database.close()


@pytest.mark.parametrize("value", ["", "none"])
def test_an_empty_value_or_none_is_off(tmp_path, value):
    parsed = settings(tmp_path, otlp_endpoint=value, metrics_listen=value)
    assert (parsed.otlp_endpoint, parsed.metrics_listen) == ("", "")


@pytest.mark.parametrize(
    "values", [{"otlp_endpoint": "collector:4318"}, {"metrics_listen": "9464"}, {"metrics_listen": "all:interfaces"}]
)
def test_an_invalid_address_is_refused_with_the_name_of_its_setting(tmp_path, values):
    with pytest.raises(Invalid) as refused:
        settings(tmp_path, **values)
    assert f"LINGJUN_{next(iter(values)).upper()}" in str(refused.value)
