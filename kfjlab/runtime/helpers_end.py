"""Ends the helper processes of ``multiprocessing`` and joblib in order, so that they leave nothing in shared memory behind.

The target kills a step's process group when the step is over; helpers killed that way would leave their semaphores and the arrays that
joblib shares between workers (in ``/dev/shm``) for ever. Only what the step itself has started is touched.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Any, List, Optional

PATIENCE = 2.0
"""Seconds that all this may take."""

_EXECUTORS = ("joblib.externals.loky.reusable_executor", "loky.reusable_executor")
_TRACKERS = (
    "joblib.externals.loky.backend.resource_tracker",
    "loky.backend.resource_tracker",
    "multiprocessing.resource_tracker",
)


def end_helpers() -> Optional[str]:
    """End them; what went wrong, in words, or None."""
    if "multiprocessing.process" not in sys.modules:
        return None
    troubles: List[str] = []
    thread = threading.Thread(target=_end, args=(troubles,), daemon=True, name="kfjlab-end")
    thread.start()
    thread.join(PATIENCE)
    if thread.is_alive():
        troubles.append("they did not end in time")
    return "; ".join(troubles) or None


def _end(troubles: List[str]) -> None:
    try:
        for name in _EXECUTORS:
            executor = getattr(sys.modules.get(name), "_executor", None)
            if executor is not None:
                executor.shutdown(wait=True, kill_workers=True)
        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            util._run_finalizers(0)
        for child in sys.modules["multiprocessing.process"].active_children():
            child.kill()
        for name in _TRACKERS:
            tracker = getattr(sys.modules.get(name), "_resource_tracker", None)
            if tracker is not None:
                _end_tracker(tracker)
    except Exception as error:
        troubles.append(f"{type(error).__name__}: {error}")


def _end_tracker(tracker: Any) -> None:
    """Close a tracker's pipe, on which it removes what nobody has removed, and wait for it. Not one that the prelude has started."""
    fd, pid = getattr(tracker, "_fd", None), getattr(tracker, "_pid", None)
    if fd is None or pid is None:
        return
    try:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return
    except ChildProcessError:
        return  # it is the zygote's child
    os.close(fd)
    tracker._fd = None
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
