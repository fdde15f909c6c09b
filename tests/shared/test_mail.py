"""Mail: what is sent, and how, against a real SMTP server in several moods."""

import datetime
import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.adapters.mail import Mail, MailDelayed, MailRefused, make_mailer
from shared.foundation.errors import Invalid
from tests.servers.processes import free_port

PASSWORD = "a-long-enough-word"
USER = f"platform:{PASSWORD}@"
MAIL = Mail(
    id=UUID(int=7),
    to="student@example.cn",
    subject="录取通知书 第1号",
    text="李青 您好：\n\n请查收 <附件>。\n确认：https://example.cn/consent/abc 谢谢",
    attachments={"录取通知书 1.pdf": b"%PDF-1.7"},
)


def certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for 127.0.0.1 and its key; return both files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


@dataclass
class Handler:
    """The server's behaviour: the replies to RCPT and DATA. `mails`: what it accepted; `secrets`: passwords it was given."""

    rcpt: str = "250 OK"
    data: str = "250 OK"
    drops: bool = False
    mails: list[bytes] = field(default_factory=list)
    secrets: list[tuple[bool, bytes]] = field(default_factory=list)

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, _options: Any) -> str:  # noqa: N802
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt.format(address=address)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.drops and server.transport:
            server.transport.close()
        if self.data.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.mails.append(envelope.content)
        return self.data

    def authenticate(self, server: SMTP, session: Session, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        self.secrets.append((session.ssl is not None, data.password))
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


@contextmanager
def serving(handler: Handler, folder: Path, *, tls: str = "starttls", **options: Any) -> Iterator[str]:
    """Run a server; yield its host and port, with the certificate in `folder`. `tls`: starttls, tls or none."""
    certificate_file, key_file = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    if tls == "starttls":
        options |= {"tls_context": context, "authenticator": handler.authenticate, "auth_required": True}
    elif tls == "tls":
        options |= {"ssl_context": context, "authenticator": handler.authenticate, "auth_required": True}
        options["auth_require_tls"] = False
    else:
        options |= {"authenticator": handler.authenticate, "auth_require_tls": False}
    port = free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        controller.stop()


def received(handler: Handler) -> EmailMessage:
    [content] = handler.mails
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


@pytest.mark.parametrize(("scheme", "tls"), [("smtp", "starttls"), ("smtps", "tls")])
def test_a_mail_is_sent_over_verified_tls_with_the_password_inside_it(tmp_path: Path, scheme: str, tls: str) -> None:
    handler = Handler()
    with serving(handler, tmp_path, tls=tls) as address:
        url = f"{scheme}://{USER}{address}/?from=领军培训 <training@example.cn>&reply-to=office@example.cn&ca={tmp_path}/certificate.pem"
        make_mailer(url).send(MAIL)
    assert handler.secrets == [(tls == "starttls", PASSWORD.encode())]
    message = received(handler)
    assert (message["From"], message["Reply-To"]) == ("领军培训 <training@example.cn>", "office@example.cn")
    assert message["Message-ID"] == f"<{MAIL.id}@example.cn>"
    assert (message["Auto-Submitted"], message["Subject"]) == ("auto-generated", MAIL.subject)
    sent = message["Date"].datetime
    assert abs(datetime.datetime.now(datetime.UTC) - sent) < datetime.timedelta(minutes=1)
    assert all(part.defects == [] for part in message.walk())


def test_the_text_is_also_html_and_the_attachment_has_both_names(tmp_path: Path) -> None:
    make_mailer(f"file://{tmp_path}").send(MAIL)
    content = (tmp_path / f"{MAIL.id}.eml").read_bytes()
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    text, page = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert page is not None
    assert text.get_content().replace("\r\n", "\n").rstrip() == MAIL.text
    assert '<a href="https://example.cn/consent/abc">' in page.get_content()
    assert "&lt;附件&gt;" in page.get_content()
    [attached] = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("录取通知书 1.pdf", b"%PDF-1.7")
    assert attached["Content-Type"].params["name"] == "录取通知书 1.pdf"
    assert message["From"] == "lingjun@localhost"


@pytest.mark.parametrize("mood", ["no TLS offered", "unknown certificate", "another host"])
def test_without_verified_tls_neither_password_nor_letter_is_sent(tmp_path: Path, mood: str) -> None:
    handler = Handler()
    with serving(handler, tmp_path, tls="none" if mood == "no TLS offered" else "starttls") as address:
        authority = f"&ca={tmp_path}/certificate.pem" if mood == "another host" else ""
        host = address.replace("127.0.0.1", "localhost") if mood == "another host" else address
        with pytest.raises(MailDelayed, match=r"STARTTLS|CERTIFICATE_VERIFY_FAILED"):
            make_mailer(f"smtp://{USER}{host}/?from=a@example.cn{authority}").send(MAIL)
    assert (handler.mails, handler.secrets) == ([], [])


def test_a_relay_without_tls_needs_the_operators_word_and_no_password(tmp_path: Path) -> None:
    handler = Handler()
    with serving(handler, tmp_path, tls="none") as address:
        make_mailer(f"smtp://{address}/?from=a@example.cn&starttls=no").send(MAIL)
    assert (len(handler.mails), handler.secrets) == (1, [])


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (Handler(rcpt="550 5.1.1 <{address}> unknown"), "550 5.1.1 <s***@example.cn> unknown"),
        (Handler(data="554 5.7.1 spam"), "554 5.7.1 spam"),
    ],
)
def test_a_permanent_refusal_is_final_and_has_the_servers_words_without_the_address(
    tmp_path: Path, handler: Handler, words: str
) -> None:
    with serving(handler, tmp_path, tls="none") as address, pytest.raises(MailRefused) as refused:
        make_mailer(f"smtp://{address}/?from=a@example.cn&starttls=no").send(MAIL)
    assert words in str(refused.value)
    assert MAIL.to not in str(refused.value)


@pytest.mark.parametrize(
    "handler",
    [Handler(rcpt="450 4.2.0 <{address}> greylisted"), Handler(data="451 4.3.0 later"), Handler(drops=True)],
    ids=["greylisted", "later", "drops after DATA"],
)
def test_what_may_go_later_is_tried_again_and_names_no_address(tmp_path: Path, handler: Handler) -> None:
    with serving(handler, tmp_path, tls="none") as address, pytest.raises(MailDelayed) as failed:
        make_mailer(f"smtp://{address}/?from=a@example.cn&starttls=no").send(MAIL)
    assert MAIL.to not in str(failed.value)


@pytest.mark.parametrize(
    "words",
    [
        "<student@example.cn> unknown",
        "<STUDENT@EXAMPLE.CN>: Recipient rejected: User unknown",
        "user Student not found",
        "another.person@example.cn is over quota",
    ],
)
def test_the_servers_words_name_no_mailbox_in_any_spelling(tmp_path: Path, words: str) -> None:
    handler = Handler(rcpt=f"550 5.1.1 {words}")
    with serving(handler, tmp_path, tls="none") as address, pytest.raises(MailRefused) as refused:
        make_mailer(f"smtp://{address}/?from=a@example.cn&starttls=no").send(MAIL)
    shown = str(refused.value).lower()
    assert "student" not in shown
    assert "another.person" not in shown
    assert "550 5.1.1" in shown


def test_a_wrong_password_is_no_fault_of_the_mail(tmp_path: Path) -> None:
    handler = Handler()
    with serving(handler, tmp_path) as address, pytest.raises(MailDelayed, match="535"):
        make_mailer(
            f"smtp://platform:another-long-word@{address}/?from=a@example.cn&ca={tmp_path}/certificate.pem"
        ).send(MAIL)


def test_an_address_that_the_server_cannot_take_is_final(tmp_path: Path) -> None:
    handler = Handler()
    chinese = Mail(id=MAIL.id, to="张@example.cn", subject="s", text="t")
    with (
        serving(handler, tmp_path, tls="none", enable_SMTPUTF8=False) as address,
        pytest.raises(MailRefused, match=r"张\*\*\*@example.cn"),
    ):
        make_mailer(f"smtp://{address}/?from=a@example.cn&starttls=no").send(chinese)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.cn",
        "smtpx://mail.example.cn/?from=a@example.cn",
        "http://mail.example.cn/",
        "smtp://mail.example.cn/",
        "smtp://mail.example.cn/?from=a,b@example.cn",
        "smtp://mail.example.cn/?from=a@example.cn&reply-to=b",
        "smtp://user:secret-secret-word@mail.example.cn/?from=a@example.cn&starttls=no",
        "smtps://mail.example.cn/?from=a@example.cn&unknown=1",
        "file://",
    ],
)
def test_an_address_that_cannot_be_used_stops_the_start_without_its_password(url: str) -> None:
    with pytest.raises(Invalid, match="LINGJUN_MAIL_URL") as refused:
        make_mailer(url)
    assert "secret" not in str(refused.value)
