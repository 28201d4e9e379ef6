"""Executes cells one after another in one running event loop, as ipykernel does, and says what went wrong.

ipykernel executes every cell inside its running loop: ``asyncio.get_running_loop()`` works in plain code, tasks live from cell to cell, and
context variables (numpy's error state, decimal's context) keep what a cell set. Here a single task executes all cells.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import os
import sys
import time
from dataclasses import dataclass
from typing import Any, Callable, Coroutine, FrozenSet, List, Mapping, Optional, Set, TypeVar

from IPython.core.interactiveshell import _asyncio_runner

from .capture import Capture
from .notebook_output import ExecutedNotebook
from .protocol import CellSource, StepError
from .shell import ZMQInteractiveShell
from .step_errors import exit_error, explain, missing_name

T = TypeVar("T")
Listener = Callable[[Mapping[str, Any]], None]
AfterCell = Callable[[int, CellSource], None]

LEFTOVER_TIME = 2.0
"""Seconds that an interrupted coroutine gets to end."""


@dataclass(frozen=True)
class Execution:
    """What executing some cells came to. ``seconds``: wall time of the cells; ``missed``: the global names that a :class:`NameError`
    of one of them did not find."""

    seconds: float
    error: Optional[StepError] = None
    missed: FrozenSet[str] = frozenset()
    executed: int = 0


class CellRunner:
    """Executes the cells of one notebook in this process's shell."""

    def __init__(
        self,
        shell: ZMQInteractiveShell,
        notebook: ExecutedNotebook,
        capture: Capture,
        listen: Optional[Listener] = None,
        after_cell: Optional[AfterCell] = None,
    ) -> None:
        self._shell = shell
        self._notebook = notebook
        self._capture = capture
        self._listen = listen or (lambda message: None)
        self._after_cell = after_cell or (lambda position, cell: None)
        self._pid = os.getpid()
        self.interrupted = False
        """Whether somebody interrupted the running cell."""

    def interrupt(self) -> None:
        """Take note that what is cancelled now is cancelled because of an interrupt."""
        self.interrupted = True

    async def run(self) -> Execution:
        """Execute all cells, stopping at the first that fails."""
        self._shell.notebook = self._notebook
        total, executed = 0.0, 0
        missed: Set[str] = set()
        for position, executed_cell in enumerate(self._notebook.cells):
            cell = executed_cell.source
            self._notebook.begin(position)
            self._listen({"type": "cell", "cell": cell.index, "state": "running"})
            started = time.monotonic()
            failure, error = await self._run_cell(cell)
            if os.getpid() != self._pid:
                _end_of_stray_child()
            self._capture.flush()
            self._notebook.end()
            seconds = time.monotonic() - started
            total, executed = total + seconds, executed + 1
            self._after_cell(position, cell)
            name = missing_name(failure)
            if name is not None:
                missed.add(name)
            if cell.may_raise and not _ends_step(failure):
                error = None
            state = "done" if error is None else "failed"
            self._listen({"type": "cell", "cell": cell.index, "state": state, "seconds": round(seconds, 6)})
            if error is not None:
                return Execution(total, error, frozenset(missed), executed)
            await asyncio.sleep(0)  # tasks that a cell left behind go on between cells
        return Execution(total, None, frozenset(missed), executed)

    async def _run_cell(self, cell: CellSource) -> tuple[Optional[BaseException], Optional[StepError]]:
        shell = self._shell
        shell.exit_called = shell.failed_showing = False
        shell.execution_count = cell.number
        _pad_history(shell, cell.number)
        failure: Optional[BaseException]
        try:
            result = await _execute(shell, cell)
            failure = result.error_before_exec or result.error_in_exec
            if failure is None and shell.failed_showing:
                failure = RuntimeError(
                    "The value of the cell could not be shown; its output has the traceback."
                )
        except (KeyboardInterrupt, asyncio.CancelledError) as interruption:
            failure = interruption
            self.interrupted = True
            self._notebook.error("KeyboardInterrupt", "", ["KeyboardInterrupt"])
        finally:
            shell.payload_manager.clear_payload()
        if failure is not None:
            interrupted = isinstance(failure, asyncio.CancelledError) and self.interrupted
            return failure, explain(KeyboardInterrupt() if interrupted else failure, cell)
        if shell.exit_called:
            return _KernelExit(), exit_error(cell)
        return None, None


class _KernelExit(SystemExit):
    """``exit()``, which ends a kernel, unlike ``sys.exit()``."""


def _ends_step(failure: Optional[BaseException]) -> bool:
    """Whether an exception ends the step even in a cell that may raise one. (An interrupt looks the same whoever has made it.)"""
    return isinstance(failure, (KeyboardInterrupt, asyncio.CancelledError, _KernelExit))


async def _execute(shell: ZMQInteractiveShell, cell: CellSource) -> Any:
    """As ``ipykernel.ipkernel.IPythonKernel.do_execute``: cells that await run as tasks, others are called."""
    source = cell.source
    failed_transform = None
    try:
        transformed = shell.transform_cell(source)
    except Exception:
        transformed = source
        failed_transform = sys.exc_info()
    known = inspect.signature(shell.run_cell_async).parameters
    extra = {"cell_id": cell.id} if "cell_id" in known else {}
    if shell.loop_runner is _asyncio_runner and shell.should_run_async(
        source, transformed_cell=transformed, preprocessing_exc_tuple=failed_transform
    ):
        result = None
        coroutine = shell.run_cell_async(
            source,
            store_history=True,
            transformed_cell=transformed,
            preprocessing_exc_tuple=failed_transform,
            **extra,
        )
        try:
            result = await asyncio.ensure_future(coroutine)
        finally:
            shell.events.trigger("post_execute")
            shell.events.trigger("post_run_cell", result)
        return result
    return shell.run_cell(source, store_history=True, **extra)


def run_in_loop(
    main: Callable[[], Coroutine[Any, Any, T]],
    context: contextvars.Context,
    on_interrupt: Callable[[], None] = lambda: None,
) -> T:
    """Run a coroutine to its end in a new event loop and in a copy of ``context``.

    Ctrl-C (SIGINT) while the loop waits becomes a cancellation of what it waits for, after a call of ``on_interrupt``.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    task = context.run(lambda: loop.create_task(main()))
    try:
        while True:
            try:
                return loop.run_until_complete(task)
            except KeyboardInterrupt:
                if task.done():
                    raise
                on_interrupt()
                task.cancel()
    finally:
        asyncio.set_event_loop(None)
        if not loop.is_running():
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()


async def end_tasks() -> List[str]:
    """Cancel the tasks that cells left running, and name them."""
    mine = asyncio.current_task()
    left = [task for task in asyncio.all_tasks() if task is not mine]
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=LEFTOVER_TIME)
    return sorted(getattr(task.get_coro(), "__qualname__", repr(task)) for task in left)


def _pad_history(shell: ZMQInteractiveShell, number: int) -> None:
    """Make ``In[number]`` the running cell, as it would be had all earlier cells run here."""
    history = shell.history_manager
    for inputs in (history.input_hist_parsed, history.input_hist_raw):
        inputs.extend([""] * (number - len(inputs)))


def _end_of_stray_child() -> None:
    """A process that the cell forked has come out of the cell: it must not go on as if it were the step."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
