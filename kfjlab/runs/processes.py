"""Which process is meant, and whether it still lives: a pid alone is not enough, since pids are used again and
differ by container."""

from __future__ import annotations

import functools
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def identity(pid: int | None = None) -> dict[str, Any]:
    """A process of this machine as JSON: ``pid``, ``start`` (in a unit of the system's own, only to be
    compared), ``host``, and ``place``, which is equal for processes that can see each other (host, boot and pid
    namespace). ``pid``: default this process."""
    number = os.getpid() if pid is None else pid
    return {"pid": number, "start": start_of(number), "host": socket.gethostname(), "place": place()}


def is_here(process: Mapping[str, Any]) -> bool:
    """Whether that process is (or was) one of this machine and container, so that :func:`is_alive` can tell."""
    return process.get("place") == place()


def is_alive(process: Mapping[str, Any]) -> bool:
    """Whether exactly that process still lives; only for one for which :func:`is_here` holds. One that has
    ended but was not waited for by its parent (a zombie) counts as dead."""
    started = start_of(int(process["pid"]))
    return started is not None and started == process.get("start")


def describe(process: Mapping[str, Any]) -> str:
    """That process, for people."""
    return f"process {process.get('pid', '?')} on {process.get('host', 'an unknown machine')}"


@functools.lru_cache(maxsize=1)
def _place_of(pid: int) -> str:
    parts = [socket.gethostname()]
    for source in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        try:
            parts.append(os.readlink(source) if "ns" in source else Path(source).read_text("utf-8").strip())
        except OSError:
            continue  # not Linux, or hidden by a sandbox: the host's name must do
    return "/".join(parts)


def place() -> str:
    """What tells this machine, boot and pid namespace from others."""
    return _place_of(os.getpid())


if sys.platform == "linux":

    def start_of(pid: int) -> float | None:
        """When a process was started, in clock ticks since boot; None when it is not running. From
        ``/proc/PID/stat``, proc(5)."""
        try:
            data = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            return None
        fields = data[data.rfind(b")") + 2 :].split()  # the name before may hold blanks and parentheses
        return None if fields[0] in (b"Z", b"X") else float(fields[19])

else:

    def start_of(pid: int) -> float | None:
        """When a process was started, in Unix seconds; None when it is not running."""
        import psutil

        try:
            process = psutil.Process(pid)
            return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
        except psutil.Error:
            return None
