"""The fictitious staff: every role that the journey needs, and two people where two must act."""

from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from stdnum.cn import uscc

from services.demo.cohort import cohort
from services.demo.staff import judges, panels, slots, staff
from services.demo.story import make_story
from services.demo.teaching import REGIONS, TEACHERS, VENUES

SHANGHAI = ZoneInfo("Asia/Shanghai")
ROLES = [
    "intake",
    "reviewer",
    "committee",
    "judge",
    "scheduler",
    "registrar",
    "finance",
    "finance_checker",
    "auditor",
    "administrator",
]


def test_every_role_has_an_account_and_freeze_and_release_have_two():
    holders = {role: [one.account for one in staff() if role in one.roles] for role in ROLES}
    assert all(holders.values())
    assert (len(holders["committee"]), len(holders["reviewer"]), len(holders["judge"])) == (2, 2, 15)
    assert len({one.account for one in staff()}) == len(staff()) == 26


def test_three_panels_of_five_different_judges():
    accounts = [judge.account for panel in panels() for judge in panel.judges]
    assert [len(panel.judges) for panel in panels()] == [5, 5, 5]
    assert len(set(accounts)) == 15


def test_linked_judges_work_for_firms_that_apply_and_sit_in_different_panels():
    linked = make_story(cohort(1), 1).linked_credit_codes
    linked_judges = [
        [judge.employer_credit_code in linked for judge in panel.judges].count(True) for panel in panels(linked)
    ]
    assert linked_judges == [1, 1, 0]
    assert all(uscc.is_valid(judge.employer_credit_code) for judge in judges(linked))


def test_48_half_hour_slots_lie_in_working_hours_of_6_to_8_december_without_overlap():
    times = slots()
    assert len(times) == 48
    assert all(end - start == timedelta(minutes=30) for start, end in times)
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(times))
    first, last = times[0][0].astimezone(SHANGHAI), times[-1][1].astimezone(SHANGHAI)
    assert (first.isoformat(), last.isoformat()) == ("2021-12-06T08:30:00+08:00", "2021-12-08T18:00:00+08:00")


def test_three_panels_have_enough_slots_for_all_interviews():
    assert len(make_story(cohort(1), 1).interviewed) <= 3 * len(slots())


def test_every_region_has_both_kinds_of_teachers_and_venues():
    for region in REGIONS:
        assert {teacher.kind for teacher in TEACHERS if region in teacher.regions} == {"mentor", "professor"}
        assert {venue.kind for venue in VENUES if venue.region == region} == {"classroom", "firm"}
