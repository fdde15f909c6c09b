"""The demo's season in billing: applications, four statements, finance's decisions, admissions and refunds."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlmodel import select

from services.billing import actions, queries
from services.billing.models import FeeAccount
from services.billing.states import RefundState
from services.demo.camt053 import camt053_xml
from services.demo.payments import (
    Refund,
    admitted_statement,
    early_statement,
    promoted_statement,
    refund_statement,
)
from services.demo.statements import Statement, cmb_xlsx, icbc_csv
from services.demo.transfers import Fact
from shared.events.review import ApplicantNotSelected, ApplicantWaitlisted, RefundOrdered, SeatReleased
from tests.billing.desk import CHECKER, CODE, Desk, application_id
from tests.demo.test_payments import facts

WAITING = 20
PROMOTED_PAY_BY = datetime(2021, 12, 22, 16, tzinfo=UTC)


@dataclass
class Season:
    """A desk through the season; each step is one method."""

    desk: Desk
    seed: int
    closing_fen: int = 0

    def __post_init__(self) -> None:
        self.facts: list[Fact] = facts(self.seed)

    def submit_applications(self) -> None:
        for number, fact in enumerate(self.facts, start=1):
            event = self.desk.submitted(
                number,
                fact.firm_name,
                fact.student_name,
                application_no=fact.application_no,
                payment_reference=fact.reference,
                submitted_at=fact.submitted_at,
            )
            self.desk.handle(event)

    def import_early_statement(self) -> None:
        statement = early_statement(self.facts, self.seed)
        self._import(icbc_csv(statement), "ICBC_20211122_20211205.csv", statement, 6)

    def decide_open_entries(self) -> None:
        """Decide as finance would: confirm suggestions, assign entries without a hint, ignore the rest."""
        for item in self.desk.query(queries.open_entries):
            entry = item.entry
            if item.is_confirmable:
                self.desk.act(actions.confirm_proposals, [entry.id])
            elif item.candidates and entry.amount_fen == 2_500_000:
                chosen = item.candidates[0].application_id
                self.desk.act(actions.assign_entry, entry.id, {chosen: entry.amount_fen}, note="电话核实")
            else:
                self.desk.act(actions.ignore_entry, entry.id, reason="其他收入")
        for entry, _ in self.desk.query(queries.unapplied_entries):
            self.desk.act(actions.propose_refund_of_entry, entry.id, reason="多缴退回")

    def admit_applicants(self) -> None:
        self.desk.now = datetime(2021, 12, 9, 9, tzinfo=UTC)
        for number in range(1, len(self.facts) + 1):
            if number <= 50:
                self.desk.handle(self.desk.admitted(number))
            elif number <= 50 + WAITING:
                rank = number - 50
                self.desk.handle(ApplicantWaitlisted(application_id=application_id(number), programme=CODE, rank=rank))
            else:
                self._not_selected(number)

    def import_admitted_statement(self) -> None:
        statement = admitted_statement(self._facts_with_payments(range(1, 51)), self.seed, self.closing_fen)
        self._import(cmb_xlsx(statement), "招商银行账务明细.xlsx", statement, 18)

    def replace_lapsed(self) -> list[int]:
        lapsed = [number for number in range(1, 51) if self._account(number).overdue_at]
        for number in lapsed:
            self.desk.handle(
                SeatReleased(
                    application_id=application_id(number), programme=CODE, reason="lapsed", released_at=self.desk.now
                )
            )
        promoted = list(range(51, 51 + len(lapsed)))
        for number in promoted:
            self.desk.handle(self.desk.admitted(number, pay_by=PROMOTED_PAY_BY))
        statement = promoted_statement(
            self._facts_with_payments(promoted), self._facts_with_payments(lapsed), self.seed, self.closing_fen
        )
        self._import(camt053_xml(statement), "camt053.xml", statement, 24)
        for number in lapsed:
            self._order_refund(number)
        return lapsed

    def record_payer_statements(self) -> None:
        """Run the jobs, which request the 代付说明 for each fee that another party paid, and record each statement as
        finance."""
        self.desk.run_jobs()
        for invoice in self.desk.query(queries.invoices_for_finance):
            self.desk.act(actions.keep_payer_statement, invoice.id, "企业盖章代付说明")

    def close_waiting_list(self) -> None:
        self.desk.now = datetime(2021, 12, 25, 1, tzinfo=UTC)
        for number in range(51, 51 + WAITING):
            if self._account(number).state == "waiting":
                self._not_selected(number)

    def pay_refunds(self) -> None:
        proposed = [refund.id for refund in self.desk.refunds() if refund.state == RefundState.PROPOSED]
        self.desk.act(actions.approve_refunds, proposed, actor=CHECKER)
        references = {row.application_id: row.reference for row in self.desk.rows(FeeAccount)}
        owed = [
            Refund(references[refund.application_id], refund.payee_name, refund.amount_fen)
            for refund in self.desk.refunds()
            if refund.state == RefundState.APPROVED and refund.application_id
        ]
        statement = refund_statement(owed, self.seed, self.closing_fen)
        self.desk.now = datetime(2022, 2, 1, 2, tzinfo=UTC)
        self._import(icbc_csv(statement), "ICBC_20211224_20220131.csv", statement, 1)

    def _import(self, content: bytes, name: str, statement: Statement, day: int) -> None:
        if statement.last_day.year == 2021:
            self.desk.now = datetime(2021, 12, day, 1, tzinfo=UTC)
        self.desk.import_statement(content, name)
        self.closing_fen = statement.closing_fen

    def _facts_with_payments(self, numbers) -> list[Fact]:
        """Return the facts of these applications with the amounts paid, in rank order."""
        lines = {line.account.application_id: line for line in self.desk.query(queries.account_lines)}
        return [replace(self.facts[number - 1], paid_fen=lines[application_id(number)].paid_fen) for number in numbers]

    def _account(self, number: int) -> FeeAccount:
        with self.desk.process.database.reader() as session:
            return session.exec(select(FeeAccount).where(FeeAccount.application_id == application_id(number))).one()

    def _not_selected(self, number: int) -> None:
        self.desk.handle(ApplicantNotSelected(application_id=application_id(number), programme=CODE, rank=number))
        self._order_refund(number)

    def _order_refund(self, number: int) -> None:
        self.desk.handle(
            RefundOrdered(application_id=application_id(number), programme=CODE, reason="未入选，退回已缴款项")
        )
