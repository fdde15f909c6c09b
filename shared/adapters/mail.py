"""Outgoing mail. In standalone mode each mail is a file in a folder; on servers it is sent by SMTP. Used by jobs
only."""

import smtplib
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit
from uuid import UUID


@dataclass(frozen=True)
class Mail:
    """One mail to one address. `id` is the job's: a repeat of the job replaces the mail instead of duplicating it."""

    id: UUID
    to: str
    subject: str
    text: str
    attachments: dict[str, bytes] = field(default_factory=dict)

    def as_email(self, sender: str) -> EmailMessage:
        """Return the mail as a MIME message."""
        message = EmailMessage()
        message["Message-ID"] = f"<{self.id}@lingjun>"
        message["From"], message["To"], message["Subject"] = sender, self.to, self.subject
        message.set_content(self.text)
        for name, content in self.attachments.items():
            message.add_attachment(content, maintype="application", subtype="pdf", filename=name)
        return message


class Mailer(Protocol):
    """Sends mails."""

    def send(self, mail: Mail) -> None:
        """Send the mail. An exception means that it was not sent."""


class FileMailer:
    """Writes each mail as an .eml file, for demos and tests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, mail: Mail) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._folder / f"{mail.id}.new"
        fresh.write_bytes(bytes(mail.as_email("lingjun@localhost")))
        fresh.replace(self._folder / f"{mail.id}.eml")


class SmtpMailer:
    """Sends by SMTP, with STARTTLS if offered. URL: `smtp://user:password@host:port/?from=address`."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)

    def send(self, mail: Mail) -> None:
        url = self._url
        with smtplib.SMTP(url.hostname or "", url.port or 25, timeout=30) as server:
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls()
            if url.username:
                server.login(unquote(url.username), unquote(url.password or ""))
            server.send_message(mail.as_email(url.query.removeprefix("from=")))


def make_mailer(url: str) -> Mailer:
    """Return a mailer for `file:///folder` or `smtp://…`."""
    return SmtpMailer(url) if url.startswith("smtp:") else FileMailer(Path(url.removeprefix("file://")))
