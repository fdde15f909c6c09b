"""Match a bank entry to the fee it pays: the order of the rules. Called by billing's import and match actions.

The order is: duplicate, no fee at all (counterbookings), reference, firm, student, traces of a name. The first rule
with a proposal decides. Likeness of names only orders the candidates for a person: it never books money.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import time

from services.billing.rules.matching.counterbookings import is_same_party, match_counterbooking
from services.billing.rules.matching.credits import by_firm, by_reference, by_student, by_traces
from services.billing.rules.matching.evidence import Evidence, gather, likeliest
from services.billing.rules.matching.names import comparable, is_personal
from services.billing.rules.matching.proposals import FeeAccount, FeeState, Flag, Outcome, PriorEntry, Proposal
from services.billing.rules.statements.entries import Direction, Entry
from services.billing.rules.statements.transactions import CHINA

_FISCAL = re.compile(
    "财政(?:局|厅|部|所|零余额|专户|国库|集中)|国库|经济和信息化|经济信息委|经信委|中小企业发展服务中心"
)


def propose(entry: Entry, *, fingerprint: str, accounts: Sequence[FeeAccount], prior: Sequence[PriorEntry]) -> Proposal:
    """Decide one entry against the present state. Pure: a repeat gives the same result.

    `accounts` are all fee accounts of the programme, paid and refundable ones included. `prior` are the entries of the
    same own account decided before; narrowed, if at all, to those of the same counterparty or the same amount.
    """
    evidence = gather(entry, accounts)
    proposal = (
        _duplicate(entry, fingerprint, prior)
        or match_counterbooking(entry, evidence, prior=prior, accounts=accounts)
        or by_reference(entry, evidence)
        or by_firm(entry, evidence)
        or by_student(entry, evidence)
        or by_traces(entry, evidence, accounts)
        or Proposal(
            Outcome.NO_MATCH, "没有编号，付款方与报名企业、学员均不对应。", candidates=likeliest(entry, accounts)
        )
    )
    return _with_flags(entry, evidence, proposal, accounts)


def payment_flags(entry: Entry, account: FeeAccount) -> frozenset[Flag]:
    """Return what a person should know if money of this entry is allocated to this account, by rule or by hand."""
    payer = comparable(entry.counterparty_name)
    holds = {
        Flag.PAYER_NOT_BUYER: is_personal(payer) or payer == comparable(account.student_name),
        Flag.LATE: account.pay_by is not None and entry.booked_at >= account.pay_by,
        Flag.REFUND_DUE: account.state is FeeState.REFUND_DUE,
    }
    return frozenset(flag for flag, applies in holds.items() if applies)


def _with_flags(entry: Entry, evidence: Evidence, proposal: Proposal, accounts: Sequence[FeeAccount]) -> Proposal:
    """Add the flags, and downgrade AUTO if an unknown reference contradicts the other evidence."""
    if proposal.outcome not in {Outcome.AUTO, Outcome.SUGGEST, Outcome.AMBIGUOUS, Outcome.CONFLICT, Outcome.NO_MATCH}:
        return proposal
    flags = set(proposal.flags)
    for account in accounts:
        if account.application_id in proposal.allocations:
            flags |= payment_flags(entry, account)
            if proposal.allocations[account.application_id] < account.outstanding_fen:
                flags.add(Flag.PARTIAL)
    if entry.direction is Direction.CREDIT and not evidence.of_firm and _FISCAL.search(evidence.payer):
        flags.add(Flag.SUBSIDY)
    if proposal.outcome is Outcome.AUTO and evidence.unknown_codes:
        reason = f"{proposal.reason}但备注中的编号 {'、'.join(evidence.unknown_codes)} 不属于任何报名，请确认。"
        proposal = replace(proposal, outcome=Outcome.SUGGEST, reason=reason)
    return replace(proposal, flags=frozenset(flags))


def _duplicate(entry: Entry, fingerprint: str, prior: Sequence[PriorEntry]) -> Proposal | None:
    for each in prior:
        if each.fingerprint == fingerprint or (not each.from_this_file and _is_same_transfer(each, entry)):
            return Proposal(Outcome.DUPLICATE, "此笔已从先前的对账单导入。", counterpart_id=each.entry_id)
    return None


def _is_same_transfer(earlier: PriorEntry, entry: Entry) -> bool:
    """Return whether this is the same booking in another of the bank's formats.

    The formats differ in serial, remark and fractions of a second. Midnight is printed by formats without times, and
    proves nothing.
    """
    second = entry.booked_at.replace(microsecond=0)
    return (
        second.astimezone(CHINA).time() != time(0)
        and earlier.booked_at.replace(microsecond=0) == second
        and earlier.direction is entry.direction
        and earlier.amount_fen == entry.amount_fen
        and is_same_party(earlier, entry)
    )
