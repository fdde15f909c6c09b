"""Chapter 6, the actions of finance: import statements, confirm suggestions, handle lapses and promotions, refund."""

from datetime import UTC, datetime
from typing import Any

import httpx

from services.demo.camt053 import camt053_xml
from services.demo.payments import (
    OPENING_FEN,
    Refund,
    admitted_statement,
    early_statement,
    last_week_of,
    promoted_statement,
    refund_statement,
)
from services.demo.player import reviewing
from services.demo.player.clients import Stage, UnexpectedResponse
from services.demo.player.filing import Tick
from services.demo.statements import Statement, cmb_xlsx, icbc_csv
from services.demo.transfers import Fact

AFTER_PAY_BY = datetime(2021, 12, 18, 1, tzinfo=UTC)
AFTER_PROMOTION = datetime(2021, 12, 23, 16, 30, tzinfo=UTC)
AFTER_REFUNDS = datetime(2022, 2, 1, 2, tzinfo=UTC)
SERVICE_ENDED = "03"
"""The tax bureau's reason code for a red-letter invoice: 服务中止."""


def import_early(stage: Stage, seed: int) -> None:
    """Import the statement of the filing window: fees that were paid before the selection.

    The same file is uploaded twice; the second upload is rejected. Then the bank's export of the last week is imported:
    another file that overlaps, so a person must confirm it, and none of its entries is booked again.
    """
    facts = [_fact(one) for one in accounts(stage) if one["standing"] != "ended"]
    statement = early_statement(facts, seed)
    _import_statement(stage, statement, "icbc-20211205.csv", icbc_csv(statement))
    _upload_again(stage, statement, "icbc-20211205.csv", icbc_csv(statement))
    overlapping = last_week_of(statement)
    _import_statement(stage, overlapping, "icbc-20211205-week.csv", icbc_csv(overlapping), joins_on=False)
    _check_duplicates(stage, overlapping)
    _resolve_open_entries(stage)


def collect(stage: Stage, seed: int, tick: Tick) -> None:
    """Import the statement that covers pay_by, handle lapses and promotions, import the promoted students' fees."""
    stage.travel(AFTER_PAY_BY)
    ranks = {one["application_no"]: one["rank"] for one in reviewing.cases(stage) if one["seat"] == "held"}
    admitted = sorted((one for one in accounts(stage) if one["standing"] == "due"), key=lambda one: _rank(one, ranks))
    statement = admitted_statement([_fact(one) for one in admitted], seed, _closing_balance(stage))
    _import_statement(stage, statement, "cmb-20211217.xlsx", cmb_xlsx(statement))
    _resolve_open_entries(stage)
    tick()
    reviewing.let_lapse_and_promote(stage)
    tick()
    stage.travel(AFTER_PROMOTION)
    promoted = [_fact(one) for one in accounts(stage) if one["standing"] == "due" and one["paid_at"] is None]
    lapsed = [_fact(one) for one in accounts(stage) if one["standing"] == "ended" and one["overdue_at"]]
    statement = promoted_statement(promoted, lapsed, seed, _closing_balance(stage))
    _import_statement(stage, statement, "camt053-20211223.xml", camt053_xml(statement))
    _resolve_open_entries(stage)
    _record_payer_statements(stage)
    tick()
    reviewing.refund_late_payers(stage)


def refund(stage: Stage, seed: int) -> None:
    """Propose refunds of overpayments, approve all refunds as a second person, and confirm the red-letter invoices.

    Then import the statement whose debits prove that the refunds were sent.
    """
    for entry in stage.person("finance01").json("/billing/api/unapplied"):
        reason = {"reason": "多汇款项，退回原账户"}
        stage.person("finance01").submit(f"/billing/entries/{entry['id']}/refund", reason)
    checker = stage.person("finance02")
    if proposed := [one["id"] for one in checker.json("/billing/api/refunds", state="proposed")]:
        checker.submit("/billing/refunds/approve", {"refund_id": proposed})
    stage.settle()
    for invoice in stage.person("finance01").json("/billing/api/invoices", state="proposed"):
        stage.person("finance01").submit(f"/billing/invoices/{invoice['id']}/confirm-red", {"reason": SERVICE_ENDED})
    stage.travel(AFTER_REFUNDS)
    approved = checker.json("/billing/api/refunds", state="approved")
    sent = [Refund(one["reference"], one["payee_name"], one["amount_fen"]) for one in approved]
    statement = refund_statement(sent, seed, _closing_balance(stage))
    _import_statement(stage, statement, "icbc-20220131.csv", icbc_csv(statement))
    _resolve_open_entries(stage)


def accounts(stage: Stage) -> list[dict[str, Any]]:
    """Return all fee accounts as finance sees them."""
    found: list[dict[str, Any]] = stage.person("finance01").json("/billing/api/accounts")
    return found


def _fact(account: dict[str, Any]) -> Fact:
    return Fact(
        reference=account["reference"],
        application_no=account["application_no"],
        firm_name=account["firm_name"],
        student_name=account["student_name"],
        submitted_at=datetime.fromisoformat(account["submitted_at"]),
        due_fen=account["expected_fen"],
        paid_fen=account["paid_fen"],
    )


def _rank(account: dict[str, Any], ranks: dict[str, int]) -> int:
    return ranks[account["application_no"]]


def _closing_balance(stage: Stage) -> int:
    """Return the closing balance (fen) of the newest imported statement, or the opening balance of the first."""
    imported = [one for one in stage.person("finance01").json("/billing/api/statements") if one["state"] == "imported"]
    newest = max(imported, key=lambda one: str(one["covers_to"]), default=None)
    return int(newest["closing_fen"]) if newest else OPENING_FEN


def _import_statement(stage: Stage, statement: Statement, name: str, content: bytes, *, joins_on: bool = True) -> None:
    """Upload a statement, open its preview and import it. A repeat skips an imported statement.

    If it does not join on to the previous statement, the first import must be rejected; the second confirms it.
    """
    finance = stage.person("finance01")
    known = next((one for one in finance.json("/billing/api/statements") if one["filename"] == name), None)
    if known is None:
        uploaded = finance.submit("/billing/statements", _period_fields(statement), files={"file": (name, content)})
        preview = uploaded.headers["location"]
    else:
        preview = f"/billing/statements/{known['id']}"
    if known is None or known["state"] == "read":
        finance.client.get(preview).raise_for_status()
        if not joins_on:
            _expect_refusal(finance.try_to_submit(f"{preview}/import"))
        finance.submit(f"{preview}/import", {} if joins_on else {"confirmed": "true"})
        stage.settle()


def _period_fields(statement: Statement) -> dict[str, str]:
    return {"first_day": str(statement.first_day), "last_day": str(statement.last_day)}


def _upload_again(stage: Stage, statement: Statement, name: str, content: bytes) -> None:
    """Upload an identical file and expect a 409."""
    files = {"file": (name, content)}
    _expect_refusal(
        stage.person("finance01").try_to_submit("/billing/statements", _period_fields(statement), files=files)
    )


def _expect_refusal(answer: httpx.Response) -> None:
    if answer.status_code != 409:
        raise UnexpectedResponse(answer.request, answer)


def _check_duplicates(stage: Stage, overlapping: Statement) -> None:
    """Check that every repeated entry is a duplicate, so that none is booked. Raises RuntimeError otherwise."""
    duplicates = stage.person("finance01").json("/billing/api/entries", state="duplicate")
    if len(duplicates) != len(overlapping.entries):
        raise RuntimeError(f"{len(duplicates)} of {len(overlapping.entries)} entries were recognised as duplicates")


def _resolve_open_entries(stage: Stage) -> None:
    """Resolve entries that the rules left open: confirm suggestions, assign ambiguous ones to the first candidate."""
    finance = stage.person("finance01")
    for entry in finance.json("/billing/api/entries", state="open"):
        if entry["outcome"] == "SUGGEST":
            finance.submit("/billing/entries/confirm", {"entry_id": entry["id"]})
        elif entry["outcome"] == "AMBIGUOUS" and entry["candidates"]:
            choice = {"application": entry["candidates"][0], "amount": f"{entry['amount_fen'] / 100:.2f}"}
            finance.submit(f"/billing/entries/{entry['id']}/assign", choice | {"note": "已电话核实"})
    stage.settle()


def _record_payer_statements(stage: Stage) -> None:
    """Record the 代付说明 of each fee that another payer paid: only with it is the firm invoiced."""
    finance = stage.person("finance01")
    for invoice in finance.json("/billing/api/invoices", state="requested"):
        if not invoice["payer_is_buyer"]:
            note = {"note": f"{invoice['payer']}代付，企业盖章说明原件已存凭证"}
            finance.submit(f"/billing/invoices/{invoice['id']}/statement", note)
    stage.settle()
