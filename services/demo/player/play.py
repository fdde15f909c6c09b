"""The whole story, chapter by chapter, with progress; each chapter asks the house what is there, so it can be played again.

Called by `python -m services.demo` and by tests/journeys.
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
from services.demo.player.clients import SERVICES, Stage
from services.demo.player.filing import Tick
from services.demo.player.office import open_office
from services.demo.player.summary import Line, reconcile
from services.demo.programme import programme
from services.demo.refusals import RefusedCase, refused_cases
from services.demo.staff import staff
from services.demo.story import Story, tell

FIRST_MOMENT = datetime(2021, 11, 21, 16, tzinfo=UTC)
OPENING = ("开通账号", "发布项目")
END_OF_YEAR = datetime(2022, 12, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Script:
    """All that a seed tells."""

    seed: int
    cohort: Cohort
    story: Story
    flawed: tuple[RefusedCase, ...]
    marks: dict[str, Marks]


Chapter = tuple[str, int, Callable[[Tick], None]]


def script(seed: int) -> Script:
    """The story of a seed."""
    given = cohort(seed)
    told = tell(given, seed)
    return Script(seed, given, told, refused_cases(given, seed), marks(given.applications, told.interviewed, seed))


def play(stage: Stage, *, seed: int, first_link: str, notes: Path, console: Console) -> list[Line]:
    """Plays everything and returns the reconciled summary. `notes`: where the platform keeps its key between runs, and the
    player which chapters are over; a chapter that was broken off is played again."""
    given = script(seed)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        for title, steps, act in [*opening(stage, given, first_link, notes), *chapters(stage, given)]:
            task = progress.add_task(title, total=steps)
            if title in OPENING or title not in _noted(notes).get("over", []):
                act(lambda task=task: progress.advance(task))  # type: ignore[misc]
                if notes.exists():
                    _note(notes, over=[*_noted(notes).get("over", []), title])
            progress.update(task, completed=steps)
    return summary(stage)


def opening(stage: Stage, given: Script, first_link: str, notes: Path) -> list[Chapter]:
    """Accounts, the programme, the platform's key."""

    def publish(_tick: Tick) -> None:
        filing.publish(stage, given.cohort)
        stage.platform_key = _kept_key(stage, notes)

    return [
        (OPENING[0], 1, lambda _tick: open_office(stage, staff(), first_link)),
        (OPENING[1], 1, publish),
    ]


def _kept_key(stage: Stage, notes: Path) -> str:
    """The platform's key, kept by the platform since it was issued."""
    if "platform_key" not in _noted(notes):
        _note(notes, platform_key=filing.issue_key(stage))
    return str(_noted(notes)["platform_key"])


def _noted(notes: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(notes.read_text()) if notes.exists() else {}
    return found


def _note(notes: Path, **more: Any) -> None:
    fresh = notes.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(_noted(notes) | more, ensure_ascii=False))
    fresh.replace(notes)


def chapters(stage: Stage, given: Script) -> list[Chapter]:
    """Title, number of steps, and the act of each chapter after the opening."""
    story = given.story
    repeated = {case.repeats for case in given.flawed if case.code == "repeated_request" and case.repeats}
    count = len(story.applications)
    return [
        ("报名受理", count, lambda tick: filing.file_all(stage, story, repeated, tick)),
        ("学员确认", count, lambda tick: filing.confirm_all(stage, tick)),
        ("应予拒绝的报名", len(given.flawed), lambda tick: _refused(stage, given, tick)),
        ("真实性审查", count, lambda tick: _review(stage, given, tick)),
        ("报名时缴费入账", 1, lambda _tick: money.import_early(stage, given.seed)),
        ("面试", 3, lambda tick: _interview(stage, given, tick)),
        ("评委评分", 15, lambda tick: reviewing.score_interviews(stage, given.marks, tick)),
        ("排名与录取", 1, lambda _tick: _release(stage)),
        ("缴费与递补", 4, lambda tick: money.collect(stage, given.seed, tick)),
        ("教学计划", 1, lambda _tick: teaching.publish_plan(stage)),
        ("报到", 50, lambda tick: teaching.check_in(stage, tick)),
        ("首次集中授课", 4, lambda tick: teaching.teach(stage, given.seed, tick, until=money.AFTER_REFUNDS)),
        ("退费", 1, lambda _tick: money.refund(stage, given.seed)),
        ("一年教学", 32, lambda tick: teaching.teach(stage, given.seed, tick, until=END_OF_YEAR)),
        ("考核与结业", 1, lambda _tick: teaching.assess_and_certify(stage, given.seed)),
    ]


def _refused(stage: Stage, given: Script, tick: Tick) -> None:
    filing.file_flawed(stage, given.flawed, tick)


def _review(stage: Stage, given: Script, tick: Tick) -> None:
    filing.withdraw(stage, given.story, "before_review")
    stage.travel(datetime(2021, 12, 2, 1, tzinfo=UTC))
    reviewing.check_authenticity(stage, given.story, tick)
    filing.correct(stage, given.story)
    reviewing.check_authenticity(stage, given.story, tick)
    stage.travel(datetime(2021, 12, 6, 0, 10, tzinfo=UTC))
    reviewing.score_materials(stage, given.marks)


def _interview(stage: Stage, given: Script, tick: Tick) -> None:
    interviewing.prepare(stage, given.story)
    tick()
    interviewing.book_everybody(stage)
    filing.withdraw(stage, given.story, "before_interview")
    tick()
    interviewing.hold_interviews(stage, given.story)


def _release(stage: Stage) -> None:
    stage.travel(datetime(2021, 12, 9, 1, tzinfo=UTC))
    reviewing.freeze_and_release(stage)
    stage.travel(datetime(2021, 12, 10, 2, tzinfo=UTC))
    reviewing.decline_a_seat(stage)


def summary(stage: Stage) -> list[Line]:
    """What must agree, from the services' own figures."""
    stage.settle()
    auditor = stage.person("audit01")
    stats = {name: auditor.json(f"{'' if name == 'portal' else '/' + name}/api/figures") for name in SERVICES}
    fees = {line["code"]: line["amount_fen"] for line in programme()["fee_lines"]}
    return reconcile(stats, quota=programme()["quota"], seat_fen=fees)
