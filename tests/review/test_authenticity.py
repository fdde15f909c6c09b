"""From the application's arrival to passed, returned, rejected or withdrawn."""

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
from tests.review.stage import GOOD, case_id


def look_at_clock(review):
    with review.process.database.transaction() as uow:
        run_due(uow, context=Context(actor="timer", now=review.now, tools=review.process.tools))


def test_a_case_whose_scans_are_right_and_whose_student_confirmed_is_verified_with_the_candidate(review):
    review.arrive(0)
    review.verify(0)

    assert review.case(0).state == CaseState.PASSED
    [event] = review.said(ApplicationVerified)
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
def test_a_case_does_not_pass_while_a_scan_is_wrong(review, changes, missing):
    review.arrive(0)
    review.act(actions.check_scans, case_id(0), GOOD | changes)
    with pytest.raises(Conflict, match=missing):
        review.act(actions.pass_authenticity, case_id(0))
    assert review.said(ApplicationVerified) == []


def test_a_case_does_not_pass_before_the_student_confirmed_and_every_scan_was_checked(review):
    review.hear(review.submitted(0))
    review.act(actions.check_scans, case_id(0), {"form": GOOD["form"]})
    with pytest.raises(Conflict) as refused:
        review.act(actions.pass_authenticity, case_id(0))
    assert "学员尚未本人确认同意书；“公司营业执照”尚未核对；“学员身份证”尚未核对" in str(refused.value)


def test_a_case_passes_once(review):
    review.arrive(0)
    review.verify(0)
    with pytest.raises(Conflict):
        review.act(actions.pass_authenticity, case_id(0))
    assert len(review.said(ApplicationVerified)) == 1


def test_a_check_names_reviewer_and_file(review):
    review.arrive(0)
    review.act(actions.check_scans, case_id(0), GOOD)
    rows = {row.item: row for row in review.rows(ScanCheck)}
    scans = {scan["kind"]: scan["sha256"] for scan in review.case(0).content["scans"]}
    assert {item: (row.reviewer, row.sha256) for item, row in rows.items()} == {
        item: ("review01", digest) for item, digest in scans.items()
    }


def test_a_return_names_every_defect_and_gives_three_whole_days(review):
    review.travel(datetime(2021, 12, 1, 3, tzinfo=UTC))
    review.arrive(0)
    review.act(actions.return_for_correction, case_id(0), [("form", "未盖章"), ("student.position", "与申请表不符")])
    [event] = review.said(ApplicationReturned)
    assert [defect.item for defect in event.defects] == ["form", "student.position"]
    assert event.correct_by == datetime(2021, 12, 4, 16, tzinfo=UTC)


@pytest.mark.parametrize("defects", [[], [("form", " ")], [("", "不清晰")]])
def test_a_return_without_item_or_reason_is_refused(review, defects):
    review.arrive(0)
    with pytest.raises(Invalid):
        review.act(actions.return_for_correction, case_id(0), defects)


def test_a_return_whose_limit_is_past_is_refused(review):
    review.arrive(0)
    with pytest.raises(Invalid, match="补正期限"):
        review.act(actions.return_for_correction, case_id(0), [("form", "未盖章")], correct_by=review.now)


def test_a_correction_reopens_every_item(review):
    review.arrive(0)
    review.act(actions.check_scans, case_id(0), GOOD)
    review.act(actions.return_for_correction, case_id(0), [("form", "未盖章")])
    review.hear(review.submitted(0, kind=ApplicationResubmitted, revision=2))
    assert (review.case(0).state, review.case(0).defects) == (CaseState.OPEN, [])
    with pytest.raises(Conflict, match="“学员身份证”尚未核对"):
        review.act(actions.pass_authenticity, case_id(0))
    review.verify(0)
    assert len(review.said(ApplicationVerified)) == 1


def test_a_correction_that_does_not_come_is_rejected_by_the_clock_and_refunded(review):
    review.arrive(0)
    review.act(actions.return_for_correction, case_id(0), [("form", "模糊")])
    limit = review.case(0).correct_by
    assert limit is not None
    review.travel(limit + timedelta(minutes=59))
    look_at_clock(review)
    assert review.case(0).state == CaseState.RETURNED
    review.travel(limit + timedelta(hours=1))
    look_at_clock(review)
    look_at_clock(review)
    assert (review.case(0).state, review.case(0).reason) == (CaseState.REJECTED, "未在期限内补正")
    assert (len(review.said(ApplicationRejected)), len(review.said(RefundOrdered))) == (1, 1)


def test_a_correction_that_arrives_after_the_decision_changes_the_papers_and_not_the_decision(review):
    review.arrive(0)
    review.act(actions.reject_application, case_id(0), reason="任职不符")
    review.hear(review.submitted(0, kind=ApplicationResubmitted, revision=2))
    assert (review.case(0).state, review.case(0).revision) == (CaseState.REJECTED, 2)


def test_a_rejection_needs_a_reason_and_orders_the_money_back(review):
    review.arrive(0)
    with pytest.raises(Invalid):
        review.act(actions.reject_application, case_id(0), reason=" ")
    review.act(actions.reject_application, case_id(0), reason="营业执照并非同一企业")
    assert [event.reason for event in review.said(ApplicationRejected)] == ["营业执照并非同一企业"]
    assert [event.reason for event in review.said(RefundOrdered)] == ["初审不通过：营业执照并非同一企业"]


def test_a_prior_participant_found_after_passing_is_still_rejected(review):
    review.arrive(0)
    review.verify(0)
    review.act(actions.reject_application, case_id(0), reason="曾参加往期培训")
    assert review.case(0).state == CaseState.REJECTED


def test_a_withdrawal_closes_the_case_once_and_orders_the_money_back(review):
    review.arrive(0)
    review.withdraw(0)
    review.withdraw(0)
    assert review.case(0).state == CaseState.WITHDRAWN
    assert len(review.said(RefundOrdered)) == 1
    with pytest.raises(Conflict, match="已撤回"):
        review.act(actions.check_scans, case_id(0), GOOD)


def test_a_withdrawal_of_a_rejected_case_changes_nothing(review):
    review.arrive(0)
    review.act(actions.reject_application, case_id(0), reason="不真实")
    review.withdraw(0)
    assert review.case(0).state == CaseState.REJECTED


def test_what_is_said_of_an_unknown_application_waits_for_it(review):
    with pytest.raises(OutOfOrder):
        review.hear(StudentConsented(application_id=case_id(0), consented_at=review.now, text_version="1"))
    with pytest.raises(OutOfOrder):
        review.hear(ApplicationWithdrawn(application_id=case_id(0), withdrawn_at=review.now, reason="x"))
    with pytest.raises(OutOfOrder):
        review.hear(review.submitted(0).model_copy(update={"programme": "CQ-2030"}))


def test_hearing_an_application_again_changes_nothing(review):
    review.arrive(0)
    review.verify(0)
    review.hear(review.submitted(0))
    assert review.case(0).state == CaseState.PASSED


def test_an_older_programme_does_not_replace_a_newer(review):
    review.publish(quota=4, version=3)
    review.publish(quota=9, version=2)
    with review.reading() as session:
        assert queries.programme_of(session, CODE).quota == 4


def test_a_look_at_a_scan_or_a_whole_number_is_on_record_and_needs_a_reason(review):
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
