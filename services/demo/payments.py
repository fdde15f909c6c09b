"""Generates the four bank statements of the institute's account from the fee accounts that finance sees.

Called by the demo's player before each import. Each statement opens with the closing balance of the previous one, and
the periods have no gaps. The same facts and seed give the same statement.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from services.demo import transfers as ways
from services.demo.statements import Entry, Statement
from services.demo.transfers import Fact, Transfer, Way, account_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
OPENING_FEN = 31_826_417
LAST_MINUTE = datetime(2021, 12, 16, 23, 58, 20, tzinfo=SHANGHAI)
LAPSES = 3
BANKING_DAY_MICROSECONDS = 10 * 3600 * 1_000_000
EARLY: tuple[Way, ...] = (
    *[ways.with_code] * 12,
    *[ways.code_only] * 4,
    *[ways.with_application_number] * 2,
    *[ways.without_code] * 3,
    ways.full_width_code,
    ways.mistyped_code,
    ways.cut_code,
    ways.in_two_parts,
    ways.short_by_the_bank_fee,
    ways.the_total_fee,
    ways.by_the_student_with_code,
    ways.by_the_student,
    ways.through_a_platform,
    ways.reversed_later,
)
EARLY_PAIRS = (
    ways.both_with_codes,
    ways.both_without_codes,
    ways.one_of_two_by_name,
    ways.one_of_two_unnamed,
)


@dataclass(frozen=True)
class Refund:
    """An approved refund as finance sees it: payment reference, payee and amount in fen."""

    reference: str
    payee: str
    amount_fen: int


def early_statement(facts: Sequence[Fact], seed: int) -> Statement:
    """Return the statement of 22 November to 5 December: early payments in all forms, and other entries."""
    rng = Random(f"{seed}:early")
    alone, pairs = _by_firm(facts)
    # Payers whose names banks alter or truncate pay without a code: only a person can match these.
    alone.sort(key=lambda fact: len(fact.firm_name), reverse=True)
    peculiar, others = alone[:2], alone[2:]
    rng.shuffle(others)
    # Without a code only the name identifies the student: the last ways go to students without a namesake.
    names = [fact.student_name for fact in facts]
    others.sort(key=lambda fact: names.count(fact.student_name) > 1)
    rng.shuffle(pairs)
    booked = [ways.bank_fee(), ways.other_income(), ways.interest(7_702)]
    for fact in peculiar:
        booked += _once_submitted(ways.without_code(fact), fact)
    for way, fact in zip(reversed(EARLY), others, strict=False):
        booked += _once_submitted(way(fact), fact)
    for way_of_two, pair in zip(EARLY_PAIRS, pairs, strict=False):
        booked += _once_submitted((way_of_two(pair),), *pair)
    booked += [ways.account_check(fact.firm_name) for fact in peculiar[:1]]
    entries = _entries(rng, seed, booked, date(2021, 11, 23), date(2021, 12, 5))
    return Statement(date(2021, 11, 22), date(2021, 12, 5), OPENING_FEN, entries)


def last_week_of(statement: Statement) -> Statement:
    """Return the bank's export of the last seven days: the same entries in another file."""
    first_day = statement.last_day - timedelta(days=6)
    before = [entry for entry in statement.entries if entry.booked_at.date() < first_day]
    opening_fen = statement.opening_fen + sum(entry.signed_fen for entry in before)
    return Statement(first_day, statement.last_day, opening_fen, statement.entries[len(before) :])


def admitted_statement(admitted: Sequence[Fact], seed: int, opening_fen: int) -> Statement:
    """Return the statement of 6 to 17 December, which covers pay_by.

    All of `admitted` (in rank order) pay their open amount, except those of `lapsing`.
    """
    rng = Random(f"{seed}:admitted")
    lapsed = set(lapsing(admitted))
    payers = [fact for fact in admitted if fact.open_fen and fact not in lapsed]
    alone, pairs = _by_firm(payers)
    rng.shuffle(alone)
    last, others = alone[:1], alone[1:]
    special: tuple[Way, ...] = (ways.by_the_student_with_code, ways.in_two_parts)
    chosen = [*special, *[ways.with_code] * len(others)]
    booked = [transfer for fact, way in zip(others, chosen, strict=False) for transfer in way(fact)]
    booked += [ways.both_with_codes(pair) for pair in pairs]
    entries = [
        *_entries(rng, seed, [ways.bank_fee(), ways.other_income()], date(2021, 12, 6), date(2021, 12, 9)),
        *_entries(rng, seed, booked, date(2021, 12, 10), date(2021, 12, 16)),
        *[_entry(seed, transfer, LAST_MINUTE) for fact in last for transfer in ways.code_only(fact)],
    ]
    return Statement(date(2021, 12, 6), date(2021, 12, 17), opening_fen, tuple(entries))


def promoted_statement(promoted: Sequence[Fact], lapsed: Sequence[Fact], seed: int, opening_fen: int) -> Statement:
    """Return the statement of 18 to 23 December: fees of promoted students, a late payment of `lapsed`, interest."""
    rng = Random(f"{seed}:promoted")
    booked = [transfer for fact in promoted if fact.open_fen for transfer in ways.with_code(fact)]
    booked += [transfer for fact in lapsed[-1:] for transfer in ways.with_code(fact)]
    entries = _entries(rng, seed, [*booked, ways.interest(31_846)], date(2021, 12, 19), date(2021, 12, 22))
    return Statement(date(2021, 12, 18), date(2021, 12, 23), opening_fen, entries)


def refund_statement(refunds: Sequence[Refund], seed: int, opening_fen: int) -> Statement:
    """Return the statement of 24 December to 31 January: a debit per refund, to the paying account, and a bank fee."""
    rng = Random(f"{seed}:refunds")
    booked = [Transfer(refund.payee, refund.amount_fen, f"退费{refund.reference}", credit=False) for refund in refunds]
    entries = _entries(rng, seed, [*booked, ways.bank_fee()], date(2022, 1, 5), date(2022, 1, 14))
    return Statement(date(2021, 12, 24), date(2022, 1, 31), opening_fen, entries)


def lapsing(admitted: Sequence[Fact]) -> tuple[Fact, ...]:
    """Return the three of `admitted` (in rank order) who do not pay in time, spread over those without payments."""
    unpaid = [fact for fact in admitted if fact.paid_fen == 0]
    places = {(2 * part + 1) * len(unpaid) // (2 * LAPSES) for part in range(LAPSES)} if unpaid else set()
    return tuple(unpaid[place] for place in sorted(places))


def _by_firm(facts: Iterable[Fact]) -> tuple[list[Fact], list[tuple[Fact, Fact]]]:
    """Split into single applicants of a firm and pairs of one firm, both in order of their references."""
    firms: dict[str, list[Fact]] = defaultdict(list)
    for fact in sorted(facts, key=lambda fact: fact.reference):
        firms[fact.firm_name].append(fact)
    alone = [members[0] for members in firms.values() if len(members) == 1]
    return alone, [(members[0], members[1]) for members in firms.values() if len(members) > 1]


def _once_submitted(transfers: Iterable[Transfer], *facts: Fact) -> list[Transfer]:
    """Book no transfer before the day after submission: applicants receive their reference when they are accepted."""
    day = max(fact.submitted_at for fact in facts).astimezone(SHANGHAI).date() + timedelta(days=1)
    return [replace(transfer, not_before=day) for transfer in transfers]


def _entries(rng: Random, seed: int, booked: Sequence[Transfer], first_day: date, last_day: date) -> tuple[Entry, ...]:
    """Book each transfer on a random day between 08:00 and 18:00; transfers marked `later` on the last day."""
    entries = []
    for transfer in booked:
        start = last_day if transfer.later else max(first_day, transfer.not_before)
        days = max(1, (last_day - start).days)
        opening = datetime.combine(start + timedelta(days=rng.randrange(days)), time(8), SHANGHAI)
        entries.append(
            _entry(seed, transfer, opening + timedelta(microseconds=rng.randrange(BANKING_DAY_MICROSECONDS)))
        )
    return tuple(sorted(entries, key=lambda entry: entry.booked_at))


def _entry(seed: int, transfer: Transfer, booked_at: datetime) -> Entry:
    return Entry(
        booked_at=booked_at,
        amount_fen=transfer.amount_fen,
        credit=transfer.credit,
        party=transfer.party,
        party_account=account_of(transfer.party, seed),
        remark=transfer.remark,
        summary=transfer.summary,
        reversal=transfer.reversal,
    )
