"""The authenticity check: cases that pass, are returned, rejected or withdrawn."""

from datetime import UTC, datetime, timedelta

import pytest

from services.demo.programme import CODE
from services.review import actions, queries
from services.review.models import ScanCheck
from services.review.rules.checklist import Check
from services.review.states import CaseState, Verdict
from services.review.worker import run_due
from shared.context import Context
from shared.events.intake import ApplicationResubmitted, ApplicationWithdrawn, StudentConsented
from shared.events.review import (
    ApplicationRejected,
    ApplicationReturned,
    ApplicationVerified,
    RefundOrdered,
)
from shared.foundation.errors import Conflict, Invalid, NotFound, OutOfOrder
from shared.persistence.models import AuditRow
from tests.review.stage import GOOD
from tests.review.submissions import case_id


def run_timer(review):
    with review.process.database.transaction() as uow:
        run_due(uow, context=Context(actor="timer", now=review.now, tools=review.process.tools))


def test_a_case_with_good_scans_and_consent_publishes_application_verified(review):
    review.arrive(0)
    review.verify(0)

    assert review.case(0).state == CaseState.PASSED
    [event] = review.published(ApplicationVerified)
    assert event.candidate.name == review.case(0).student_name
    assert event.candidate.identity.mask == review.case(0).identity_mask


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"form": Check(Verdict.ILLEGIBLE, True)}, "无法辨认"),
        ({"licence": Check(Verdict.FAIL, True)}, "“公司营业执照”不符"),
        ({"identity": Check(Verdict.PASSED, False)}, "“学员身份证”未见公章"),
    ],
)
def test_a_case_does_not_pass_while_a_scan_fails_its_check(review, changes, missing):
    review.arrive(0)
    review.act(actions.check_scans, case_id(0), GOOD | changes)
    with pytest.raises(Conflict, match=missing):
        review.act(actions.pass_authenticity, case_id(0))
    assert review.published(ApplicationVerified) == []


def test_a_case_does_not_pass_without_consent_and_all_checks(review):
    review.handle(review.submitted(0))
    review.act(actions.check_scans, case_id(0), {"form": GOOD["form"]})
    with pytest.raises(Conflict) as refused:
        review.act(actions.pass_authenticity, case_id(0))
    assert "学员尚未本人确认同意书；“公司营业执照”尚未核对；“学员身份证”尚未核对" in str(refused.value)


def test_a_case_passes_once(review):
    review.arrive(0)
    review.verify(0)
    with pytest.raises(Conflict):
        review.act(actions.pass_authenticity, case_id(0))
    assert len(review.published(ApplicationVerified)) == 1


def test_a_check_records_reviewer_and_file(review):
    review.arrive(0)
    review.act(actions.check_scans, case_id(0), GOOD)
    rows = {row.item: row for row in review.rows(ScanCheck)}
    scans = {scan["kind"]: scan["sha256"] for scan in review.case(0).content["scans"]}
    assert {item: (row.reviewer, row.sha256) for item, row in rows.items()} == {
        item: ("review01", digest) for item, digest in scans.items()
    }


def test_a_return_lists_every_defect_and_allows_three_whole_days(review):
    review.travel(datetime(2021, 12, 1, 3, tzinfo=UTC))
    review.arrive(0)
    review.act(actions.return_for_correction, case_id(0), [("form", "未盖章"), ("student.position", "与申请表不符")])
    [event] = review.published(ApplicationReturned)
    assert [defect.item for defect in event.defects] == ["form", "student.position"]
    assert event.correct_by == datetime(2021, 12, 4, 16, tzinfo=UTC)


@pytest.mark.parametrize("defects", [[], [("form", " ")], [("", "不清晰")]])
def test_a_return_without_item_or_reason_is_refused(review, defects):
    review.arrive(0)
    with pytest.raises(Invalid):
        review.act(actions.return_for_correction, case_id(0), defects)


def test_a_return_with_a_past_limit_is_refused(review):
    review.arrive(0)
    with pytest.raises(Invalid, match="补正期限"):
        review.act(actions.return_for_correction, case_id(0), [("form", "未盖章")], correct_by=review.now)


def test_a_correction_resets_every_check(review):
    review.arrive(0)
    review.act(actions.check_scans, case_id(0), GOOD)
    review.act(actions.return_for_correction, case_id(0), [("form", "未盖章")])
    review.handle(review.submitted(0, kind=ApplicationResubmitted, revision=2))
    assert (review.case(0).state, review.case(0).defects) == (CaseState.OPEN, [])
    with pytest.raises(Conflict, match="“学员身份证”尚未核对"):
        review.act(actions.pass_authenticity, case_id(0))
    review.verify(0)
    assert len(review.published(ApplicationVerified)) == 1


def test_an_overdue_correction_is_rejected_by_the_timer_and_refunded(review):
    review.arrive(0)
    review.act(actions.return_for_correction, case_id(0), [("form", "模糊")])
    limit = review.case(0).correct_by
    assert limit is not None
    review.travel(limit + timedelta(minutes=59))
    run_timer(review)
    assert review.case(0).state == CaseState.RETURNED
    review.travel(limit + timedelta(hours=1))
    run_timer(review)
    run_timer(review)
    assert (review.case(0).state, review.case(0).reason) == (CaseState.REJECTED, "未在期限内补正")
    assert (len(review.published(ApplicationRejected)), len(review.published(RefundOrdered))) == (1, 1)


def test_a_correction_after_the_decision_updates_the_data_but_not_the_decision(review):
    review.arrive(0)
    review.act(actions.reject_application, case_id(0), reason="任职不符")
    review.handle(review.submitted(0, kind=ApplicationResubmitted, revision=2))
    assert (review.case(0).state, review.case(0).revision) == (CaseState.REJECTED, 2)


def test_a_rejection_needs_a_reason_and_orders_a_refund(review):
    review.arrive(0)
    with pytest.raises(Invalid):
        review.act(actions.reject_application, case_id(0), reason=" ")
    review.act(actions.reject_application, case_id(0), reason="营业执照并非同一企业")
    assert [event.reason for event in review.published(ApplicationRejected)] == ["营业执照并非同一企业"]
    assert [event.reason for event in review.published(RefundOrdered)] == ["初审不通过：营业执照并非同一企业"]


def test_a_case_that_passed_can_still_be_rejected(review):
    review.arrive(0)
    review.verify(0)
    review.act(actions.reject_application, case_id(0), reason="曾参加往期培训")
    assert review.case(0).state == CaseState.REJECTED


def test_a_withdrawal_closes_the_case_once_and_orders_a_refund(review):
    review.arrive(0)
    review.withdraw(0)
    review.withdraw(0)
    assert review.case(0).state == CaseState.WITHDRAWN
    assert len(review.published(RefundOrdered)) == 1
    with pytest.raises(Conflict, match="已撤回"):
        review.act(actions.check_scans, case_id(0), GOOD)


def test_a_withdrawal_of_a_rejected_case_changes_nothing(review):
    review.arrive(0)
    review.act(actions.reject_application, case_id(0), reason="不真实")
    review.withdraw(0)
    assert review.case(0).state == CaseState.REJECTED


def test_events_on_an_unknown_application_raise_out_of_order(review):
    with pytest.raises(OutOfOrder):
        review.handle(StudentConsented(application_id=case_id(0), consented_at=review.now, text_version="1"))
    with pytest.raises(OutOfOrder):
        review.handle(ApplicationWithdrawn(application_id=case_id(0), withdrawn_at=review.now, reason="x"))
    with pytest.raises(OutOfOrder):
        review.handle(review.submitted(0).model_copy(update={"programme": "CQ-2030"}))


def test_a_repeated_submission_changes_nothing(review):
    review.arrive(0)
    review.verify(0)
    review.handle(review.submitted(0))
    assert review.case(0).state == CaseState.PASSED


def test_an_older_programme_does_not_replace_a_newer(review):
    review.publish_programme(quota=4, version=3)
    review.publish_programme(quota=9, version=2)
    with review.reading() as session:
        assert queries.programme_of(session, CODE).quota == 4


def test_access_to_scans_and_full_numbers_is_audited_and_numbers_need_a_reason(review):
    review.arrive(0)
    claim = review.act(actions.look_at_scan, case_id(0), "identity")
    assert review.process.tools.files.get(claim, purpose="scan")
    with pytest.raises(Invalid, match="事由"):
        review.act(actions.look_at_identity, case_id(0), reason="看")
    sealed = review.act(actions.look_at_identity, case_id(0), reason="与公安核验")
    assert review.process.tools.keys.open("identity", sealed)[-1] == sealed.mask[-1]
    seen = [(row.action, row.actor) for row in review.rows(AuditRow) if row.action.startswith("look_at")]
    assert seen == [("look_at_scan", "review01"), ("look_at_identity", "review01")]
    with pytest.raises(NotFound):
        review.act(actions.look_at_scan, case_id(0), "passport")
