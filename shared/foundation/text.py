r"""The gate for text that people type: bodies of requests, forms of pages, cells of imported lists.

Every text leaves it in NFC (UAX #15). Each character belongs to one class:

- Replaced: a private-use code point of GBK and GB 18030 that later got a standard one, and every blank by U+0020.
- Removed, because a text reads the same without it: zero-width joiners and spaces, soft hyphens and variation selectors
  (default ignorable, UTS #39, section 3.1), and blanks and line ends at both ends.
- Refused with its name and place, because the reader would see something else than what is stored, or because its
  meaning is lost: marks, embeddings, overrides and isolates of the writing direction (UAX #9, section 2; UTS #39,
  section 5), fillers that look like blanks but are letters, controls (C0, C1), line ends in a field of one line, other
  private-use code points, surrogates, noncharacters, and U+FFFD, which stands for a character that was lost.

Numbers with a check or a fixed alphabet need no refusal, so `clean_identifier` removes all of these from them.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator

from shared.foundation.errors import Message

# The linear private-use codes of GBK, from the first of each run, with the characters that GB 18030-2000, -2005 and
# -2022 assign to the same bytes. Six of them (U+20087 and others) have no two-byte code; Unicode 3.1 encoded them.
_SUCCESSORS_FROM = {
    0xE76C: "\u20ac",
    0xE78D: "\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19",
    0xE7C7: "\u1e3f\u01f9",
    0xE7E7: "\u303e\u2ff0\u2ff1\u2ff2\u2ff3\u2ff4\u2ff5\u2ff6\u2ff7\u2ff8\u2ff9\u2ffa\u2ffb",
    0xE815: (
        "\u2e81\U00020087\U00020089\U000200cc\u2e84\u3473\u3447\u2e88\u2e8b\u9fb4\u359e\u361a\u360e\u2e8c\u2e97\u396e"
        "\u3918\u9fb5\u39cf\u39df\u3a73\u39d0\u9fb6\u9fb7\u3b4e\u3c6e\u3ce0\u2ea7\U000215d7\u9fb8\u2eaa\u4056"
        "\u415f\u2eae\u4337\u2eb3\u2eb6\u2eb7\U0002298f\u43b1\u43ac\u2ebb\u43dd\u44d6\u4661\u464c\u9fb9\u4723"
        "\u4729\u477c\u478d\u2eca\u4947\u497a\u497d\u4982\u4983\u4985\u4986\u499f\u499b\u49b7\u49b6\u9fba"
        "\U000241fe\u4ca3\u4c9f\u4ca0\u4ca1\u4c77\u4ca2\u4d13\u4d14\u4d15\u4d16\u4d17\u4d18\u4d19\u4dae\u9fbb"
    ),
}
PRIVATE_USE_SUCCESSORS = {
    chr(first + step): successor
    for first, successors in _SUCCESSORS_FROM.items()
    for step, successor in enumerate(successors)
}


def _characters(*ranges: tuple[int, int]) -> frozenset[str]:
    return frozenset(chr(code) for first, last in ranges for code in range(first, last + 1))


_REMOVED = _characters(
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x180B, 0x180F),
    (0x200B, 0x200D),
    (0x2060, 0x2064),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xE0100, 0xE01EF),
)
_DIRECTION = _characters((0x61C, 0x61C), (0x200E, 0x200F), (0x202A, 0x202E), (0x2066, 0x2069))
_FILLERS = _characters((0x115F, 0x1160), (0x17B4, 0x17B5), (0x2800, 0x2800), (0x3164, 0x3164), (0xFFA0, 0xFFA0))
_LINE_ENDS = frozenset("\n\v\f\r\x85\u2028\u2029")
# Characters that stay as they are, alone and next to each other: ASCII, Chinese and full-width characters.
_PLAIN = re.compile(r"[ -~\u3001-\u3029\u4e00-\u9fff\uff01-\uff5e]*")


class UnusableText(ValueError):
    """A typed text that is refused. `code` is stable; `message` states what is wrong, where, and the remedy."""

    def __init__(self, code: str, message: Message) -> None:
        super().__init__(str(message))
        self.code, self.message = code, message


def clean_line(text: str) -> str:
    """Return a text of one line in its standard form. Raises UnusableText for a character that is refused."""
    return _clean(text, allowed=frozenset())


def clean_lines(text: str) -> str:
    """Return a text of several lines in its standard form; line ends become U+000A. Raises UnusableText."""
    return "\n".join(_clean(text, allowed=_LINE_ENDS | {"\t"}).splitlines())


def clean_values(value: Any) -> Any:
    """Return a parsed JSON value with each of its texts as one line in the standard form. Raises UnusableText."""
    if isinstance(value, str):
        return clean_line(value)
    if isinstance(value, list):
        return [clean_values(one) for one in value]
    return {name: clean_values(one) for name, one in value.items()} if isinstance(value, dict) else value


def clean_identifier(text: str) -> str:
    """Return a number for comparison: NFKC, upper case, without blanks, hyphens and invisible characters."""
    if text.isascii() and text.isalnum():
        return text.upper()
    plain = unicodedata.normalize("NFKC", text)
    invisible = _REMOVED | _FILLERS
    return "".join(
        one for one in plain if one not in invisible and unicodedata.category(one) not in {"Cc", "Cf", "Pd", "Zs"}
    ).upper()


def name_of(character: str) -> str:
    """Return a character's code point and Unicode name: "U+200B ZERO WIDTH SPACE". Controls have no name."""
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()


def _clean(text: str, *, allowed: frozenset[str]) -> str:
    if _PLAIN.fullmatch(text):
        return text.strip()
    first = len(text) - len(text.lstrip())
    kept = [_kept(one, place, allowed) for place, one in enumerate(text.rstrip()[first:], start=first + 1)]
    return unicodedata.normalize("NFC", "".join(kept)).strip()


def _kept(character: str, place: int, allowed: frozenset[str]) -> str:
    """Return what is kept of a character: itself, its successor or nothing. Raises UnusableText."""
    if character in _REMOVED:
        return ""
    if character in allowed:
        return character
    if successor := PRIVATE_USE_SUCCESSORS.get(character):
        return successor
    if unicodedata.category(character) == "Zs":
        return " "
    if reason := _reason_against(character):
        values = {"place": place, "character": name_of(character), "reason": reason}
        raise UnusableText("character", Message("第 {place} 个字符({character}){reason}", values))
    return character


def _reason_against(character: str) -> Message | None:
    category = unicodedata.category(character)
    if character in _DIRECTION:
        return Message("会改变文字的显示方向,请删去后重新输入")
    if character in _LINE_ENDS:
        return Message("是换行,此项只能填一行,请删去")
    if character in _FILLERS:
        return Message("看似空白,请删去;需要空格时请用空格键")
    if category == "Co":
        return Message("属于私用区,在别的系统中显示不同,请用输入法重新输入这个字")
    if category in {"Cc", "Cf", "Cs"} or character == "\ufffd" or _is_noncharacter(character):
        return Message("不是可以保存的文字,请删去后重新输入")
    return None


def _is_noncharacter(character: str) -> bool:
    return 0xFDD0 <= ord(character) <= 0xFDEF or ord(character) & 0xFFFE == 0xFFFE


def gate(clean: Callable[[str], str]) -> BeforeValidator:
    """Return the validator of typed texts. Values other than texts are left to pydantic."""

    def validate(value: Any) -> Any:
        return clean(value) if isinstance(value, str) else value

    return BeforeValidator(validate)


Line = Annotated[str, gate(clean_line)]
Lines = Annotated[str, gate(clean_lines)]
Identifier = Annotated[str, gate(clean_identifier)]
