"""Normalize names and remarks for comparison. Stored and printed names are never changed.

Called by matching and by the fingerprints of statement entries.
"""

import re
import unicodedata
from functools import lru_cache

_DOTS = str.maketrans(dict.fromkeys(".•‧∙⋅・●", "·"))


@lru_cache(maxsize=65_536)
def comparable(text: str) -> str:
    """Apply NFKC and upper case, remove blanks and invisible characters, unify all dots: "A. （x）" -> "A·(X)"."""
    folded = unicodedata.normalize("NFKC", text).upper().translate(_DOTS)
    return "".join(char for char in folded if not char.isspace() and unicodedata.category(char) not in {"Cc", "Cf"})


_LEGAL_FORM = re.compile(r"(?:股份)?(?:有限)(?:责任)?公司$|集团$|\(集团\)")


def without_legal_form(name: str) -> str:
    """Return a comparable firm name without its legal form, so that 有限公司 and 有限责任公司 are equal."""
    return _LEGAL_FORM.sub("", name)


_ORGANISATION = re.compile(
    r"公司|集团|厂|院|所|中心|协会|学会|商会|部|局|处|店|社|银行|委员会|学校|大学|基金|账户|备付金|[0-9A-Z]{3}"
)


def is_personal(name: str) -> bool:
    """Return whether a comparable payer name reads like a person's: short, or with the dot of a transliterated name."""
    return bool(name) and (len(name) <= 4 or "·" in name) and not _ORGANISATION.search(name)
