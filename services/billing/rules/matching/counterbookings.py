"""Rule 1 of matching: entries that pay no fee. The bank's own, reversals, refunds, bounced refunds.

Called by matching, before it looks for a payer.
"""

import re
from collections.abc import Sequence

from services.billing.rules.matching.evidence import Evidence
from services.billing.rules.matching.names import comparable
from services.billing.rules.matching.proposals import FeeAccount, FeeState, Flag, Outcome, PriorEntry, Proposal
from services.billing.rules.statements.entries import Direction, Entry
from shared.foundation.money import yuan

_INTEREST = re.compile("结息|利息")
_BANK_FEE = re.compile("手续费|工本费|账户管理费|账户维护费|短信费|服务费|年费|汇划费|汇款费")
_REVERSAL = re.compile("冲正|冲账|冲销|抹账|反交易")
_REFUND = re.compile("退费|退款|退还|退回|返还|退培训费|退学费")
_BOUNCED = re.compile("退汇|退票")
_RETURNED = re.compile("退汇|退票|退回|户名不符|账号不符")
_BANK = re.compile("银行|信用社|信用合作联社")


def match_counterbooking(
    entry: Entry, evidence: Evidence, *, prior: Sequence[PriorEntry], accounts: Sequence[FeeAccount]
) -> Proposal | None:
    """Return the decision on an entry that pays no fee, or None for a credit that may. A debit never returns None."""
    text = comparable(f"{entry.remark}；{entry.summary}")
    ignored = _ignored(entry, text, evidence)
    if ignored is not None:
        return ignored
    earlier = [each for each in prior if each.booked_at <= entry.booked_at and not each.taken_back]
    is_marked_reversal = entry.is_reversal or _REVERSAL.search(text) is not None
    if entry.direction is Direction.CREDIT:
        if is_marked_reversal:
            return _reversal_of_debit(entry, earlier, evidence, accounts)
        return _bounced(entry, earlier, evidence, accounts) if _RETURNED.search(text) else None
    if is_marked_reversal:
        return _reversal_of_credit(entry, earlier, evidence, accounts)
    if _REFUND.search(text) or evidence.coded:
        return _refund(entry, earlier, evidence, accounts)
    return Proposal(Outcome.NO_MATCH, "支出，既不是手续费、冲正，也没有写明退费，请人工认定。")


def _ignored(entry: Entry, text: str, evidence: Evidence) -> Proposal | None:
    """Match the bank's own bookings. They have no counterparty, or a bank: a firm may well write these words in its
    remark."""
    if entry.amount_fen == 1 and not entry.is_reversal:
        return Proposal(Outcome.IGNORE, "0.01 元账户验证，不是缴费。")
    has_no_counterparty = not entry.counterparty_account and not evidence.payer
    if not (has_no_counterparty or _BANK.search(evidence.payer)) or evidence.coded or evidence.named:
        return None
    if entry.direction is Direction.CREDIT and _INTEREST.search(text):
        return Proposal(Outcome.IGNORE, "存款结息，不是缴费。")
    if entry.direction is Direction.DEBIT and _BANK_FEE.search(text):
        return Proposal(Outcome.IGNORE, "银行手续费，与缴费无关。")
    return None


def is_same_party(earlier: PriorEntry, entry: Entry) -> bool:
    """Return whether both name the same counterparty: by account if both are reliable, else by name."""
    if earlier.counterparty_account and entry.account_reliable:
        return earlier.counterparty_account == entry.counterparty_account
    return comparable(earlier.counterparty_name) == comparable(entry.counterparty_name)


def _undone(outcome: Outcome, reason: str, original: PriorEntry, accounts: Sequence[FeeAccount]) -> Proposal:
    """Reverse the original's movements. Money that returns to a fee that was paid again meanwhile is unapplied."""
    outstanding = {account.application_id: account.outstanding_fen for account in accounts}
    back = {
        application_id: min(-amount_fen, outstanding.get(application_id, 0)) if amount_fen < 0 else -amount_fen
        for application_id, amount_fen in original.allocations.items()
    }
    total_fen = -original.unapplied_fen - sum(original.allocations.values())
    return Proposal(
        outcome,
        reason,
        allocations={application_id: amount_fen for application_id, amount_fen in back.items() if amount_fen},
        unapplied_fen=total_fen - sum(back.values()),
        counterpart_id=original.entry_id,
    )


def _originals(
    entry: Entry, earlier: Sequence[PriorEntry], evidence: Evidence, *, direction: Direction
) -> list[PriorEntry]:
    """Return the earlier entries that this one may undo, narrowed by the references in its text if it has any."""
    anonymous = not entry.counterparty_name and not entry.counterparty_account
    same = [
        each
        for each in earlier
        if each.direction is direction
        and each.amount_fen == entry.amount_fen
        and each.outcome is not Outcome.DUPLICATE
        and (anonymous or is_same_party(each, entry))
    ]
    coded = {account.application_id for account in evidence.coded}
    return [each for each in same if coded & set(each.allocations)] or same


def _undo_one(
    outcome: Outcome, reason: str, originals: Sequence[PriorEntry], accounts: Sequence[FeeAccount]
) -> Proposal:
    """Undo the latest original. If the originals paid for different applications, a person must choose."""
    if len({frozenset(each.allocations) for each in originals if each.allocations}) > 1:
        candidates = tuple(dict.fromkeys(app for each in originals for app in each.allocations))
        return Proposal(
            Outcome.AMBIGUOUS, "有多笔金额相同的原交易，无法判断对应哪一笔，请人工选择。", candidates=candidates
        )
    latest = max(originals, key=lambda each: (each.unapplied_fen, each.booked_at, each.entry_id))
    return _undone(outcome, reason, latest, accounts)


def _reversal_of_credit(
    entry: Entry, earlier: Sequence[PriorEntry], evidence: Evidence, accounts: Sequence[FeeAccount]
) -> Proposal:
    originals = _originals(entry, earlier, evidence, direction=Direction.CREDIT)
    if not originals:
        return Proposal(Outcome.NO_MATCH, f"银行冲正 {yuan(entry.amount_fen)} 元，但找不到被冲正的收款，请人工核对。")
    return _undo_one(Outcome.REVERSAL, "银行冲正此前的收款，原分配随之撤销。", originals, accounts)


def _reversal_of_debit(
    entry: Entry, earlier: Sequence[PriorEntry], evidence: Evidence, accounts: Sequence[FeeAccount]
) -> Proposal | None:
    """Match the reversal of a debit. A remark about a reversal does not prove that this credit is one; the bank's own
    mark does."""
    originals = [
        each
        for each in _originals(entry, earlier, evidence, direction=Direction.DEBIT)
        if each.outcome is not Outcome.REVERSAL
    ]
    if originals:
        return _undo_one(Outcome.REVERSAL, "银行冲正此前的支出，原记录随之撤销。", originals, accounts)
    if entry.is_reversal:
        return Proposal(Outcome.NO_MATCH, "银行标记为冲账的收款，但找不到对应的支出，请人工核对。")
    return None


def _bounced(
    entry: Entry, earlier: Sequence[PriorEntry], evidence: Evidence, accounts: Sequence[FeeAccount]
) -> Proposal | None:
    """Match a bounced refund. A bank returns it from its own account as often as from the payee's."""
    refunds = [
        each
        for each in earlier
        if each.outcome is Outcome.REFUND_OUT
        and each.amount_fen == entry.amount_fen
        and (not evidence.payer or _BANK.search(evidence.payer) or is_same_party(each, entry))
    ]
    coded = {account.application_id for account in evidence.coded}
    refunds = [each for each in refunds if coded & set(each.allocations)] or refunds
    if refunds:
        return _undo_one(
            Outcome.REFUND_BOUNCED, "退费被退汇，款项已退回本账户，需核对收款账户后重新退费。", refunds, accounts
        )
    if _BOUNCED.search(comparable(entry.remark + entry.summary)):
        return Proposal(Outcome.NO_MATCH, "退汇入账，但找不到对应的退费支出，请人工核对。")
    return None


def _refund(
    entry: Entry, earlier: Sequence[PriorEntry], evidence: Evidence, accounts: Sequence[FeeAccount]
) -> Proposal:
    """Find whose money was refunded: by reference or name in the text, else by the payments of this counterparty."""
    paid = [each for each in earlier if each.direction is Direction.CREDIT and is_same_party(each, entry)]
    paid_for = {application_id for each in paid for application_id in each.allocations}
    targets = evidence.coded or evidence.named or tuple(each for each in accounts if each.application_id in paid_for)
    target_ids = {account.application_id for account in targets}
    unapplied_fen = sum(
        each.unapplied_fen for each in earlier if is_same_party(each, entry) or target_ids & set(each.allocations)
    )
    if len(targets) == 1:
        return _refund_of_one(entry, targets[0], unapplied_fen, earlier)
    if targets and sum(account.allocated_fen for account in targets) == entry.amount_fen:
        return Proposal(
            Outcome.REFUND_OUT,
            f"一笔退费涉及 {len(targets)} 份报名，合计与已收金额一致。",
            allocations={account.application_id: -account.allocated_fen for account in targets},
        )
    if targets:
        candidates = tuple(account.application_id for account in targets)
        return Proposal(
            Outcome.AMBIGUOUS, "退费对应多份报名，无法判断金额如何分配，请人工选择。", candidates=candidates
        )
    return _refund_of_unmatched(entry, paid, unapplied_fen)


def _refund_of_one(entry: Entry, account: FeeAccount, unapplied_fen: int, earlier: Sequence[PriorEntry]) -> Proposal:
    """Refund the overpayment first if the seat is kept, else the fee first."""
    amount_fen, held_fen = entry.amount_fen, account.allocated_fen
    if amount_fen > held_fen + max(unapplied_fen, 0):
        return Proposal(
            Outcome.CONFLICT,
            f"退费 {yuan(amount_fen)} 元超过该报名现存的已收款 {yuan(held_fen + max(unapplied_fen, 0))} 元，请人工核对。",
            candidates=(account.application_id,),
        )
    fee_first = account.state is FeeState.REFUND_DUE
    from_fee = min(amount_fen, held_fen) if fee_first else max(amount_fen - max(unapplied_fen, 0), 0)
    payments = [each for each in earlier if each.allocations.get(account.application_id, 0) > 0]
    to_payer = [each for each in payments if is_same_party(each, entry)]
    return Proposal(
        Outcome.REFUND_OUT,
        f"向 {account.student_name} 的报名退费 {yuan(amount_fen)} 元，其中退多缴款 {yuan(amount_fen - from_fee)} 元。",
        allocations={account.application_id: -from_fee} if from_fee else {},
        unapplied_fen=from_fee - amount_fen,
        candidates=(account.application_id,),
        flags=frozenset({Flag.PAYEE_NOT_PAYER}) if payments and not to_payer else frozenset(),
        counterpart_id=max(to_payer, key=lambda each: (each.booked_at, each.entry_id)).entry_id if to_payer else None,
    )


def _refund_of_unmatched(entry: Entry, paid: Sequence[PriorEntry], unapplied_fen: int) -> Proposal:
    if 0 < entry.amount_fen <= unapplied_fen:
        return Proposal(Outcome.REFUND_OUT, "退还该付款方未分配的款项。", unapplied_fen=-entry.amount_fen)
    unmatched = [each for each in paid if each.amount_fen == entry.amount_fen and not each.allocations]
    if unmatched:
        return Proposal(Outcome.REFUND_OUT, "退还此前无法匹配的来款。", counterpart_id=unmatched[-1].entry_id)
    return Proposal(Outcome.NO_MATCH, "写明退费的支出，但找不到该收款方的缴费，请人工核对。")
