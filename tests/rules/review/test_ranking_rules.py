"""Ranking rules: total, then tie order, then the committee; deterministic for the same people."""

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
    """Return one entrant per dict of changes, with keys a, b, c …"""
    return [
        replace(BASE, key=chr(97 + place), number=f"{place + 1:04d}", **change) for place, change in enumerate(changes)
    ]


def order(entrants, used):
    places, ties = rank_entrants(entrants, used)
    return [place.entrant.key for place in places], [tie.keys for tie in ties]


def test_the_total_decides_first_with_the_weighted_interview():
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
def test_equal_totals_are_separated_by_the_tie_order(better, worse, note):
    places, ties = rank_entrants(people(worse, better), formula(quota=1))
    assert ([place.entrant.key for place in places], ties) == (["b", "a"], [])
    assert {place.note for place in places} == {note}


def test_a_tie_across_the_last_seat_is_open():
    assert order(people({"firm": 2500}, {}, {}), formula(quota=2)) == (["a", "b", "c"], [("b", "c")])


def test_a_tie_on_the_waiting_list_is_open():
    assert order(people({"firm": 2500}, {}, {}), formula(quota=1, waiting=2))[1] == [("b", "c")]


def test_a_tie_without_effect_is_ordered_by_number():
    entrants = people({}, {}, {"firm": 100}, {"firm": 100})
    places, ties = rank_entrants(entrants, formula(quota=2, waiting=0))
    assert (ties, {place.note for place in places}) == ([], {"同分：成绩完全相同，按报名编号列示"})


def test_a_decision_on_exactly_the_tied_people_breaks_the_tie():
    entrants = people({"firm": 2500}, {}, {})
    places, ties = rank_entrants(entrants, formula(decisions=[["b", "c"], ["c", "b"]]))
    assert ([place.entrant.key for place in places], ties) == (["a", "c", "b"], [])
    assert places[1].note == "同分：评审委员会决定先后"


def test_a_decision_on_some_tied_people_does_not_break_the_tie():
    assert order(people({}, {}, {}), formula(decisions=[["b", "c"]]))[1] == [("a", "b", "c")]


def test_ranks_beyond_quota_and_waiting_list_are_not_selected():
    places, _ties = rank_entrants(people(*({"firm": 2000 - place} for place in range(4))), formula())
    assert [place.outcome for place in places] == ["admitted", "admitted", "waitlisted", "not_selected"]


def test_the_boundary_has_two_on_each_side_and_equal_totals():
    entrants = people(*({"firm": points} for points in (2900, 2800, 2700, 2600, 2500, 2400)))
    places, _ties = rank_entrants(entrants, formula(quota=3))
    assert boundary(places, 3) == ["b", "c", "d", "e"]
    alike = people(*({"interview": 8000 + 2 * place, "firm": 2000 - place} for place in range(6)))
    places, _ties = rank_entrants(alike, formula(quota=3))
    assert boundary(places, 3) == ["f", "e", "d", "c", "b", "a"]
    assert boundary(places, 7) == []


def test_an_unknown_tie_criterion_is_refused():
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
def test_the_input_order_does_not_change_the_ranking(entrants, rng):
    shuffled = rng.sample(entrants, len(entrants))
    assert rank_entrants(shuffled, formula()) == rank_entrants(entrants, formula())


@given(crowds())
def test_each_person_has_one_rank_in_order_of_merit(entrants):
    used = formula(quota=4, waiting=3)
    places, _ties = rank_entrants(entrants, used)
    assert sorted(place.entrant.key for place in places) == sorted(one.key for one in entrants)
    assert [place.rank for place in places] == list(range(1, len(entrants) + 1))
    merits = [used.merit(place.entrant) for place in places]
    assert merits == sorted(merits, reverse=True)


@given(crowds())
def test_no_tie_is_open_after_all_are_decided(entrants):
    used = formula(quota=4, waiting=3)
    _places, ties = rank_entrants(entrants, used)
    decided = replace(used, decisions=[list(reversed(tie.keys)) for tie in ties])
    assert rank_entrants(entrants, decided)[1] == []
