"""Outgoing mail and SMS. Embedded: a file per message under a folder; servers: SMTP and an HTTP gateway. Used by jobs only."""

import smtplib
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit
from uuid import UUID


@dataclass(frozen=True)
class Mail:
    """One message to one address. `id` is the job's: a repeat of the job replaces the message instead of doubling it."""

    id: UUID
    to: str
    subject: str
    text: str
    attachments: dict[str, bytes] = field(default_factory=dict)

    def as_email(self, sender: str) -> EmailMessage:
        """The message as MIME."""
        message = EmailMessage()
        message["Message-ID"] = f"<{self.id}@lingjun>"
        message["From"], message["To"], message["Subject"] = sender, self.to, self.subject
        message.set_content(self.text)
        for name, content in self.attachments.items():
            message.add_attachment(content, maintype="application", subtype="pdf", filename=name)
        return message


class Mailer(Protocol):
    """Whatever carries letters away."""

    def send(self, letter: Mail) -> None:
        """Hands the letter over, or raises; raising means that nothing was sent."""


class FileMailer:
    """Writes each letter as an .eml file: what a try-out sends, for people to look at."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, letter: Mail) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._folder / f"{letter.id}.new"
        fresh.write_bytes(bytes(letter.as_email("lingjun@localhost")))
        fresh.replace(self._folder / f"{letter.id}.eml")


class SmtpMailer:
    """Sends by SMTP with STARTTLS where offered: `smtp://user:password@host:port/?from=address`."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)

    def send(self, letter: Mail) -> None:
        url = self._url
        with smtplib.SMTP(url.hostname or "", url.port or 25, timeout=30) as server:
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls()
            if url.username:
                server.login(unquote(url.username), unquote(url.password or ""))
            server.send_message(letter.as_email(url.query.removeprefix("from=")))


def make_mailer(url: str) -> Mailer:
    """`file:///folder` or `smtp://…`."""
    return SmtpMailer(url) if url.startswith("smtp:") else FileMailer(Path(url.removeprefix("file://")))
