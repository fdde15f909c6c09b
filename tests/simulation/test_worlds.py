"""The first fifty worlds, with fixed seeds. The others are in a separate file, so that two workers share them."""

import pytest

from tests.simulation.world import run


@pytest.mark.parametrize("first", range(0, 50, 5))
def test_every_world_keeps_all_invariants_in_spite_of_faults(first):
    histories = [run(seed) for seed in range(first, first + 5)]
    assert [(one.seed, one.failure) for one in histories if one.failure] == []
