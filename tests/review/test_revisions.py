"""Revised programmes: open decisions follow the revision, and made decisions keep their numbers."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from services.demo.programme import CODE, programme
from services.review import actions, queries
from services.review.models import Admission, ProgrammeRow, ScoreSheet, Seat
from services.review.states import SeatState
from shared.events.intake import Programme, ProgrammePublished, ProgrammeRevised
from shared.events.review import StudentAdmitted
from shared.foundation.errors import Invalid
from shared.persistence.models import AuditRow
from tests.review.sheets import sheet
from tests.review.stage import FREEZE, JUDGES, RELEASE
from tests.review.submissions import case_id

SMALL = {"quota": 3, "waiting_list_places": 2}
FIVE = (60, 70, 80, 85, 90)
UNTRIMMED = programme()["scoring"] | {"trim_from_panel_size": 7}
LONGER = {"pay_by": "2021-12-20T16:00:00Z"}
DEARER = [line | {"amount_fen": line["amount_fen"] + 100} for line in programme()["fee_lines"]]


def revision(version=2, **changes):
    return ProgrammeRevised(programme=Programme.model_validate(programme() | SMALL | {"version": version} | changes))


def kept(review):
    """Return the programme that review currently uses."""
    return Programme.model_validate(review.row(ProgrammeRow, CODE).data)


def candidates(review, *numbers):
    with review.together():
        for number in numbers:
            review.arrive(number)
            review.verify(number)
            review.book(number)


def versions(review):
    return {row.programme_version for row in review.rows(ScoreSheet)}


def refused_parts(review):
    rows = [row for row in review.rows(AuditRow) if row.action == "keep_programme"]
    return [row.details["not_taken_over"] for row in rows if "not_taken_over" in row.details]


def test_a_rubric_revised_before_the_first_sheet_applies(review):
    candidates(review, 0)
    review.handle(revision(scoring=UNTRIMMED))
    review.judge(0, *FIVE)
    assert (review.case(0).interview_points, versions(review)) == (7700, {2})
    assert refused_parts(review) == [[]]


def test_a_rubric_revised_after_the_first_sheet_is_ignored(review):
    candidates(review, 0)
    review.act(actions.record_score_sheet, case_id(0), sheet(60), judge="judge01", actor="judge01")
    review.handle(revision(scoring=UNTRIMMED, **LONGER))
    review.judge(0, *FIVE)
    assert (review.case(0).interview_points, versions(review)) == (7833, {1})
    assert kept(review).pay_by == revision(**LONGER).programme.pay_by
    assert refused_parts(review) == [["scoring"]]


def test_a_sheet_of_another_rubric_is_refused_before_and_after_a_revision(review):
    items = {"strategy": 50, "innovation": 50}
    rubric = programme()["scoring"] | {
        "interview_items": items,
        "item_titles": {"strategy": "战略", "innovation": "创新"},
    }
    candidates(review, 0)
    other = {"strategy": 5000, "innovation": 4000}
    with pytest.raises(Invalid):
        review.act(actions.record_score_sheet, case_id(0), other, judge="judge01", actor="judge01")
    review.handle(revision(scoring=rubric))
    with pytest.raises(Invalid):
        review.act(actions.record_score_sheet, case_id(0), sheet(60), judge="judge01", actor="judge01")
    review.act(actions.record_score_sheet, case_id(0), other, judge="judge01", actor="judge01")
    assert versions(review) == {2}


@pytest.mark.parametrize(("revise_first", "seats"), [(True, 1), (False, 3)])
def test_a_revised_quota_applies_only_before_the_freeze(review, revise_first, seats):
    review.ready(60, 65, 70, 75)
    review.travel(FREEZE)
    smaller = revision(quota=1, waiting_list_places=0)
    if revise_first:
        review.handle(smaller)
    review.act(actions.freeze_ranking, CODE, actor="secretary")
    review.handle(smaller)
    review.travel(RELEASE)
    review.act(actions.release_ranking, CODE, actor="chair")
    assert sum(row.state == SeatState.HELD for row in review.rows(Seat)) == seats
    assert kept(review).quota == seats
    with review.reading() as session:
        assert queries.is_reproducible(session, CODE)


@pytest.mark.parametrize(("revise_first", "version"), [(True, 2), (False, 1)])
def test_revised_fees_apply_only_before_the_first_admission(review, revise_first, version):
    review.ready(60, 65, 70, 75)
    review.travel(FREEZE)
    review.act(actions.freeze_ranking, CODE, actor="secretary")
    if revise_first:
        review.handle(revision(fee_lines=DEARER))
    review.travel(RELEASE)
    review.act(actions.release_ranking, CODE, actor="chair")
    review.handle(revision(version + 1, fee_lines=[DEARER[0], *programme()["fee_lines"][1:]]))
    assert kept(review).fee("self") == (2_500_100 if revise_first else 2_500_000)
    assert kept(review).fee("central") == (1_000_100 if revise_first else 1_000_000)
    assert {row.programme_version for row in review.rows(Admission)} == {version}
    assert {event.programme_version for event in review.published(StudentAdmitted)} == {version}


def test_a_later_revision_of_deadlines_alone_applies_completely(review):
    review.released(90)
    review.handle(revision(2, quota=9))
    assert (kept(review).version, kept(review).quota) == (1, 3)
    review.handle(revision(3, **LONGER))
    assert (kept(review).version, refused_parts(review)) == (3, [["quota"], []])


def test_an_early_or_repeated_revision_is_kept(review):
    newest = revision(3, **LONGER)
    for event in (newest, revision(2), ProgrammePublished(programme=review.programme), newest):
        review.handle(event)
    assert (kept(review).version, len(refused_parts(review))) == (3, 1)


def test_a_revision_concurrent_with_the_first_sheets_leaves_one_rubric(review):
    candidates(review, 0)

    def record_sheet(judge):
        with review.process.database.transaction() as uow:
            arguments = {"judge": judge.account, "actor": judge.account, "now": review.now}
            actions.record_score_sheet(uow, case_id(0), sheet(80), **arguments)

    def revise():
        with review.process.database.transaction() as uow:
            actions.keep_programme(uow, revision(scoring=UNTRIMMED).programme, actor="event", now=review.now)

    with ThreadPoolExecutor(6) as pool:
        calls = [pool.submit(record_sheet, judge) for judge in JUDGES[:3]] + [pool.submit(revise)]
        calls += [pool.submit(record_sheet, judge) for judge in JUDGES[3:]]
        for call in calls:
            call.result()
    assert versions(review) == {kept(review).version}
