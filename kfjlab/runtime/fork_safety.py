"""Whether this process can be forked and the children go on to use what it has imported."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import io
import os
import re
import stat
import sys
import threading
import time
from typing import Dict, Iterable, List, Set

_HARMLESS = ("jemalloc_bg_thd", "polars-ooc-clea", "kfjlab")
"""Names of native threads that a child does not miss: allocators' and cleaners' (a name is cut off after 15 characters)."""
_OPENBLAS_SYMBOLS = [
    prefix + "openblas_get_num_threads" + suffix
    for prefix in ("", "scipy_")
    for suffix in ("", "64_", "_64_", "_64")
]
ATTEMPTS = 10
"""How often native threads are looked for again before they are taken to stay."""
_DEVICES = re.compile(r"/dev/(nvidia|kfd|dri/)")


def why_not(own_fds: Iterable[int]) -> str:
    """Why this process must not be forked; empty when it can be. ``own_fds``: descriptors that kfjlab itself has opened.

    Native threads do not survive a fork. OpenBLAS's pool makes itself anew in the child; OpenMP's (GNU) and others crash or hang there.
    """
    if sys.platform != "linux":
        return f"forking a process that has loaded libraries is not safe on {sys.platform}"
    native = _native_threads()
    for _ in range(ATTEMPTS):
        if not native:
            break
        time.sleep(0.005)  # a thread that was joined is still listed until the kernel has done away with it
        native = _native_threads()
    reasons = [_python_threads(), native, _descriptors(set(own_fds))]
    return "; ".join(reason for reason in reasons if reason)


def _python_threads() -> str:
    others = [thread.name for thread in threading.enumerate() if thread is not threading.current_thread()]
    return f"the imports left threads running ({', '.join(sorted(others))})" if others else ""


def _native_threads() -> str:
    """Native threads beyond those known to be harmless. Pools carry their process's own name, so OpenBLAS's are counted."""
    names = _thread_names()
    own = names.pop(0)
    unknown = [name for name in names if not name.startswith(_HARMLESS)]
    unnamed = unknown.count(own)
    allowed = min(unnamed, _openblas_threads()) if unnamed else 0
    left = len(unknown) - allowed
    if left <= 0:
        return ""
    named = sorted({name for name in unknown if name != own})
    return f"the imports started {left} native threads" + (f" ({', '.join(named)})" if named else "")


def _thread_names() -> List[str]:
    """Names of this process's threads, that of the process itself first."""
    found = []
    main = str(os.getpid())
    for task in sorted(os.listdir("/proc/self/task"), key=lambda task: (task != main, int(task))):
        try:
            with open(f"/proc/self/task/{task}/comm", encoding="utf-8", errors="replace") as file:
                found.append(file.read().rstrip("\n"))
        except FileNotFoundError:
            continue  # it has just ended
    return found


def _openblas_threads() -> int:
    """How many threads the loaded copies of OpenBLAS have started."""
    total = 0
    for path in _loaded_libraries("openblas"):
        library = ctypes.CDLL(path)
        counts = [getattr(library, name)() for name in _OPENBLAS_SYMBOLS if hasattr(library, name)]
        total += max(0, counts[0] - 1) if counts else 0
    return total


def _loaded_libraries(part: str) -> Set[str]:
    found = set()
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
        for line in file:
            fields = line.rstrip("\n").split(None, 5)
            if len(fields) == 6 and part in os.path.basename(fields[5]):
                found.add(fields[5])
    return found


def _descriptors(own: Set[int]) -> str:
    """Connections and files that children would share with each other, and devices that a child cannot use."""
    found: Dict[str, int] = {}
    written = False
    for name in os.listdir("/proc/self/fd"):
        fd = int(name)
        if fd <= 2 or fd in own:
            continue
        try:
            target = os.readlink(f"/proc/self/fd/{fd}")
            status = os.fstat(fd)
        except OSError:
            continue  # it was that of the listing itself
        if _DEVICES.match(target):
            return "the imports use a GPU"
        if stat.S_ISSOCK(status.st_mode):
            found["network connections"] = fd
        elif stat.S_ISREG(status.st_mode) and not target.startswith(("/memfd:", "/dev/")):
            if _only_writes(fd):
                written = True
            else:
                found[f"the file {target}"] = fd
    if written and not found:
        _flush_files()  # else each child would write what waits to be written
    return f"the imports opened {', '.join(sorted(found))}, which children would share" if found else ""


def _only_writes(fd: int) -> bool:
    """Whether a descriptor writes at the end of its file, or where whoever shares it wrote last: sharing a log file does no harm, and
    opening it again might empty it."""
    with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as file:
        flags = next(int(line.split()[1], 8) for line in file if line.startswith("flags:"))
    return bool(flags & os.O_APPEND) or flags & (os.O_WRONLY | os.O_RDWR) == os.O_WRONLY


def _flush_files() -> None:
    for item in gc.get_objects():
        if isinstance(item, (io.TextIOWrapper, io.BufferedWriter)) and not item.closed and item.writable():
            with contextlib.suppress(OSError):  # whoever writes to it will see
                item.flush()
