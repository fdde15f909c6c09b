"""Outgoing mail. In standalone mode each mail is a file in a folder; on servers it is sent by SMTP. Used by jobs
only."""

import html
import re
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

from shared.adapters.keyring import mask_email
from shared.foundation.clock import real_now
from shared.foundation.errors import Invalid, Refusal
from shared.foundation.mailbox import clean_mailbox
from shared.foundation.text import UnusableText
from shared.observability.telemetry import Attributes, calling

Security = Literal["tls", "starttls", "plain"]
_PORTS: Mapping[Security, int] = {"tls": 465, "starttls": 587, "plain": 25}
_SECONDS = 30
_MAILBOX = re.compile(r"[^\s<>()\[\]:;,\"']+@[^\s<>()\[\]:;,\"']+")
_LINK = re.compile(r"https?://[^\s<>\"，。；）]+")
_PERMANENT = range(500, 600)
# The server does not know the sender: the settings are to blame, and the mail can go once they are right.
_AUTHENTICATION = {530, 534, 535, 538}


@dataclass(frozen=True)
class Sender:
    """Whom the mail is from, and where replies go if not there. Both are mailboxes with or without a name."""

    mailbox: str = "lingjun@localhost"
    reply_to: str = ""


@dataclass(frozen=True)
class Mail:
    """One mail to one address. `id` is the job's: a repeat of the job replaces the mail instead of duplicating it."""

    id: UUID
    to: str
    subject: str
    text: str
    attachments: dict[str, bytes] = field(default_factory=dict)

    def as_email(self, sender: Sender) -> EmailMessage:
        """Return the mail as a MIME message (RFC 5322), its text also as HTML, and attachments with their name as
        `filename` and as `name`, which old programs read (RFC 2231). `Auto-Submitted` (RFC 3834) keeps absence notes from being sent in reply."""
        address = _address(sender.mailbox)
        message = EmailMessage(policy=SMTP)
        message["Message-ID"] = f"<{self.id}@{address.domain}>"
        message["Date"] = format_datetime(real_now())
        message["From"], message["To"], message["Subject"] = address, self.to, self.subject
        if sender.reply_to:
            message["Reply-To"] = _address(sender.reply_to)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(self.text)
        message.add_alternative(_as_html(self.text), subtype="html")
        for name, content in self.attachments.items():
            message.add_attachment(content, maintype="application", subtype="pdf", filename=name, params={"name": name})
        return message


def _address(mailbox: str) -> Address:
    name, spec = parseaddr(mailbox)
    return Address(name, addr_spec=spec)


def _as_html(text: str) -> str:
    """Return the text as HTML: its paragraphs, lines and links. The text is data, never markup."""
    escaped = html.escape(text)
    linked = _LINK.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', escaped)
    paragraphs = "".join(f"<p>{one}</p>" for one in linked.replace("\n\n", "\0").replace("\n", "<br>").split("\0"))
    return f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title></title></head><body>{paragraphs}</body></html>'


class MailRefused(Refusal):
    """The mail server refused the mail for good. The reason is the server's; the address is masked."""


class MailDelayed(Exception):
    """The mail was not sent this time. The text is the server's or the network's, without an address."""


class Mailer(Protocol):
    """Sends mails."""

    def send(self, mail: Mail) -> None:
        """Send the mail. MailRefused means that it never will be, MailDelayed that it was not sent."""


class FileMailer:
    """Writes each mail as an .eml file, for demos and tests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, mail: Mail) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._folder / f"{mail.id}.new"
        fresh.write_bytes(bytes(mail.as_email(Sender())))
        fresh.replace(self._folder / f"{mail.id}.eml")


@dataclass(frozen=True)
class SmtpServer:
    """A mail server and how to reach it. `authority`: file with the certificates that its own must come from."""

    host: str
    port: int
    security: Security
    user: str
    password: str
    authority: str


class SmtpMailer:
    """Sends by SMTP. TLS is verified, and nothing is sent before it is established."""

    def __init__(self, server: SmtpServer, sender: Sender) -> None:
        self._server, self._sender = server, sender

    def send(self, mail: Mail) -> None:
        """Send the mail. Raises MailRefused for a reply that a repeat would not change (5yz, RFC 5321 4.2.1), else
        MailDelayed."""
        server: Attributes = {"server.address": self._server.host, "server.port": self._server.port}
        try:
            with calling("SMTP", {"network.protocol.name": "smtp", **server}), self._connected() as connection:
                connection.send_message(mail.as_email(self._sender))
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            raise _refusal(code, words, mail) from None
        except smtplib.SMTPResponseException as error:
            raise _refusal(error.smtp_code, error.smtp_error, mail) from None
        except smtplib.SMTPNotSupportedError as error:
            raise MailRefused(
                "邮件服务器不接受收件地址 {address} 的写法（{words}），请更正邮箱。",
                code="mail-refused",
                values={"address": mask_email(mail.to), "words": _without_addresses(str(error), mail.to)},
            ) from None
        except (OSError, smtplib.SMTPException) as error:
            raise MailDelayed(_without_addresses(f"{type(error).__name__}: {error}", mail.to)) from None

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        context = ssl.create_default_context(cafile=server.authority or None)
        connection: smtplib.SMTP
        if server.security == "tls":
            connection = smtplib.SMTP_SSL(server.host, server.port, timeout=_SECONDS, context=context)
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=_SECONDS)
        try:
            if server.security == "starttls":
                connection.ehlo()
                if not connection.has_extn("starttls"):
                    raise ConnectionError(f"mail server: {server.host} offers no STARTTLS")
                connection.starttls(context=context)
            if server.user:
                connection.login(server.user, server.password)
        except BaseException:
            connection.close()
            raise
        return connection


def _refusal(code: int, words: bytes | str, mail: Mail) -> Exception:
    """Return MailRefused for a permanent reply of the server, else an error after which the job tries again. The server's
    words may repeat the address."""
    reply = _without_addresses(words.decode(errors="replace") if isinstance(words, bytes) else words, mail.to)
    if code in _PERMANENT and code not in _AUTHENTICATION:
        return MailRefused(
            "邮件服务器拒收发往 {address} 的邮件：{code} {words}",
            code="mail-refused",
            values={"address": mask_email(mail.to), "code": code, "words": reply},
        )
    return MailDelayed(f"{code} {reply}")


def _without_addresses(words: str, to: str) -> str:
    """Return the first 200 characters of a server's words with every mailbox masked, also the recipient's name alone and in
    another spelling."""
    name = re.escape(to.partition("@")[0])
    masked = _MAILBOX.sub(lambda found: mask_email(found[0]), words[:1000])
    return re.sub(rf"(?<!\w){name}(?!\w)", f"{to[:1]}***", masked, flags=re.IGNORECASE)[:200]


def make_mailer(url: str) -> Mailer:
    """Return a mailer for `file:///folder` or the address of a server. Raises Invalid for another address.

    `smtp://user:password@host:port/?from=名称 <a@b>&reply-to=c@d`: STARTTLS is required, unless `starttls=no`, which a
    user and password do not go with. `smtps://…`: TLS from the first byte. `ca=/path`: certificates to trust.
    """
    if url.startswith("file:///"):
        return FileMailer(Path(url.removeprefix("file://")))
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if (
        parts.scheme not in ("smtp", "smtps")
        or not parts.hostname
        or set(options) - {"from", "reply-to", "starttls", "ca"}
    ):
        raise _unusable("须形如 smtps://用户:密码@主机:端口/?from=名称 <地址>，或 smtp://…、file:///目录")
    security: Security = "tls" if parts.scheme == "smtps" else "starttls"
    if options.get("starttls") == "no" and security == "starttls":
        security = "plain"
    if security == "plain" and parts.username:
        raise _unusable("不加密的连接（starttls=no）不能带用户名和密码")
    sender = Sender(_checked(options.get("from", "")), _checked(options["reply-to"]) if "reply-to" in options else "")
    server = SmtpServer(
        parts.hostname,
        parts.port or _PORTS[security],
        security,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        options.get("ca", ""),
    )
    return SmtpMailer(server, sender)


def _checked(mailbox: str) -> str:
    """Return a mailbox whose address mail can reach. Raises Invalid."""
    try:
        clean_mailbox(parseaddr(mailbox)[1])
    except UnusableText as error:
        raise _unusable("from 与 reply-to 须是邮箱地址，可带名称：领军培训 <training@example.cn>") from error
    return mailbox


def _unusable(reason: str) -> Invalid:
    return Invalid("LINGJUN_MAIL_URL 无法使用：{reason}。", code="mail-url", values={"reason": reason})
