"""Chapter 6 as finance acts: statements imported, suggestions confirmed, lapses and promotions, refunds to their debits."""

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
from services.demo.player.clients import Stage, Unexpected
from services.demo.player.filing import Tick
from services.demo.statements import Statement, cmb_xlsx, icbc_csv
from services.demo.transfers import Fact

AFTER_PAY_BY = datetime(2021, 12, 18, 1, tzinfo=UTC)
AFTER_PROMOTION = datetime(2021, 12, 23, 16, 30, tzinfo=UTC)
AFTER_REFUNDS = datetime(2022, 2, 1, 2, tzinfo=UTC)
SERVICE_ENDED = "03"
"""The bureau's code of the reason for a red letter: 服务中止."""


def import_early(stage: Stage, seed: int) -> None:
    """The statement of the filing window: money that came with the applications, before anybody is selected. Imported
    twice, as happens; the second time is refused. Its last week is exported once more, which is another file: it does not
    join on, so a person has to confirm it, and nothing of it is booked again."""
    facts = [_fact(one) for one in accounts(stage) if one["standing"] != "ended"]
    statement = early_statement(facts, seed)
    _import(stage, statement, "icbc-20211205.csv", icbc_csv(statement))
    _send_again(stage, statement, "icbc-20211205.csv", icbc_csv(statement))
    overlapping = last_week_of(statement)
    _import(stage, overlapping, "icbc-20211205-week.csv", icbc_csv(overlapping), joins_on=False)
    _check_duplicates(stage, overlapping)
    _decide(stage)


def collect(stage: Stage, seed: int, tick: Tick) -> None:
    """The statement that covers pay_by, the lapses and promotions that follow, and the money of those promoted."""
    stage.travel(AFTER_PAY_BY)
    ranks = {one["application_no"]: one["rank"] for one in reviewing.cases(stage) if one["seat"] == "held"}
    admitted = sorted((one for one in accounts(stage) if one["standing"] == "due"), key=lambda one: _rank(one, ranks))
    statement = admitted_statement([_fact(one) for one in admitted], seed, _closing(stage))
    _import(stage, statement, "cmb-20211217.xlsx", cmb_xlsx(statement))
    _decide(stage)
    tick()
    reviewing.let_lapse_and_promote(stage)
    tick()
    stage.travel(AFTER_PROMOTION)
    promoted = [_fact(one) for one in accounts(stage) if one["standing"] == "due" and one["paid_at"] is None]
    lapsed = [_fact(one) for one in accounts(stage) if one["standing"] == "ended" and one["overdue_at"]]
    statement = promoted_statement(promoted, lapsed, seed, _closing(stage))
    _import(stage, statement, "camt053-20211223.xml", camt053_xml(statement))
    _decide(stage)
    _record_payer_statements(stage)
    tick()
    reviewing.refund_late_payers(stage)


def refund(stage: Stage, seed: int) -> None:
    """Finance proposes what was overpaid, a second person approves all refunds, the invoices over what goes back are taken
    back by red letters, and the bank's debits prove the refunds sent."""
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
    statement = refund_statement(sent, seed, _closing(stage))
    _import(stage, statement, "icbc-20220131.csv", icbc_csv(statement))
    _decide(stage)


def accounts(stage: Stage) -> list[dict[str, Any]]:
    """Every fee account, as finance sees it."""
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


def _closing(stage: Stage) -> int:
    """The closing balance of the newest statement that is imported."""
    imported = [one for one in stage.person("finance01").json("/billing/api/statements") if one["state"] == "imported"]
    newest = max(imported, key=lambda one: str(one["covers_to"]), default=None)
    return int(newest["closing_fen"]) if newest else OPENING_FEN


def _import(stage: Stage, statement: Statement, name: str, content: bytes, *, joins_on: bool = True) -> None:
    """Uploads, looks at the preview, imports; a statement that the house has already is passed over. One that does not
    join on to what was imported before is refused first, and imported once a person has confirmed it."""
    finance = stage.person("finance01")
    here = next((one for one in finance.json("/billing/api/statements") if one["filename"] == name), None)
    if here is None:
        uploaded = finance.submit("/billing/statements", _period(statement), files={"file": (name, content)})
        preview = uploaded.headers["location"]
    else:
        preview = f"/billing/statements/{here['id']}"
    if here is None or here["state"] == "read":
        finance.client.get(preview).raise_for_status()
        if not joins_on:
            _expect_refusal(finance.try_to_submit(f"{preview}/import"))
        finance.submit(f"{preview}/import", {} if joins_on else {"confirmed": "true"})
        stage.settle()


def _period(statement: Statement) -> dict[str, str]:
    return {"first_day": str(statement.first_day), "last_day": str(statement.last_day)}


def _send_again(stage: Stage, statement: Statement, name: str, content: bytes) -> None:
    """The very same file."""
    files = {"file": (name, content)}
    _expect_refusal(stage.person("finance01").try_to_submit("/billing/statements", _period(statement), files=files))


def _expect_refusal(answer: httpx.Response) -> None:
    if answer.status_code != 409:
        raise Unexpected(answer.request, answer)


def _check_duplicates(stage: Stage, overlapping: Statement) -> None:
    """Every entry that came a second time was recognised, and none of them booked."""
    known = stage.person("finance01").json("/billing/api/entries", state="duplicate")
    if len(known) != len(overlapping.entries):
        raise RuntimeError(f"{len(known)} of {len(overlapping.entries)} entries were recognised as duplicates")


def _decide(stage: Stage) -> None:
    """A person in finance goes through what the rules left open: confirms suggestions, chooses among several."""
    finance = stage.person("finance01")
    for entry in finance.json("/billing/api/entries", state="open"):
        if entry["outcome"] == "SUGGEST":
            finance.submit("/billing/entries/confirm", {"entry_id": entry["id"]})
        elif entry["outcome"] == "AMBIGUOUS" and entry["candidates"]:
            choice = {"application": entry["candidates"][0], "amount": f"{entry['amount_fen'] / 100:.2f}"}
            finance.submit(f"/billing/entries/{entry['id']}/assign", choice | {"note": "已电话核实"})
    stage.settle()


def _record_payer_statements(stage: Stage) -> None:
    """Fees that somebody else paid are invoiced to the firm only with a 代付说明, which has come in by now."""
    finance = stage.person("finance01")
    for invoice in finance.json("/billing/api/invoices", state="requested"):
        if not invoice["payer_is_buyer"]:
            note = {"note": f"{invoice['payer']}代付，企业盖章说明原件已存凭证"}
            finance.submit(f"/billing/invoices/{invoice['id']}/statement", note)
    stage.settle()
