"""What the processes of the crash test do; a module of its own, which its fork server imports once."""

from __future__ import annotations

import os
import random
from pathlib import Path

from kfjlab.runs import database
from kfjlab.runs.model import StepState
from kfjlab.runs.store import RunStore


def write(location: Path, own: str, shared: str, told: Path, seed: int) -> None:
    """Write to two runs until killed. To ``told`` goes what was committed, after it was."""
    database.CHECKPOINT_BYTES = 50_000  # many checkpoints
    handle = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    chance = random.Random(seed)
    with RunStore(location) as store:
        attempt = store.get_steps(own)[0].attempt
        while True:
            attempt += 1
            run = chance.choice([own, shared])
            kind = chance.randrange(3)
            if kind == 0:
                offset = store.append(run, "cell", data={"text": "x" * chance.randrange(300)})
            elif kind == 1:
                offset = store.append_many(run, [("cell", None, {})] * 3)[-1]
            else:
                with store.transaction():
                    store.update_step(own, "a", state=StepState.RUNNING, attempt=attempt)
                    run, offset = own, store.append(own, "step", "a", {"attempt": attempt})
            os.write(handle, f"{run} {offset}\n".encode())
