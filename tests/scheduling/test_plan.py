"""The teaching plan: requested, solved, explained if infeasible, published as versions, changed and taught."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import col

from services.demo.programme import CODE
from services.scheduling import actions
from services.scheduling.models import Lesson, Notice, Plan
from services.scheduling.queries import plans, stats
from services.scheduling.queries.searches import SEARCH_BROKE, progress_of
from services.scheduling.rules.calendar import DayKind
from services.scheduling.states import PlanState
from shared.events.scheduling import PlanPublished
from shared.foundation.clock import local
from shared.foundation.errors import Conflict, Invalid, NotFound
from shared.persistence.models import JobRow
from tests.scheduling.conftest import PROGRAMME

BEFORE_THE_COURSE = datetime(2021, 12, 24, 1, tzinfo=UTC)


def draft(scheduling, **wishes):
    constraints = plans.constraints_for(PROGRAMME, **wishes)
    return scheduling.act(actions.draft_plan, CODE, constraints=constraints)


def stored(scheduling, plan_id):
    return scheduling.rows(Plan, Plan.id == plan_id)[0]


def lessons(scheduling):
    return sorted(scheduling.rows(Lesson), key=lambda lesson: lesson.starts_at)


def test_a_draft_is_solved_by_a_job_and_published_as_the_first_version(scheduling):
    scheduling.enter_teaching()
    scheduling.travel(BEFORE_THE_COURSE)
    row = draft(scheduling, home_region="重庆")
    with pytest.raises(Conflict, match="正在编排"):
        draft(scheduling)
    assert draft(scheduling, home_region="重庆").id == row.id
    assert scheduling.run_jobs() == ["best"]
    assert "方案" in progress_of(scheduling.process.tools.redis, row.id) or stored(scheduling, row.id).modules
    assert stored(scheduling, row.id).state == PlanState.DRAFT
    assert scheduling.published(PlanPublished) == []
    scheduling.act(actions.publish_plan, row.id)
    [event] = scheduling.published(PlanPublished)
    assert (event.version, event.days, event.hours) == (1, 16, 128)
    assert event.modules[0].starts_on == date(2021, 12, 25)
    found = scheduling.ask(stats)
    assert (found["sessions"], found["plan_days"], found["plan_hours"]) == (32, 16, 128)


def test_an_impossible_plan_is_explained_in_the_words_of_the_notice(scheduling):
    scheduling.enter_teaching()
    december = [date(2021, 12, 25) + timedelta(days=n) for n in range(7)]
    row = draft(scheduling, blocked_dates=december)
    assert scheduling.run_jobs() == ["plan_infeasible"]
    failed = stored(scheduling, row.id)
    assert failed.state == PlanState.FAILED
    assert [sentence for sentence in failed.conflicts if "开班时间暂定于2021年12月" in sentence] != []
    assert [sentence for sentence in failed.conflicts if "不得授课" in sentence] != []


def test_a_draft_needs_teachers_and_venues(scheduling):
    row = draft(scheduling)
    scheduling.run_jobs()
    assert "师资" in stored(scheduling, row.id).message


def test_a_search_whose_job_failed_can_be_requested_again(scheduling):
    scheduling.enter_teaching()
    row = draft(scheduling)
    with scheduling.transaction() as uow:
        uow.session.get_one(JobRow, row.job_id).state = "failed"
    scheduling.act(actions.give_up_searches, actor="timer")
    assert (stored(scheduling, row.id).state, stored(scheduling, row.id).message) == ("failed", SEARCH_BROKE)
    assert draft(scheduling).state == PlanState.SOLVING


def test_a_changed_calendar_day_is_stored_once(scheduling):
    scheduling.act(actions.set_calendar_day, date(2022, 2, 12), kind=DayKind.HOLIDAY, holiday="校庆")
    scheduling.act(actions.set_calendar_day, date(2022, 2, 12), kind=DayKind.HOLIDAY, holiday="厂庆")
    [day] = scheduling.ask(plans.calendar_edits)
    assert (day.on, day.kind, day.holiday) == (date(2022, 2, 12), DayKind.HOLIDAY, "厂庆")


def test_incomplete_input_is_refused_with_each_field(scheduling):
    with pytest.raises(Invalid) as refusal:
        scheduling.act(actions.define_teacher, "", title="", kind="astronaut", regions=[])
    assert [error.field for error in refusal.value.field_errors] == ["name", "title", "kind", "regions"]
    with pytest.raises(Invalid, match="所在地区"):
        scheduling.act(actions.define_venue, "示例教室", region="", kind="classroom")
    with pytest.raises(Invalid, match="日期类别"):
        scheduling.act(actions.set_calendar_day, date(2022, 1, 1), kind="party")


def test_a_published_plan_creates_its_lessons(scheduling, plan):
    scheduling.publish_plan(plan)
    first = lessons(scheduling)[0]
    assert (first.on, first.half, first.starts_at) == (date(2021, 12, 25), "am", datetime(2021, 12, 25, 1, tzinfo=UTC))
    assert first.ends_at - first.starts_at == timedelta(hours=3, minutes=30)
    assert (first.teacher, first.venue) == (plan.sessions[0].teacher_id, plan.sessions[0].venue_id)


def test_students_receive_the_calendar_even_if_admitted_later(scheduling, plan):
    scheduling.admit(2)
    scheduling.publish_plan(plan)
    scheduling.admit(1, start=3)
    assert scheduling.run_jobs() == ["sent", "sent", "sent"]
    found = scheduling.ask(stats)
    assert (found["roster"], found["schedules_sent"]) == (3, 3)


def test_a_later_version_moves_a_module_and_only_the_newest_calendar_is_sent(scheduling, plan):
    scheduling.admit()
    scheduling.publish_plan(plan)
    moved = scheduling.act(actions.move_module, CODE, 2, date(2022, 2, 19))
    scheduling.act(actions.publish_plan, moved.id)
    assert [event.version for event in scheduling.published(PlanPublished)] == [1, 2]
    assert scheduling.published(PlanPublished)[1].modules[1].starts_on == date(2022, 2, 19)
    assert sorted({lesson.on for lesson in lessons(scheduling) if lesson.module == 2}) == [
        date(2022, 2, 19),
        date(2022, 2, 20),
    ]
    assert sorted(row.state for row in scheduling.rows(Plan)) == ["published", "superseded"]
    assert sorted(scheduling.run_jobs()) == ["overtaken", "sent"]
    assert sorted(row.void for row in scheduling.rows(Notice)) == [False, True]


def test_a_module_that_has_begun_is_not_moved(scheduling, plan):
    with pytest.raises(Conflict, match="还没有已发布"):
        scheduling.act(actions.move_module, CODE, 1, date(2021, 12, 28))
    scheduling.publish_plan(plan)
    with pytest.raises(NotFound):
        scheduling.act(actions.move_module, CODE, 99, date(2021, 12, 28))
    scheduling.travel(datetime(2021, 12, 25, 1, tzinfo=UTC))
    with pytest.raises(Conflict, match="已经开始"):
        scheduling.act(actions.move_module, CODE, 1, date(2021, 12, 28))


def test_a_module_is_not_moved_to_today_or_before(scheduling, plan):
    scheduling.publish_plan(plan)
    with pytest.raises(Invalid, match="晚于今天"):
        scheduling.act(actions.move_module, CODE, 2, local(scheduling.now).date())


def test_a_first_module_cannot_begin_at_the_latest_before_the_earliest():
    with pytest.raises(Invalid, match="最晚开始日期"):
        plans.constraints_for(PROGRAMME, first_from=date(2021, 12, 26), first_until=date(2021, 12, 25))


def test_a_plan_without_the_lessons_already_held_is_refused(scheduling, plan):
    scheduling.publish_plan(plan)
    moved = scheduling.act(actions.move_module, CODE, 1, date(2021, 12, 28))
    scheduling.travel(datetime(2021, 12, 25, 2, tzinfo=UTC))
    with pytest.raises(Conflict, match="已经上课"):
        scheduling.act(actions.publish_plan, moved.id)


def test_a_plan_with_past_days_is_not_published(scheduling, plan):
    scheduling.travel(datetime(2021, 12, 26, 12, tzinfo=UTC))
    with pytest.raises(Conflict, match="已经过去"):
        scheduling.publish_plan(plan)


def test_an_older_draft_does_not_undo_a_later_version(scheduling, plan):
    scheduling.publish_plan(plan)
    older = scheduling.act(actions.move_module, CODE, 2, date(2022, 2, 19))
    scheduling.travel(scheduling.now + timedelta(minutes=1))
    newer = scheduling.act(actions.move_module, CODE, 8, date(2022, 10, 22))
    scheduling.act(actions.publish_plan, newer.id)
    with pytest.raises(Conflict, match="早于"):
        scheduling.act(actions.publish_plan, older.id)


def test_a_draft_that_breaks_rules_is_refused_with_each_rule(scheduling, plan):
    scheduling.publish_plan(plan)
    moved = scheduling.act(actions.move_module, CODE, 2, date(2022, 5, 1))
    with pytest.raises(Invalid, match="还不能发布") as refusal:
        scheduling.act(actions.publish_plan, moved.id)
    broken = {error.code for error in refusal.value.field_errors}
    assert {"gap", "no_holiday"} <= broken
    assert len(scheduling.published(PlanPublished)) == 1


def test_a_plan_that_is_not_a_draft_is_not_published(scheduling, plan):
    published = scheduling.publish_plan(plan)
    with pytest.raises(Conflict, match="已发布"):
        scheduling.act(actions.publish_plan, published)


def test_a_cancelled_lesson_leaves_the_plan_short_until_it_is_made_up(scheduling, plan):
    scheduling.publish_plan(plan)
    second = [lesson for lesson in lessons(scheduling) if lesson.module == 2]
    with pytest.raises(Invalid, match="理由"):
        scheduling.act(actions.cancel_lesson, second[0].id, "")
    for lesson in second:
        scheduling.act(actions.cancel_lesson, lesson.id, "当地疫情管控")
    assert scheduling.ask(stats)["plan_hours"] == 112
    scheduling.travel(second[-1].ends_at)
    moved = scheduling.act(actions.move_module, CODE, 2, date(2022, 2, 19))
    scheduling.act(actions.publish_plan, moved.id)
    assert scheduling.ask(stats)["plan_hours"] == 128
    assert len(scheduling.rows(Lesson, col(Lesson.cancelled).is_(True))) == 4
