"""E-mail addresses that people type. Every address of the platform passes through `clean_mailbox`."""

import re
import unicodedata
from functools import lru_cache
from typing import Annotated

from email_validator import EmailNotValidError, validate_email

from shared.foundation.errors import Message
from shared.foundation.text import UnusableText, gate, name_of

_LOCAL_SIGNS = frozenset("!#$%&'*+-/=?^_`{|}~.")
_PLAIN = re.compile(r"[\w!#$%&'*+\-/=?^`{|}~.]+@[\w.-]+", re.ASCII)
# RFC 5321 4.1.2 (Dot-string) and 4.5.3.1.1 (64 octets).
_DOT_STRING = re.compile(r"(?=.{1,64}\Z)[\w!#$%&'*+\-/=?^`{|}~]+(\.[\w!#$%&'*+\-/=?^`{|}~]+)*", re.ASCII)
_LONGEST = 254
_SEPARATORS = frozenset(" ,;<>\uff0c\uff1b\u3001\u3000")


def clean_mailbox(text: str) -> str:
    """Return the one address in a typed text, its domain in lower case and as punycode (RFC 5891).

    The part before the @ must be ASCII: mail servers without SMTPUTF8 (RFC 6531) refuse others, and most in China have
    no SMTPUTF8. No character is removed but blanks at both ends, since the address could become that of someone else.
    No DNS query. Raises UnusableText, which names the character and its place where one character is the reason.
    """
    address = text.strip()
    if not _PLAIN.fullmatch(address):
        _refuse_characters(address, first=len(text) - len(text.lstrip()) + 1)
    local, _, domain = address.rpartition("@")
    try:
        mailbox = f"{local}@{_mail_domain(domain)}"
    except EmailNotValidError as error:
        raise _malformed() from error
    if not _DOT_STRING.fullmatch(local) or len(mailbox) > _LONGEST:
        raise _malformed()
    return mailbox


# Most addresses share a few domains, and checking one takes 30 µs. Addresses themselves are not kept: they are personal.
@lru_cache(maxsize=4096)
def _mail_domain(domain: str) -> str:
    return validate_email(f"a@{domain}", check_deliverability=False, allow_smtputf8=False).ascii_domain


def _malformed() -> UnusableText:
    return UnusableText("email", Message("电子邮箱格式不正确,应形如 name@example.com,请核对"))


def _refuse_characters(address: str, *, first: int) -> None:
    """Raise UnusableText for the first character that no address may have; `first` is the place of the address."""
    at = address.find("@")
    for index, character in enumerate(address):
        if reason := _reason_against(character, is_local=index < at or at < 0, is_at=index == at):
            values = {"place": first + index, "character": name_of(character), "reason": reason}
            raise UnusableText("email", Message("电子邮箱的第 {place} 个字符({character}){reason}", values))


def _reason_against(character: str, *, is_local: bool, is_at: bool) -> Message | None:
    if is_at:
        return None
    if character in _SEPARATORS or character == "@":
        return Message("不能用在邮箱中;只能填一个邮箱,请删去多余的内容")
    if character.isascii() and (character.isalnum() or character in _LOCAL_SIGNS):
        return None
    if unicodedata.category(character)[0] in "LMN" and unicodedata.normalize("NFKC", character) == character:
        return Message("在 @ 之前,邮件服务器不接受,请换用只含英文字母和数字的邮箱") if is_local else None
    return Message("不能用在邮箱中,请删去或改为半角字符")


Mailbox = Annotated[str, gate(clean_mailbox)]
