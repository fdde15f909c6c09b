"""Rules 2 to 5 of matching, for received money: by reference, by firm, by student, by traces of a name.

Called by matching in this order. Each rule returns a proposal, or None if it does not apply.
"""

from collections.abc import Sequence

from services.billing.rules.matching.evidence import Evidence, resembling
from services.billing.rules.matching.proposals import FeeAccount, FeeState, Outcome, Proposal
from services.billing.rules.statements.entries import Entry
from shared.foundation.money import yuan


def by_reference(entry: Entry, evidence: Evidence) -> Proposal | None:
    """Rule 2: valid references decide if they are the payer's own; a stranger's reference is a contradiction."""
    if not evidence.coded:
        return None
    of_payer = evidence.of_firm + evidence.of_student
    strangers = [account for account in evidence.coded if account not in of_payer]
    if of_payer and strangers:
        whose = "、".join(account.firm_name for account in strangers)
        reason = f"备注中的编号属于 {whose}，与付款方不一致，请人工判断为谁缴费。"
        return Proposal(Outcome.CONFLICT, reason, candidates=_ids(evidence.of_firm or evidence.of_student, strangers))
    outcome, whose = (
        (Outcome.AUTO, "备注中的编号有效，付款方是该企业或学员本人")
        if of_payer
        else (Outcome.SUGGEST, "备注中的编号有效，但付款方不是报名的企业或学员")
    )
    if len(evidence.coded) == 1:
        return _settle(entry, evidence.coded[0], outcome, whose)
    return _split(entry, evidence.coded, outcome, whose)


def by_firm(entry: Entry, evidence: Evidence) -> Proposal | None:
    """Rule 3: the payer is exactly a firm. Without a reference only an exact amount or a named student decides."""
    if not evidence.of_firm:
        return None
    named = tuple(account for account in evidence.named if account in evidence.of_firm)
    if evidence.named and not named:
        reason = "付款方是报名企业，但备注写的是其他企业的学员，请人工判断为谁缴费。"
        return Proposal(Outcome.CONFLICT, reason, candidates=_ids(evidence.of_firm, evidence.named))
    if len(named) == 1:
        return _settle(entry, named[0], Outcome.AUTO, "付款方是报名企业，备注写明了学员或报名编号")
    unpaid = named or _unpaid(evidence.of_firm)
    if len(unpaid) == 1 and unpaid[0].outstanding_fen == entry.amount_fen:
        return _settle(entry, unpaid[0], Outcome.AUTO, "付款方是报名企业，只有一份待缴费的报名，金额一致")
    if len(unpaid) > 1 and _outstanding(unpaid) == entry.amount_fen:
        return _split(entry, unpaid, Outcome.SUGGEST, f"付款方是报名企业，金额等于其 {len(unpaid)} 份待缴费报名之和")
    return Proposal(
        Outcome.AMBIGUOUS,
        f"付款方是报名企业，有 {len(unpaid)} 份待缴费的报名，共 {yuan(_outstanding(unpaid))} 元，"
        f"来款 {yuan(entry.amount_fen)} 元，没有编号或学员姓名可以判断。",
        candidates=_ids(unpaid or evidence.of_firm),
    )


def by_student(entry: Entry, evidence: Evidence) -> Proposal | None:
    """Rule 4: the payer has a student's name. A name proves no identity, so a person confirms."""
    if not evidence.of_student:
        return None
    named = tuple(account for account in evidence.of_student if account in evidence.named)
    numbered = named if 0 < len(named) < len(evidence.of_student) else evidence.of_student
    if len(numbered) == 1:
        return _settle(entry, numbered[0], Outcome.SUGGEST, "个人付款，户名与学员姓名相同，没有有效编号")
    return Proposal(Outcome.AMBIGUOUS, "个人付款，有多名学员与户名同名，请人工选择。", candidates=_ids(numbered))


def by_traces(entry: Entry, evidence: Evidence, accounts: Sequence[FeeAccount]) -> Proposal | None:
    """Rule 5: students or numbers in the remark, else a payer's name that resembles a firm's by a rule."""
    if evidence.named:
        return _suggest(entry, evidence.named, "备注写明了学员或报名编号，付款方不是报名企业")
    words, found = resembling(evidence.payer, accounts)
    if not found:
        return None
    if len({account.credit_code for account in found}) > 1:
        return Proposal(Outcome.AMBIGUOUS, f"{words}，但有多家企业符合，请人工选择。", candidates=_ids(found))
    return _suggest(entry, _unpaid(found) or found, words)


def _suggest(entry: Entry, accounts: Sequence[FeeAccount], why: str) -> Proposal:
    if len(accounts) == 1:
        return _settle(entry, accounts[0], Outcome.SUGGEST, why)
    people = {account.student_name for account in accounts}
    if len(people) == len(accounts) and _outstanding(accounts) == entry.amount_fen:
        return _split(entry, accounts, Outcome.SUGGEST, why)
    reason = f"{why}，但有 {len(accounts)} 份报名符合，金额无法对应，请人工选择。"
    return Proposal(Outcome.AMBIGUOUS, reason, candidates=_ids(accounts))


def _settle(entry: Entry, account: FeeAccount, outcome: Outcome, why: str) -> Proposal:
    """Allocate to one account, up to the amount due. A surplus is unapplied and always needs a person to confirm."""
    due_fen, amount_fen, student = account.outstanding_fen, entry.amount_fen, account.student_name
    if due_fen == 0:
        reason = f"{why}。{student} 的费用已缴清，{yuan(amount_fen)} 元暂挂，建议退还。"
        return Proposal(Outcome.SUGGEST, reason, unapplied_fen=amount_fen, candidates=(account.application_id,))
    if amount_fen > due_fen:
        over_fen = amount_fen - due_fen
        return Proposal(
            Outcome.SUGGEST,
            f"{why}。{student} 待缴 {yuan(due_fen)} 元，多缴 {yuan(over_fen)} 元暂挂，建议退还。",
            allocations={account.application_id: due_fen},
            unapplied_fen=over_fen,
            candidates=(account.application_id,),
        )
    short_fen = due_fen - amount_fen
    paid = f"缴清 {student} 的费用" if short_fen == 0 else f"{student} 还差 {yuan(short_fen)} 元"
    return Proposal(
        outcome,
        f"{why}。{paid}。",
        allocations={account.application_id: amount_fen},
        candidates=(account.application_id,),
    )


def _split(entry: Entry, accounts: Sequence[FeeAccount], outcome: Outcome, why: str) -> Proposal:
    """Allocate to several accounts in full. If the amount is less than their sum, a person must decide who is short.

    Certain only if each of them was still due and there is no surplus.
    """
    total_fen = _outstanding(accounts)
    unpaid = [account for account in accounts if account.outstanding_fen]
    if entry.amount_fen < total_fen:
        reason = (
            f"{why}。{len(accounts)} 份报名共待缴 {yuan(total_fen)} 元，来款 {yuan(entry.amount_fen)} 元，请人工分配。"
        )
        return Proposal(Outcome.AMBIGUOUS, reason, candidates=_ids(accounts))
    over_fen = entry.amount_fen - total_fen
    is_certain = over_fen == 0 and len(unpaid) == len(accounts)
    shares = "、".join(f"{account.student_name} {yuan(account.outstanding_fen)} 元" for account in accounts)
    over = f"多出 {yuan(over_fen)} 元暂挂，建议退还。" if over_fen else ""
    return Proposal(
        outcome if is_certain else Outcome.SUGGEST,
        f"{why}。分配：{shares}。{over}",
        allocations={account.application_id: account.outstanding_fen for account in unpaid},
        unapplied_fen=over_fen,
        candidates=_ids(accounts),
    )


def _unpaid(accounts: Sequence[FeeAccount]) -> tuple[FeeAccount, ...]:
    """Return the accounts still due; those whose money must be refunded only if no other is due."""
    due = tuple(account for account in accounts if account.outstanding_fen)
    return tuple(account for account in due if account.state is FeeState.OPEN) or due


def _outstanding(accounts: Sequence[FeeAccount]) -> int:
    return sum(account.outstanding_fen for account in accounts)


def _ids(*groups: Sequence[FeeAccount]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(account.application_id for group in groups for account in group))
