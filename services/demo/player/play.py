"""Plays the whole story chapter by chapter and shows progress. Chapters query the current state, so a repeat is safe.

Called by `lingjun demo` and by tests/journeys.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.demo.cohort import Cohort, cohort
from services.demo.marks import Marks, marks
from services.demo.player import filing, interviewing, money, reviewing, teaching
from services.demo.player.clients import Stage
from services.demo.player.filing import Tick
from services.demo.player.office import create_accounts
from services.demo.player.summary import Line, reconcile
from services.demo.programme import programme
from services.demo.refusals import RefusedCase, refused_cases
from services.demo.staff import staff
from services.demo.story import Story, make_story
from shared.wiring.registry import SERVICES

FIRST_MOMENT = datetime(2021, 11, 21, 16, tzinfo=UTC)
OPENING = ("开通账号", "发布项目")
END_OF_YEAR = datetime(2022, 12, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Scenario:
    """All input of the demo, derived from one seed."""

    seed: int
    cohort: Cohort
    story: Story
    flawed: tuple[RefusedCase, ...]
    marks: dict[str, Marks]


Chapter = tuple[str, int, Callable[[Tick], None]]


def make_scenario(seed: int) -> Scenario:
    """Return the scenario of a seed."""
    whole = cohort(seed)
    story = make_story(whole, seed)
    return Scenario(seed, whole, story, refused_cases(whole, seed), marks(whole.applications, story.interviewed, seed))


def play(stage: Stage, *, seed: int, first_link: str, notes: Path, console: Console) -> list[Line]:
    """Play all chapters and return the reconciled summary.

    `notes`: the JSON file that keeps the platform's key and the titles of completed chapters between runs. A resumed
    demo repeats an interrupted chapter.
    """
    scenario = make_scenario(seed)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        for title, steps, act in [*opening(stage, scenario, first_link, notes), *chapters(stage, scenario)]:
            task = progress.add_task(title, total=steps)
            if title in OPENING or title not in _read_notes(notes).get("over", []):
                act(lambda task=task: progress.advance(task))  # type: ignore[misc]
                if notes.exists():
                    _write_notes(notes, over=[*_read_notes(notes).get("over", []), title])
            progress.update(task, completed=steps)
    return summary(stage)


def opening(stage: Stage, scenario: Scenario, first_link: str, notes: Path) -> list[Chapter]:
    """Return the opening chapters: accounts, the programme, the platform's key."""

    def publish(_tick: Tick) -> None:
        filing.publish(stage, scenario.cohort)
        stage.platform_key = _platform_key(stage, notes)

    return [
        (OPENING[0], 1, lambda _tick: create_accounts(stage, staff(), first_link)),
        (OPENING[1], 1, publish),
    ]


def _platform_key(stage: Stage, notes: Path) -> str:
    """Return the platform's key. The first call issues it and stores it in `notes`."""
    if "platform_key" not in _read_notes(notes):
        _write_notes(notes, platform_key=filing.issue_key(stage))
    return str(_read_notes(notes)["platform_key"])


def _read_notes(notes: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(notes.read_text()) if notes.exists() else {}
    return values


def _write_notes(notes: Path, **values: Any) -> None:
    temporary = notes.with_suffix(".new")
    temporary.touch(mode=0o600)
    temporary.write_text(json.dumps(_read_notes(notes) | values, ensure_ascii=False))
    temporary.replace(notes)


def chapters(stage: Stage, scenario: Scenario) -> list[Chapter]:
    """Return title, number of steps and action of each chapter after the opening."""
    story = scenario.story
    repeated = {case.repeats for case in scenario.flawed if case.code == "repeated_request" and case.repeats}
    count = len(story.applications)
    return [
        ("报名受理", count, lambda tick: filing.file_all(stage, story, repeated, tick)),
        ("学员确认", count, lambda tick: filing.confirm_all(stage, tick)),
        ("应予拒绝的报名", len(scenario.flawed), lambda tick: _refused(stage, scenario, tick)),
        ("真实性审查", count, lambda tick: _review(stage, scenario, tick)),
        ("报名时缴费入账", 1, lambda _tick: money.import_early(stage, scenario.seed)),
        ("面试", 3, lambda tick: _interview(stage, scenario, tick)),
        ("评委评分", 15, lambda tick: reviewing.score_interviews(stage, scenario.marks, tick)),
        ("排名与录取", 1, lambda _tick: _release(stage)),
        ("缴费与递补", 4, lambda tick: money.collect(stage, scenario.seed, tick)),
        ("教学计划", 1, lambda _tick: teaching.publish_plan(stage)),
        ("报到", 50, lambda tick: teaching.check_in(stage, tick)),
        ("首次集中授课", 4, lambda tick: teaching.teach(stage, scenario.seed, tick, until=money.AFTER_REFUNDS)),
        ("退费", 1, lambda _tick: money.refund(stage, scenario.seed)),
        ("一年教学", 32, lambda tick: teaching.teach(stage, scenario.seed, tick, until=END_OF_YEAR)),
        ("考核与结业", 1, lambda _tick: teaching.assess_and_certify(stage, scenario.seed)),
    ]


def _refused(stage: Stage, scenario: Scenario, tick: Tick) -> None:
    filing.file_flawed(stage, scenario.flawed, tick)


def _review(stage: Stage, scenario: Scenario, tick: Tick) -> None:
    filing.withdraw(stage, scenario.story, "before_review")
    stage.travel(datetime(2021, 12, 2, 1, tzinfo=UTC))
    reviewing.check_authenticity(stage, scenario.story, tick)
    filing.correct(stage, scenario.story)
    reviewing.check_authenticity(stage, scenario.story, tick)
    stage.travel(datetime(2021, 12, 6, 0, 10, tzinfo=UTC))
    reviewing.score_materials(stage, scenario.marks)


def _interview(stage: Stage, scenario: Scenario, tick: Tick) -> None:
    interviewing.prepare(stage, scenario.story)
    tick()
    interviewing.book_interviews(stage)
    filing.withdraw(stage, scenario.story, "before_interview")
    tick()
    interviewing.hold_interviews(stage, scenario.story)


def _release(stage: Stage) -> None:
    stage.travel(datetime(2021, 12, 9, 1, tzinfo=UTC))
    reviewing.freeze_and_release(stage)
    stage.travel(datetime(2021, 12, 10, 2, tzinfo=UTC))
    reviewing.decline_a_seat(stage)


def summary(stage: Stage) -> list[Line]:
    """Return the reconciled summary of the services' own statistics, once no work is pending."""
    stage.settle()
    auditor = stage.person("audit01")
    stats = {name: auditor.json(f"{spec.prefix}/api/figures") for name, spec in SERVICES.items()}
    fees = {line["code"]: line["amount_fen"] for line in programme()["fee_lines"]}
    return reconcile(stats, quota=programme()["quota"], seat_fen=fees)
