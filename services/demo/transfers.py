"""The ways in which firms and people pay a fee. Each turns a fee account into transfers as a bank books them.

Called by payments.py. Real statements have these cases: mistyped codes, truncated names, one transfer for two people.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from random import Random

FULL_WIDTH = str.maketrans({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
TOTAL_FEE_FEN = 4_000_000
SHORT_BY_FEN = 1_000
PLATFORM = "示例通支付科技有限公司客户备付金"
LONGEST_PARTY = 30
"""Some banks truncate names to 60 bytes, which are thirty Chinese characters."""


@dataclass(frozen=True)
class Fact:
    """A fee account as finance sees it. Amounts in fen, `submitted_at` with time zone."""

    reference: str
    application_no: str
    firm_name: str
    student_name: str
    submitted_at: datetime
    due_fen: int = 2_500_000
    paid_fen: int = 0

    @property
    def open_fen(self) -> int:
        return max(0, self.due_fen - self.paid_fen)


@dataclass(frozen=True)
class Transfer:
    """A booking without a time yet. `not_before`: earliest day. `later`: book on the last day of the period."""

    party: str
    amount_fen: int
    remark: str
    credit: bool = True
    summary: str = "汇款"
    reversal: bool = False
    later: bool = False
    not_before: date = date.min


Way = Callable[[Fact], tuple[Transfer, ...]]


def with_code(fact: Fact) -> tuple[Transfer, ...]:
    return (Transfer(fact.firm_name, fact.open_fen, f"{fact.reference}培训费"),)


def code_only(fact: Fact) -> tuple[Transfer, ...]:
    return (Transfer(fact.firm_name, fact.open_fen, fact.reference),)


def with_application_number(fact: Fact) -> tuple[Transfer, ...]:
    return (Transfer(fact.firm_name, fact.open_fen, f"报名编号{fact.application_no}"),)


def without_code(fact: Fact) -> tuple[Transfer, ...]:
    """Use half-width brackets, as many banks do, and truncate long names."""
    party = fact.firm_name.replace("（", "(").replace("）", ")")[:LONGEST_PARTY]
    return (Transfer(party, fact.open_fen, "培训费"),)


def full_width_code(fact: Fact) -> tuple[Transfer, ...]:
    return (Transfer(fact.firm_name, fact.open_fen, f"{fact.reference.translate(FULL_WIDTH)}　培训费"),)


def mistyped_code(fact: Fact) -> tuple[Transfer, ...]:
    """The last digit is one too high, so that the code fails its check."""
    wrong = fact.reference[:-1] + str((int(fact.reference[-1]) + 1) % 10)
    return (Transfer(fact.firm_name, fact.open_fen, f"{wrong}培训费"),)


def cut_code(fact: Fact) -> tuple[Transfer, ...]:
    return (Transfer(fact.firm_name, fact.open_fen, f"付2021领军人才专精特新专题培训{fact.reference[:5]}"),)


def in_two_parts(fact: Fact) -> tuple[Transfer, ...]:
    """Pay two fifths first and the rest later."""
    first = fact.open_fen * 2 // 5
    return (
        Transfer(fact.firm_name, first, f"{fact.reference}首付款"),
        Transfer(fact.firm_name, fact.open_fen - first, f"{fact.reference}尾款", later=True),
    )


def short_by_the_bank_fee(fact: Fact) -> tuple[Transfer, ...]:
    return (Transfer(fact.firm_name, fact.open_fen - SHORT_BY_FEN, fact.reference),)


def the_total_fee(fact: Fact) -> tuple[Transfer, ...]:
    """40,000 yuan, the whole fee of clause 4, instead of the 25,000 that the firm owes."""
    return (Transfer(fact.firm_name, TOTAL_FEE_FEN, f"{fact.reference}培训总费用"),)


def by_the_student_with_code(fact: Fact) -> tuple[Transfer, ...]:
    return (Transfer(fact.student_name, fact.open_fen, fact.reference),)


def by_the_student(fact: Fact) -> tuple[Transfer, ...]:
    return (Transfer(fact.student_name, fact.open_fen, "培训费"),)


def through_a_platform(fact: Fact) -> tuple[Transfer, ...]:
    return (Transfer(PLATFORM, fact.open_fen, f"{fact.student_name}转账{fact.reference}"),)


def reversed_later(fact: Fact) -> tuple[Transfer, ...]:
    """The bank later reverses the credit as its own mistake."""
    return (
        Transfer(fact.firm_name, fact.open_fen, fact.reference),
        Transfer(fact.firm_name, fact.open_fen, "错账冲正", credit=False, reversal=True, later=True),
    )


def both_with_codes(pair: tuple[Fact, Fact]) -> Transfer:
    one, other = pair
    remark = f"{one.reference}、{other.reference}培训费2人"
    return Transfer(one.firm_name, one.open_fen + other.open_fen, remark)


def both_without_codes(pair: tuple[Fact, Fact]) -> Transfer:
    one, other = pair
    return Transfer(one.firm_name, one.open_fen + other.open_fen, "两人培训费")


def one_of_two_by_name(pair: tuple[Fact, Fact]) -> Transfer:
    return Transfer(pair[0].firm_name, pair[0].open_fen, f"{pair[0].student_name}参加领军人才培训")


def one_of_two_unnamed(pair: tuple[Fact, Fact]) -> Transfer:
    """The transfer does not show which of the two students it is for."""
    return Transfer(pair[0].firm_name, pair[0].open_fen, "培训费")


def bank_fee() -> Transfer:
    return Transfer("", 1_050, "对公转账手续费", credit=False, summary="收费")


def interest(fen: int) -> Transfer:
    return Transfer("", fen, "", summary="结息", later=True)


def account_check(party: str) -> Transfer:
    return Transfer(party, 1, "账户验证")


def other_income() -> Transfer:
    return Transfer("重庆市示例钟表行业协会", 660_000, "课件制作费")


def account_of(party: str, seed: int) -> str:
    """Return the fixed account of a payer: a 19-digit card for a person, else a corporate account number."""
    if not party:
        return ""
    rng = Random(f"{seed}:account:{party}")
    if len(party) < 7:
        return "6217" + "".join(rng.choices("0123456789", k=15))
    prefix, digits = rng.choice((("8311", 11), ("123800", 12), ("50000000", 12), ("31000000", 11)))
    return prefix + "".join(rng.choices("0123456789", k=digits))
