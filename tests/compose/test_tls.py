"""docker-compose.tls.yml with a certificate made here: https answers, http leads there, cookies are for https alone."""

import ipaddress
import os
import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.demo.player.clients import Stage
from tests.compose.containers import ContainerInstallation
from tests.servers.processes import free_port

pytestmark = pytest.mark.compose


def write_certificate(folder: Path) -> None:
    """A certificate for 127.0.0.1 that signs itself, and its key, readable by the gateway's user."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lingjun test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    for path in (folder, *folder.iterdir()):
        os.chown(path, 1000, 1000)


@pytest.fixture(scope="module")
def https(installation: ContainerInstallation, stage: Stage) -> Iterator[httpx.Client]:
    """A browser on the house's https address, which trusts its certificate and follows nothing by itself."""
    folder = installation.folder / "tls"
    folder.mkdir()
    # The folder above admits its owner alone; the engine mounts this one for the gateway's user.
    write_certificate(folder)
    address = f"127.0.0.1:{free_port()}"
    guarded = installation.with_file(
        "docker-compose.tls.yml",
        LINGJUN_PUBLIC_URL=f"https://{address}",
        LINGJUN_HTTPS_ADDRESS=address,
        LINGJUN_TLS_HOST="127.0.0.1",
        LINGJUN_TLS="/data/certificate.pem /data/key.pem",
        LINGJUN_TLS_FOLDER=str(folder),
    )
    trusted = ssl.create_default_context(cafile=str(folder / "certificate.pem"))
    try:
        guarded.compose("up", "--detach", "--wait", "--no-build", "--no-deps", "gateway", "portal-web")
        with httpx.Client(base_url=f"https://{address}", verify=trusted, timeout=30) as client:
            yield client
    finally:
        installation.up()


def test_https_answers_with_the_headers_of_the_house(https: httpx.Client) -> None:
    answer = https.get("/sign-in")
    assert answer.status_code == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "script-src" in answer.headers["Content-Security-Policy"]
    assert "Server" not in answer.headers
    assert https.get("/intake/readyz").status_code == 200


def test_a_page_loads_everything_by_https(https: httpx.Client) -> None:
    loaded = re.findall(r'(?:src|href)="(http[^"]+)"', https.get("/sign-in").text)
    assert loaded
    assert [url for url in loaded if not url.startswith(str(https.base_url))] == []
    assert https.get(loaded[0]).status_code == 200


def test_http_leads_to_https_at_the_public_address_whatever_host_was_asked_for(
    https: httpx.Client, installation: ContainerInstallation
) -> None:
    answer = httpx.get(f"{installation.address}/sign-in?next=1", headers={"Host": "elsewhere.example.com"})
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"{str(https.base_url).rstrip('/')}/sign-in?next=1"


def test_the_session_of_somebody_who_signs_in_is_a_cookie_for_https_alone(https: httpx.Client, stage: Stage) -> None:
    answer = https.post("/sign-in", data={"account": "admin", "password": stage.passwords["admin"]})
    cookies = answer.headers.get_list("Set-Cookie")
    assert answer.status_code == 303
    assert cookies
    assert all("Secure" in cookie and "HttpOnly" in cookie for cookie in cookies)
