"""Evidence in an entry about payer and purpose: references, firms, students. Called by matching; decides nothing."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from services.billing.rules.matching.names import comparable, without_legal_form
from services.billing.rules.matching.proposals import FeeAccount
from services.billing.rules.statements.entries import Entry
from shared.foundation.checkdigits import payment_references

_WILDCARDS = re.compile(r"[?*□■〓\ufffd]+")
_SHORTEST_PREFIX = 6
"""Fewer characters are a city and a word of the trade, which many firms share."""
_SHOWN_CANDIDATES = 5
_FAINTEST_SCORE = 60


@dataclass(frozen=True)
class Evidence:
    """One entry compared with all fee accounts.

    `coded`: accounts whose valid reference is in the text. `unknown_codes`: valid references of no account here.
    `of_firm` and `of_student`: accounts whose firm, or whose student, is exactly the payer. `named`: accounts whose
    student or number is in the text.
    """

    payer: str
    coded: tuple[FeeAccount, ...]
    unknown_codes: tuple[str, ...]
    of_firm: tuple[FeeAccount, ...]
    of_student: tuple[FeeAccount, ...]
    named: tuple[FeeAccount, ...]


def gather(entry: Entry, accounts: Sequence[FeeAccount]) -> Evidence:
    """Collect all exact evidence. Names are compared after NFKC, without blanks, with dots unified."""
    payer = comparable(entry.counterparty_name)
    raw_text = f"{entry.remark}；{entry.summary}"
    codes = payment_references(raw_text)
    known = {account.reference for account in accounts}
    firms = {account.credit_code for account in accounts if payer and comparable(account.firm_name) == payer}
    return Evidence(
        payer=payer,
        coded=tuple(account for account in accounts if account.reference in codes),
        unknown_codes=tuple(code for code in codes if code not in known),
        of_firm=tuple(account for account in accounts if account.credit_code in firms),
        of_student=tuple(account for account in accounts if payer and comparable(account.student_name) == payer),
        named=_named(comparable(raw_text), accounts),
    )


def _named(text: str, accounts: Sequence[FeeAccount]) -> tuple[FeeAccount, ...]:
    """Find names in the text, longest first, using each stretch of text once: 李明哲 does not name 李明 as well."""
    rest, found = text, set()
    for name in sorted({comparable(account.student_name) for account in accounts}, key=lambda name: (-len(name), name)):
        if len(name) > 1 and name in rest:
            found.add(name)
            rest = rest.replace(name, "\n")
    return tuple(
        account
        for account in accounts
        if comparable(account.student_name) in found or _has_number(text, comparable(account.application_no))
    )


def _has_number(text: str, number: str) -> bool:
    return bool(number) and re.search(rf"{re.escape(number)}(?![0-9])", text) is not None


def resembling(payer: str, accounts: Sequence[FeeAccount]) -> tuple[str, tuple[FeeAccount, ...]]:
    """Find accounts whose firm or student the payer's name resembles by a rule. Returns that rule in words for the
    person.

    The order is by certainty: characters that the bank could not print, a former name, a truncated or a longer name,
    another legal form. The first rule with a result applies.
    """
    if not payer:
        return "", ()
    rules: tuple[tuple[str, Callable[[str, FeeAccount], bool]], ...] = (
        ("付款户名中有银行无法显示的字符，其余一致", _fits_wildcards),
        ("付款户名是企业曾用名", _is_former_name),
        ("付款户名是企业名称的开头，可能被银行截断", _is_cut_short),
        ("付款户名以企业名称开头，可能是分支机构", _is_branch),
        ("付款户名与企业名称仅组织形式不同", _is_other_legal_form),
    )
    for words, fits in rules:
        found = tuple(account for account in accounts if fits(payer, account))
        if found:
            return words, found
    return "", ()


def _fits_wildcards(payer: str, account: FeeAccount) -> bool:
    """Match one or more `?` to one to as many characters: banks print one for each byte or for each character."""
    if not _WILDCARDS.search(payer) or not _WILDCARDS.sub("", payer):
        return False
    pattern = "".join(
        f".{{1,{len(part)}}}" if _WILDCARDS.fullmatch(part) else re.escape(part)
        for part in re.split(f"({_WILDCARDS.pattern})", payer)
    )
    names = (account.firm_name, account.former_name, account.student_name)
    return any(re.fullmatch(pattern, comparable(name)) for name in names)


def _is_former_name(payer: str, account: FeeAccount) -> bool:
    return payer == comparable(account.former_name)


def _is_cut_short(payer: str, account: FeeAccount) -> bool:
    start = _WILDCARDS.sub("", payer) if _WILDCARDS.search(payer[-2:]) else payer
    return len(start) >= _SHORTEST_PREFIX and comparable(account.firm_name).startswith(start)


def _is_branch(payer: str, account: FeeAccount) -> bool:
    firm = comparable(account.firm_name)
    return len(firm) >= _SHORTEST_PREFIX and payer.startswith(firm)


def _is_other_legal_form(payer: str, account: FeeAccount) -> bool:
    stem = without_legal_form(payer)
    return bool(stem) and stem == without_legal_form(comparable(account.firm_name))


def likeliest(entry: Entry, accounts: Iterable[FeeAccount]) -> tuple[str, ...]:
    """Rank application ids by likeness of names, for a person to choose from; never more than a suggestion.

    Measured: a different firm whose name differs in one character scores 91 of 100, a mere legal form 92.
    """
    payer, text = comparable(entry.counterparty_name), comparable(f"{entry.remark} {entry.summary}")
    scored = []
    for account in accounts:
        names = [comparable(name) for name in (account.firm_name, account.former_name, account.student_name) if name]
        score = max(
            max((fuzz.ratio(payer, name) for name in names), default=0.0),
            fuzz.partial_ratio(names[0], text) if names and len(text) >= len(names[0]) else 0.0,
        )
        if payer and score >= _FAINTEST_SCORE:
            scored.append((-score, account.application_id))
    return tuple(application_id for _, application_id in sorted(scored)[:_SHOWN_CANDIDATES])
