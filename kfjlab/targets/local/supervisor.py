"""The process that runs a run: ``python -m kfjlab.targets.local.supervisor RUN_ID DATA_FOLDER``.

It is nobody's child: whoever started it may end, and only follows the run through the store.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sys
import time
import traceback
from pathlib import Path

from kfjlab.notebook.pipeline import Pipeline
from kfjlab.runs.errors import StoreError
from kfjlab.runs.model import RunState, StepState
from kfjlab.runs.store import RunStore
from kfjlab.runtime.protocol import StepError, to_json
from kfjlab.targets.base import RefusedError

from .engine import Engine
from .interpreter import find_interpreter
from .job import Job

RUN_VARIABLE = "KFJLAB_RUN"
"""Environment variable that marks every process of a run with the run's id."""

_STOPPING = (signal.SIGTERM, signal.SIGINT)


def main() -> None:
    """Run the run named on the command line to its end."""
    run_id, location = sys.argv[1], Path(sys.argv[2])
    os.environ[RUN_VARIABLE] = run_id
    early: list[int] = []
    for number in _STOPPING:  # before the store tells anybody which process to signal
        signal.signal(number, lambda number, frame: early.append(number))
    with RunStore(location) as store:
        if not store.with_reserve(lambda: store.claim(run_id)):
            print(f"run {run_id} has a supervisor already", file=sys.stderr)
            return
        _end_leftovers(run_id)
        try:
            asyncio.run(_supervise(store, run_id, early))
        except RefusedError as error:
            _fail(store, run_id, StepError("Refused", str(error)))
        except (OSError, StoreError) as error:
            traceback.print_exc()
            if isinstance(error, StoreError) and error.kind == "conflict":
                return  # another process has the run now, and tells what becomes of it
            _fail(store, run_id, _shortage(error))
        except Exception as error:  # noqa: BLE001 - the last resort: a run must not stay "running" for ever
            traceback.print_exc()
            log = Path(store.run_folder(run_id)) / "supervisor.log"
            _fail(
                store,
                run_id,
                StepError(
                    "InternalError", f"kfjlab itself failed: {error!r}.", fix=f"Please report it with {log}."
                ),
            )


async def _supervise(store: RunStore, run_id: str, early: list[int]) -> None:
    """``early``: the signals to stop that came before this could take them."""
    run = store.get_run(run_id)
    pipeline = Pipeline.from_json(run.pipeline)
    interpreter = find_interpreter(str(run.options.get("kernel") or pipeline.kernel))
    job = Job(run, pipeline, interpreter, interpreter.digest(), Path(store.objects))
    engine = Engine(store, job)
    loop = asyncio.get_running_loop()
    for number in _STOPPING:
        loop.add_signal_handler(number, engine.cancel)
    if early or store.cancel_requested(run_id):
        engine.cancel()
    await engine.execute()


def _fail(store: RunStore, run_id: str, error: StepError) -> None:
    """End the run: its running steps were stopped, and the others do not run any more."""
    data, now = to_json(error), time.time()

    def write() -> None:
        with store.transaction():
            for step in store.get_steps(run_id):
                if step.state is StepState.RUNNING:
                    store.update_step(run_id, step.name, state=StepState.CANCELLED, error=data, ended=now)
                    store.append(
                        run_id, "step", step.name, {"state": StepState.CANCELLED.value, "error": data}
                    )
                elif step.state is StepState.WAITING:
                    store.update_step(run_id, step.name, state=StepState.SKIPPED)
                    store.append(run_id, "step", step.name, {"state": StepState.SKIPPED.value})
            store.set_run_state(run_id, RunState.FAILED, error=data)
            store.append(run_id, "run", data={"state": RunState.FAILED.value, "error": data})

    store.with_reserve(write)


def _shortage(error: Exception) -> StepError:
    fix = "Make room or repair the folder named above (kfjlab gc frees space), then kfjlab resume."
    if isinstance(error, OSError) and error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        fix = "Run a copy of the notebook in a folder that you may write, or make this one writable, then kfjlab resume."
    return StepError("StorageError", f"The run could not go on: {error}", fix=fix)


def _end_leftovers(run_id: str) -> None:
    """Kill what an earlier supervisor of this run left behind when it was killed itself."""
    import psutil

    for process in psutil.process_iter(["pid"]):
        if process.pid == os.getpid():
            continue
        try:
            if process.environ().get(RUN_VARIABLE) == run_id:
                process.kill()
        except psutil.Error:
            continue  # another user's, or it has just ended


if __name__ == "__main__":
    main()
