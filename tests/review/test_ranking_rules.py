"""The order: total, then the published tie order, then the committee; always the same for the same people."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.demo.programme import programme
from services.review.rules.ranking import TIERS, Entrant, Formula, boundary, rank_entrants
from shared.events.intake import Programme
from shared.foundation.errors import Invalid

RULE = Programme.model_validate(programme()).scoring
BASE = Entrant("a", "0001", 2000, 1500, 8000, 8000, "specialised", False)


def formula(quota=2, waiting=1, decisions=(), **changes):
    return Formula(RULE.model_copy(update=changes), quota, waiting, decisions)


def people(*changes):
    """One entrant per dict of changes, named a, b, c …"""
    return [
        replace(BASE, key=chr(97 + place), number=f"{place + 1:04d}", **change) for place, change in enumerate(changes)
    ]


def order(entrants, used):
    places, ties = rank_entrants(entrants, used)
    return [place.entrant.key for place in places], [tie.keys for tie in ties]


def test_the_total_decides_first_and_counts_the_interview_by_its_weight():
    entrants = people({"firm": 2001}, {"interview": 8004}, {})
    places, _ties = rank_entrants(entrants, formula())
    assert [(place.entrant.key, place.total) for place in places] == [("b", 7502), ("a", 7501), ("c", 7500)]


@pytest.mark.parametrize(
    ("better", "worse", "note"),
    [
        ({"interview": 8002, "firm": 1999}, {}, "同分：面试成绩高者在前"),
        ({"tier": "national_little_giant"}, {"tier": "municipal_little_giant"}, "同分：企业梯度高者在前"),
        ({"tier": "hidden_champion"}, {"tier": "specialised"}, "同分：企业梯度高者在前"),
        ({"newly_listed": True}, {}, "同分：当年新认定企业在前"),
        ({"untrimmed": 8001}, {}, "同分：全部评分平均高者在前"),
    ],
)
def test_equal_totals_are_told_apart_by_the_published_order(better, worse, note):
    places, ties = rank_entrants(people(worse, better), formula(quota=1))
    assert ([place.entrant.key for place in places], ties) == (["b", "a"], [])
    assert {place.note for place in places} == {note}


def test_a_tie_across_the_last_seat_waits_for_the_committee():
    assert order(people({"firm": 2500}, {}, {}), formula(quota=2)) == (["a", "b", "c"], [("b", "c")])


def test_a_tie_on_the_waiting_list_waits_for_the_committee_too():
    assert order(people({"firm": 2500}, {}, {}), formula(quota=1, waiting=2))[1] == [("b", "c")]


def test_a_tie_that_changes_nothing_is_listed_by_number():
    entrants = people({}, {}, {"firm": 100}, {"firm": 100})
    places, ties = rank_entrants(entrants, formula(quota=2, waiting=0))
    assert (ties, {place.note for place in places}) == ([], {"同分：成绩完全相同，按报名编号列示"})


def test_the_committees_decision_on_exactly_these_people_breaks_the_tie():
    entrants = people({"firm": 2500}, {}, {})
    places, ties = rank_entrants(entrants, formula(decisions=[["b", "c"], ["c", "b"]]))
    assert ([place.entrant.key for place in places], ties) == (["a", "c", "b"], [])
    assert places[1].note == "同分：评审委员会决定先后"


def test_a_decision_on_some_of_the_tied_does_not_break_the_tie():
    assert order(people({}, {}, {}), formula(decisions=[["b", "c"]]))[1] == [("a", "b", "c")]


def test_ranks_beyond_quota_and_waiting_list_are_not_selected():
    places, _ties = rank_entrants(people(*({"firm": 2000 - place} for place in range(4))), formula())
    assert [place.outcome for place in places] == ["admitted", "admitted", "waitlisted", "not_selected"]


def test_the_boundary_shows_two_to_each_side_and_everyone_with_the_last_total():
    entrants = people(*({"firm": points} for points in (2900, 2800, 2700, 2600, 2500, 2400)))
    places, _ties = rank_entrants(entrants, formula(quota=3))
    assert boundary(places, 3) == ["b", "c", "d", "e"]
    alike = people(*({"interview": 8000 + 2 * place, "firm": 2000 - place} for place in range(6)))
    places, _ties = rank_entrants(alike, formula(quota=3))
    assert boundary(places, 3) == ["f", "e", "d", "c", "b", "a"]
    assert boundary(places, 7) == []


def test_a_tie_order_that_nobody_knows_is_refused():
    with pytest.raises(Invalid, match="astrology"):
        formula(tie_order=("interview", "astrology"))


@st.composite
def crowds(draw):
    count = draw(st.integers(1, 12))
    few = st.sampled_from((0, 1, 2))
    return people(
        *(
            {
                "firm": draw(few),
                "interview": 8000 + draw(few),
                "untrimmed": draw(few),
                "tier": draw(st.sampled_from(TIERS)),
                "newly_listed": draw(st.booleans()),
            }
            for _ in range(count)
        )
    )


@given(crowds(), st.randoms(use_true_random=False))
def test_the_same_people_in_any_order_give_the_same_list(entrants, rng):
    shuffled = rng.sample(entrants, len(entrants))
    assert rank_entrants(shuffled, formula()) == rank_entrants(entrants, formula())


@given(crowds())
def test_everybody_has_one_rank_and_nobody_stands_before_a_better_one(entrants):
    used = formula(quota=4, waiting=3)
    places, _ties = rank_entrants(entrants, used)
    assert sorted(place.entrant.key for place in places) == sorted(one.key for one in entrants)
    assert [place.rank for place in places] == list(range(1, len(entrants) + 1))
    merits = [used.merit(place.entrant) for place in places]
    assert merits == sorted(merits, reverse=True)


@given(crowds())
def test_deciding_every_open_tie_leaves_none(entrants):
    used = formula(quota=4, waiting=3)
    _places, ties = rank_entrants(entrants, used)
    decided = replace(used, decisions=[list(reversed(tie.keys)) for tie in ties])
    assert rank_entrants(entrants, decided)[1] == []
