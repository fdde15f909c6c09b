"""The languages that people read: Chinese, in which everything is written, and English from the catalogues.

Used by the dashboards, by pages for sentences with values in them, and by shared/http/web.py for refusals (`said`).
"""

import io
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from starlette_admin import i18n

from shared.foundation.errors import FieldError, Joined, Message, Refusal

LANGUAGES = i18n.I18nConfig(default_locale="zh", language_header_name=None, language_cookie_name="lingjun_language")
SHARED_CATALOGUES = Path(__file__).parent / "translations"


def t(message: Any, /, **values: object) -> str:
    """The message in the reader's language, then `values` put in for its {names}; unknown messages stay as they are."""
    text = i18n.gettext(message) if isinstance(message, str) else str(message)  # the library's own are lazy
    return text.format(**values) if values else text


def localize(told: Refusal | FieldError | Message) -> str:
    """A refusal, one of its faults or other words of ours with their values, in the reader's language."""
    return t(told.message, **{name: _value(value) for name, value in told.values.items()})


def _value(value: object) -> object:
    if isinstance(value, Refusal | FieldError | Message):
        return localize(value)
    if isinstance(value, Joined):
        mark = t(value.mark) if value.mark else " " if in_english() else ""
        return mark.join(str(_value(part)) for part in value.parts)
    return value


def in_english() -> bool:
    """Whether this request's reader asked for English."""
    return i18n.get_locale() == "en"


@cache
def load_catalogues(folder: Path) -> None:
    """Merges `folder`/<locale>/LC_MESSAGES/*.po into what the process says. Read as text: nothing is compiled ahead."""
    for path in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        locale = path.parent.parent.name
        with path.open("rb") as file:
            catalogue = read_po(file, locale=locale)
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        target: Any = i18n.translations[locale]
        target.merge(Translations(fp=compiled, domain="admin"))
