"""Two minutes of kills and stops on real servers: what was accepted is handled, once; the plan of faults keeps its word."""

import pytest

from tests.faults.plan import SERVERS, kind_of, plan, processes
from tests.faults.run import Wanted, run
from tests.servers import packages
from tests.servers.processes import private_instances_possible

SEED = 2
SECONDS = 120.0
# What is left of two cores while other tests run beside this one.
RATE = 10.0


def killed(seed: int, seconds: float) -> set[str]:
    return {fault.target for fault in plan(seed, seconds) if fault.act == "kill"}


@pytest.mark.parametrize("seed", range(20))
def test_two_minutes_kill_each_server_and_a_process_of_each_kind(seed):
    assert {kind_of(target) for target in killed(seed, SECONDS)} == {*SERVERS, "web", "bus", "worker"}


@pytest.mark.parametrize("seed", range(20))
def test_ten_minutes_kill_every_process(seed):
    assert killed(seed, 600) == {*SERVERS, *processes()}


def test_a_seed_always_gives_the_same_faults_in_order_and_within_the_run():
    faults = plan(7, 600)
    assert faults == plan(7, 600)
    assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)
    assert faults[-1].at + faults[-1].lasts < 600


def test_a_run_that_is_too_short_for_its_kills_is_not_begun():
    with pytest.raises(ValueError, match="too short"):
        plan(1, 30)


def test_nothing_accepted_is_lost_or_doubled_while_servers_and_processes_are_killed(tmp_path):
    missing = [name for name in ("rabbitmq", "postgres", "redis") if not getattr(packages, f"{name}_server")()]
    if missing or not private_instances_possible():
        pytest.skip(f"servers to kill are not installed: {', '.join(missing)}: python -m tests.servers install")
    outcome = run(Wanted(SECONDS, SEED, RATE, beforehand=False), tmp_path)
    assert {one.fault.target for one in outcome.suffered if one.fault.act == "kill"} == killed(SEED, SECONDS)
    assert [(line.text, line.examples) for line in outcome.lines if not line.holds] == []
