from __future__ import annotations

from kfjlab.targets.local.capacity import Capacity, Demand, machine_capacity

TWO_CORES = Capacity(cpu=2, memory=1000, steps=2)


def test_as_many_steps_as_cores() -> None:
    assert TWO_CORES.admits(Demand(), [Demand()])
    assert not TWO_CORES.admits(Demand(), [Demand(), Demand()])


def test_a_step_that_wants_more_than_the_machine_runs_alone() -> None:
    big = Demand(cpu=16, memory=5000)
    assert TWO_CORES.admits(big, [])
    assert not TWO_CORES.admits(big, [Demand()])
    assert not TWO_CORES.admits(Demand(), [big])


def test_memory_is_shared_out() -> None:
    assert TWO_CORES.admits(Demand(memory=400), [Demand(memory=600)])
    assert not TWO_CORES.admits(Demand(memory=401), [Demand(memory=600)])


def test_the_machine_has_a_core_and_some_memory() -> None:
    capacity = machine_capacity()
    assert capacity.cpu >= 1
    assert capacity.memory > 100 * 2**20
    assert machine_capacity(max_parallel=5).steps == 5
