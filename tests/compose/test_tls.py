"""docker-compose.tls.yml with a self-signed certificate: https answers, http redirects, cookies are Secure."""

import ipaddress
import os
import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urljoin

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
    """Write a self-signed certificate for 127.0.0.1 and its key, readable by the gateway's user."""
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
    """A client of the installation's https address that trusts its certificate and follows no redirects."""
    folder = installation.folder / "tls"
    folder.mkdir()
    # Only the owner may enter the parent folder; the engine mounts this one for the gateway's user.
    write_certificate(folder)
    address = f"127.0.0.1:{free_port()}"
    https_installation = installation.with_file(
        "docker-compose.tls.yml",
        LINGJUN_PUBLIC_URL=f"https://{address}",
        LINGJUN_HTTPS_ADDRESS=address,
        LINGJUN_TLS_HOST="127.0.0.1",
        LINGJUN_TLS="/data/certificate.pem /data/key.pem",
        LINGJUN_TLS_FOLDER=str(folder),
    )
    trusted = ssl.create_default_context(cafile=str(folder / "certificate.pem"))
    try:
        https_installation.compose("up", "--detach", "--wait", "--no-build", "--no-deps", "gateway", "portal-web")
        with httpx.Client(base_url=f"https://{address}", verify=trusted, timeout=30) as client:
            yield client
    finally:
        installation.up()


def test_https_responses_have_the_security_headers(https: httpx.Client) -> None:
    response = https.get("/sign-in")
    assert response.status_code == 200
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "script-src" in response.headers["Content-Security-Policy"]
    assert "Server" not in response.headers
    assert https.get("/intake/readyz").status_code == 200


def test_a_page_loads_all_resources_over_https(https: httpx.Client) -> None:
    loaded = re.findall(r'(?:src|href)="([^"#]+)"', https.get("/sign-in").text)
    assert len(loaded) > 5
    for path in loaded:
        address = urljoin(str(https.base_url), path)
        assert address.startswith(str(https.base_url)), path
        assert https.get(address).status_code == 200, path


def test_http_redirects_to_the_public_https_address_for_any_host(
    https: httpx.Client, installation: ContainerInstallation
) -> None:
    response = httpx.get(f"{installation.address}/sign-in?next=1", headers={"Host": "elsewhere.example.com"})
    assert response.status_code == 301
    assert response.headers["Location"] == f"{str(https.base_url).rstrip('/')}/sign-in?next=1"


def test_the_session_cookie_is_secure(https: httpx.Client, stage: Stage) -> None:
    response = https.post("/sign-in", data={"account": "admin", "password": stage.passwords["admin"]})
    cookies = response.headers.get_list("Set-Cookie")
    assert response.status_code == 303
    assert cookies
    assert all("Secure" in cookie and "HttpOnly" in cookie for cookie in cookies)
