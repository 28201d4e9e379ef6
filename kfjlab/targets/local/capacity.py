"""How many steps may run at the same time: cores and memory of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

MEMORY_RESERVE = 0.1
"""Part of the machine's memory that steps are not given."""


@dataclass(frozen=True)
class Demand:
    """What a step is expected to need. ``cpu`` in cores, ``memory`` in bytes (0: not known)."""

    cpu: float = 1.0
    memory: int = 0


@dataclass(frozen=True)
class Capacity:
    """What there is. ``cpu`` in cores, ``memory`` in bytes, ``steps``: most steps at the same time."""

    cpu: float
    memory: int
    steps: int

    def admits(self, demand: Demand, running: Iterable[Demand]) -> bool:
        """Whether a step may start beside those that run. One that is larger than the machine may run alone."""
        others = list(running)
        if not others:
            return True
        if len(others) >= self.steps:
            return False
        cpu = sum(min(d.cpu, self.cpu) for d in others)
        memory = sum(d.memory for d in others)
        return cpu + min(demand.cpu, self.cpu) <= self.cpu and memory + demand.memory <= self.memory


def machine_capacity(max_parallel: int = 0) -> Capacity:
    """The capacity that this process may use: CPU affinity and cgroup limits of a container included."""
    cores = (
        float(len(os.sched_getaffinity(0)))
        if hasattr(os, "sched_getaffinity")
        else float(os.cpu_count() or 1)
    )
    cores = max(1.0, min(cores, _cgroup_cores() or cores))
    memory = int(_memory() * (1 - MEMORY_RESERVE))
    steps = max_parallel or max(1, int(cores))
    return Capacity(max(cores, float(steps)) if max_parallel else cores, memory, steps)


def _memory() -> int:
    import psutil

    total = int(psutil.virtual_memory().total)
    for file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        limit = _number(file)
        if limit is not None:
            total = min(total, limit)
    return total


def _cgroup_cores() -> float | None:
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as file:
            quota, period = file.read().split()[:2]
        return None if quota == "max" else float(quota) / float(period)
    except (OSError, ValueError):
        pass  # not cgroup v2
    quota_us, period_us = (
        _number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
        _number("/sys/fs/cgroup/cpu/cpu.cfs_period_us"),
    )
    if quota_us and period_us and quota_us > 0:
        return quota_us / period_us
    return None


def _number(path: str) -> int | None:
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None  # no such limit here, or "max"
