"""Localisation: Chinese, the language of the source texts, and English from the catalogues.

Used by the dashboards, by pages for sentences with values, and by shared/http/web.py for refusals (`localize`).
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
    """Translate the message for the reader and insert `values` for its {names}. Unknown messages stay unchanged."""
    text = i18n.gettext(message) if isinstance(message, str) else str(message)  # the library's own are lazy
    return text.format(**values) if values else text


def localize(message: Refusal | FieldError | Message) -> str:
    """Translate a refusal, a field error or a message with its values for the reader."""
    return t(message.message, **{name: _value(value) for name, value in message.values.items()})


def _value(value: object) -> object:
    if isinstance(value, Refusal | FieldError | Message):
        return localize(value)
    if isinstance(value, Joined):
        mark = t(value.mark) if value.mark else " " if in_english() else ""
        return mark.join(str(_value(part)) for part in value.parts)
    return value


def in_english() -> bool:
    """Whether the reader of this request has chosen English."""
    return i18n.get_locale() == "en"


@cache
def load_catalogues(folder: Path) -> None:
    """Load `folder`/<locale>/LC_MESSAGES/*.po into the process's translations. The .po files are compiled here, in
    memory."""
    for path in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        locale = path.parent.parent.name
        with path.open("rb") as file:
            catalogue = read_po(file, locale=locale)
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        target: Any = i18n.translations[locale]
        target.merge(Translations(fp=compiled, domain="admin"))
