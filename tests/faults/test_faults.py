"""Two minutes of kills and stops on real servers: each accepted application is handled once. Also: the fault plan."""

import pytest

from tests.faults.plan import SERVERS, kind_of, plan, processes
from tests.faults.run import RunOptions, run
from tests.servers import packages
from tests.servers.processes import private_instances_possible

SEED = 2
SECONDS = 120.0
# Two cores reach this rate while other tests run at the same time.
RATE = 10.0


def killed_targets(seed: int, seconds: float) -> set[str]:
    return {fault.target for fault in plan(seed, seconds) if fault.act == "kill"}


@pytest.mark.parametrize("seed", range(20))
def test_a_run_of_two_minutes_kills_each_server_and_a_process_of_each_kind(seed):
    assert {kind_of(target) for target in killed_targets(seed, SECONDS)} == {*SERVERS, "web", "bus", "worker"}


@pytest.mark.parametrize("seed", range(20))
def test_a_run_of_ten_minutes_kills_every_process(seed):
    assert killed_targets(seed, 600) == {*SERVERS, *processes()}


def test_a_seed_always_gives_the_same_ordered_faults_within_the_run():
    faults = plan(7, 600)
    assert faults == plan(7, 600)
    assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)
    assert faults[-1].at + faults[-1].lasts < 600


def test_a_run_that_is_too_short_for_its_kills_raises():
    with pytest.raises(ValueError, match="too short"):
        plan(1, 30)


def test_nothing_accepted_is_lost_or_doubled_while_servers_and_processes_are_killed(tmp_path):
    missing = [name for name in ("rabbitmq", "postgres", "redis") if not getattr(packages, f"{name}_server")()]
    if missing or not private_instances_possible():
        pytest.skip(f"servers to kill are not installed: {', '.join(missing)}: python -m tests.servers install")
    outcome = run(RunOptions(SECONDS, SEED, RATE, beforehand=False), tmp_path)
    assert {one.fault.target for one in outcome.injected if one.fault.act == "kill"} == killed_targets(SEED, SECONDS)
    assert [(line.text, line.examples) for line in outcome.lines if not line.holds] == []
