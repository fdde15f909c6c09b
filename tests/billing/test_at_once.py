"""Concurrency: of two people or two events at the same moment, money is booked once, and numbers have no gaps."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from services.billing import actions
from services.billing.models import Document, Posting
from shared.events.billing import FeePaid, RefundSent
from shared.events.review import ApplicantNotSelected, RefundOrdered
from shared.foundation.errors import Conflict
from tests.billing.desk import CHECKER, CODE, Desk, application_id
from tests.billing.money import Line, statement_of
from tests.billing.snapshots import ALPHA, FEE, code

DAY = datetime(2021, 11, 25, 2, tzinfo=UTC)
TIMES = 8


def run_concurrently(tasks) -> list[str]:
    """Run the tasks together and return each result: done, or refused with a Conflict."""

    def outcome(task) -> str:
        try:
            task()
        except Conflict:
            return "refused"
        return "done"

    with ThreadPoolExecutor(len(tasks)) as pool:
        return sorted(pool.map(outcome, tasks))


def test_eight_concurrent_confirmations_book_a_suggestion_once(desk: Desk):
    desk.import_statement(*statement_of(Line(DAY, "孙二喜", FEE, "培训费")))
    (entry,) = desk.entries()
    confirm = [lambda: desk.act(actions.confirm_proposals, [entry.id])] * TIMES
    assert run_concurrently(confirm) == ["done"] + ["refused"] * (TIMES - 1)
    assert len(desk.published(FeePaid)) == 1
    assert desk.stats()["applied_fen"] == FEE


def test_concurrent_assignments_never_exceed_the_fee(desk):
    lines = [Line(DAY, f"重庆某{name}商贸有限公司", FEE, "代付") for name in "甲乙丙丁"]
    desk.import_statement(*statement_of(*lines))
    tasks = [
        lambda entry=entry: desk.act(actions.assign_entry, entry.id, {application_id(1): FEE}, note="")
        for entry in desk.entries()
    ]
    assert run_concurrently(tasks) == ["done", "refused", "refused", "refused"]
    stats = desk.stats()
    assert (stats["applied_fen"], stats["unmatched_fen"]) == (FEE, 3 * FEE)


def test_concurrent_imports_book_a_file_once(desk):
    row = desk.upload(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    tools = desk.process.tools
    tasks = [
        lambda: desk.act(
            actions.import_statement, row.id, confirmed=False, keys=tools.keys, files=tools.files, sandbox=tools.sandbox
        )
    ] * TIMES
    assert run_concurrently(tasks) == ["done"] + ["refused"] * (TIMES - 1)
    assert len(desk.rows(Posting)) == 4


def test_documents_due_concurrently_have_numbers_without_gaps(desk):
    desk.import_statement(*statement_of(*[Line(DAY, f"付款人{n}", FEE, code(n)) for n in (1, 2, 3)]))
    desk.act(actions.confirm_proposals, [entry.id for entry in desk.entries()])
    run_concurrently([lambda n=n: desk.handle(desk.admitted(n)) for n in (1, 2, 3)])
    numbers = sorted(row.number for row in desk.rows(Document) if row.number)
    assert numbers == [f"{series}-2021-00000{n}" for series in ("KP", "SK") for n in (1, 2, 3)]


def test_concurrent_approvals_post_a_refund_once(desk):
    desk.import_statement(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    desk.handle(
        ApplicantNotSelected(application_id=application_id(1), programme=CODE, rank=60),
        RefundOrdered(application_id=application_id(1), programme=CODE, reason="未入选"),
    )
    (refund,) = desk.refunds()
    run_concurrently([lambda: desk.act(actions.approve_refunds, [refund.id], actor=CHECKER)] * 4)
    owed = [row.fen for row in desk.rows(Posting) if row.account == "refunds_payable"]
    assert (owed, desk.published(RefundSent)) == ([-FEE], [])
