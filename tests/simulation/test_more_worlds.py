"""Fifty more worlds, with fixed seeds."""

import pytest

from tests.simulation.world import run


@pytest.mark.parametrize("first", range(50, 100, 5))
def test_every_world_keeps_all_invariants_in_spite_of_faults(first):
    histories = [run(seed) for seed in range(first, first + 5)]
    assert [(one.seed, one.failure) for one in histories if one.failure] == []
