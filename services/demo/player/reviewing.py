"""Chapters 3 to 5, the actions of review's staff: authenticity, desk scores, judges' sheets, ranking and release."""

from collections.abc import Mapping
from typing import Any

from services.demo.marks import Marks
from services.demo.player.clients import Stage, run_concurrently
from services.demo.player.filing import Tick
from services.demo.programme import CODE
from services.demo.staff import Judge, judges
from services.demo.story import Story

PANEL_SIZE = 5


def check_authenticity(stage: Stage, story: Story, tick: Tick) -> None:
    """Decide all open cases with two reviewers: most pass, some are returned with all defects, some are rejected."""
    reviewers = [stage.person("review01"), stage.person("review02")]

    def decide(turn: tuple[int, dict[str, Any]]) -> None:
        number, case = turn
        reviewer = reviewers[number % 2]
        address = f"/review/cases/{case['id']}"
        returned = story.returns.get(case["platform_no"])
        if reason := story.rejections.get(case["platform_no"]):
            reviewer.submit(f"{address}/reject", {"reason": reason})
        elif returned and case["revision"] == 1:
            items = {
                "item": [item for item, _why in returned.defects],
                "reason": [why for _item, why in returned.defects],
            }
            reviewer.submit(f"{address}/return", items)
        else:
            verdicts = {f"verdict-{kind}": "pass" for kind in case["scans"]}
            seals = {f"seal-{kind}": "true" for kind in case["scans"]}
            reviewer.submit(f"{address}/checks", {**verdicts, **seals, "then": "pass"})
        tick()

    run_concurrently(decide, enumerate(cases(stage, "open")))
    stage.settle()


def score_materials(stage: Stage, marks: Mapping[str, Marks]) -> None:
    """Submit the desk scores of all passed cases in one form."""
    fields: dict[str, str] = {}
    for case in cases(stage, "passed"):
        if case["firm_points"] is None:
            scores = marks[case["platform_no"]]
            fields[f"firm-{case['id']}"] = str(scores.firm_points)
            fields[f"materials-{case['id']}"] = str(scores.materials_points)
    if fields:
        stage.person("review01").submit("/review/scores", fields)


def score_interviews(stage: Stage, marks: Mapping[str, Marks], tick: Tick) -> None:
    """Sign in as each judge and lock the sheets of that judge's candidates."""

    def lock_sheets(turn: tuple[int, Judge]) -> None:
        number, judge = turn
        person = stage.person(judge.account)
        fields: dict[str, str] = {}
        for sheet in person.json("/review/api/sheets"):
            if sheet["total"] is None and not sheet["recused"]:
                items = marks[sheet["platform_no"]].sheets[number % PANEL_SIZE]
                fields |= {f"points-{sheet['case_id']}-{item}": str(points) for item, points in items.items()}
        if fields:
            person.submit("/review/my-sheets", fields)
        tick()

    run_concurrently(lock_sheets, enumerate(judges()))
    stage.settle()


def freeze_and_release(stage: Stage) -> None:
    """Decide ties and freeze the ranking as chair; release it as secretary, because a second person must do that."""
    chair = stage.person("chair")
    ranking = chair.json("/review/api/ranking")
    if ranking["state"] == "draft":
        for tie in ranking["ties"]:
            order = {"order": tie["case_ids"], "reason": "评审委员会合议,按材料完整程度确定先后"}
            chair.submit(f"/review/ranking/{CODE}/tie-decisions", order)
        chair.submit(f"/review/ranking/{CODE}/freeze")
    if chair.json("/review/api/ranking")["state"] == "frozen":
        stage.person("secretary").submit(f"/review/ranking/{CODE}/release")
    stage.settle()


def decline_a_seat(stage: Stage) -> None:
    """Decline one seat before reporting: the lowest-ranked of those who have already paid."""
    known = cases(stage)
    paid = [case for case in known if case["seat"] == "held" and case["paid_at"]]
    if any(case["fate"] == "declined" for case in known):
        return
    last = max(paid, key=lambda case: int(case["rank"]))
    stage.person("chair").submit(f"/review/seats/{last['id']}/decline", {"reason": "企业另有任用，学员放弃名额"})
    stage.settle()


def let_lapse_and_promote(stage: Stage) -> None:
    """Confirm the lapses that overdue fees caused, then promote the next candidates of the waiting list."""
    chair = stage.person("chair")
    if lapses := [item["id"] for item in work(stage, "lapse_proposed")]:
        chair.submit("/review/work/lapses", {"item_id": lapses})
    stage.settle()
    if promotions := [item["case_id"] for item in work(stage, "promotion_proposed")]:
        chair.submit("/review/work/promotions", {"case_id": promotions})
    stage.settle()


def refund_late_payers(stage: Stage) -> None:
    """Choose a refund for each payment that arrived after the seat passed to another candidate."""
    for item in work(stage, "late_payment"):
        stage.person("chair").submit(f"/review/work/{item['id']}/late-payment", {"choice": "refund"})
    stage.settle()


def cases(stage: Stage, state: str = "") -> list[dict[str, Any]]:
    """Return the cases as review's staff see them, of one state or all."""
    parameters = {"state": state} if state else {}
    found: list[dict[str, Any]] = stage.person("review01").json("/review/api/cases", **parameters)
    return found


def work(stage: Stage, kind: str) -> list[dict[str, Any]]:
    """Return the committee's open work items of one kind."""
    return [item for item in stage.person("chair").json("/review/api/work") if item["kind"] == kind]
