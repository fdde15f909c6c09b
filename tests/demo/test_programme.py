"""The reference programme agrees with the notice and has the fields of the event contract."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

from services.demo.programme import programme
from shared.events.intake import Programme

SHANGHAI = ZoneInfo("Asia/Shanghai")
PROGRAMME = Programme.model_validate_json(json.dumps(programme()))


def local(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).isoformat(timespec="minutes")


def test_the_programme_has_exactly_the_fields_of_the_contract():
    assert set(programme()) == set(Programme.model_fields)


def test_the_window_is_22_november_to_1_december_with_an_exclusive_end():
    assert (local(PROGRAMME.opens_at), local(PROGRAMME.closes_at)) == (
        "2021-11-22T00:00+08:00",
        "2021-12-02T00:00+08:00",
    )


def test_payment_is_due_at_the_end_of_16_december_and_registration_is_on_the_24th():
    assert (local(PROGRAMME.pay_by), local(PROGRAMME.report_at)) == (
        "2021-12-17T00:00+08:00",
        "2021-12-24T09:00+08:00",
    )


def test_fifty_seats_cost_two_million_yuan_in_three_parts():
    totals = [line.amount_fen * PROGRAMME.quota // 100 for line in PROGRAMME.fee_lines]
    assert (totals, sum(totals)) == ([500_000, 250_000, 1_250_000], 2_000_000)


def test_38_districts_must_send_two_firms_and_three_zones_none():
    owed = [unit.owed for unit in PROGRAMME.units]
    assert (len(owed), owed.count(2), owed.count(0)) == (41, 38, 3)


def test_interview_items_and_score_parts_each_sum_to_a_hundred_points():
    scoring = PROGRAMME.scoring
    assert sum(scoring.interview_items.values()) == 100
    assert scoring.firm_points + scoring.materials_points + scoring.interview_points == 100
    assert set(scoring.item_titles) == set(scoring.interview_items)


def test_two_and_three_day_modules_fit_16_days_and_128_hours():
    plan = PROGRAMME.plan
    assert plan.days * plan.hours_per_day == plan.hours == 128
    assert plan.module_days == (2, 3)
