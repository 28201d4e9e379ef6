"""Steps as processes: each runs some code in a namespace of its own, on what the steps before it have stored."""

from __future__ import annotations

import atexit
import functools
import json
import subprocess
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.runtime.harness import PYTHON

PATIENCE = 60.0
"""Seconds that a step gets."""

SERVER = """
import json, os, sys, traceback, types
from kfjlab.runtime.objects import ObjectStore
from kfjlab.runtime.protocol import Value
from kfjlab.runtime.values import Carrier
for name in sys.argv[1:]:
    try:
        __import__(name)
    except ImportError:
        pass  # the steps that use it skip their test or fail by themselves

def step(task):
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    namespace = main.__dict__
    carrier = Carrier(ObjectStore(task["store"]), namespace, "prelude")
    exec(compile(task["prelude"], "<prelude>", "exec"), namespace)
    carrier.freeze_prelude()
    _, needs = carrier.prelude_values()
    carrier.step = task["step"]
    carrier.load({name: Value(**value) for name, value in task["values"].items()})
    carrier.begin()
    exec(compile(task["code"], "<step>", "exec"), namespace)
    changes = carrier.changes()
    saved = carrier.save(sorted({*changes.bound, *changes.rebound, *changes.mutated} - {"__builtins__"}))
    return {
        "values": {name: value.__dict__ for name, value in saved.values.items()},
        "failures": {failure.name: str(failure) for failure in saved.failures},
        "changes": {kind: sorted(getattr(changes, kind)) for kind in ("bound", "rebound", "deleted", "mutated")},
        "prelude_needs": needs,
    }

for line in sys.stdin:
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = step(json.loads(line))
        except BaseException:
            answer = {"error": traceback.format_exc()}
        with os.fdopen(theirs, "w") as file:
            json.dump(answer, file)
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as file:
        answer = file.read()
    os.waitpid(child, 0)
    print(answer or '{"error": "the step crashed"}', flush=True)
"""


@dataclass
class Done:
    """What a step left."""

    values: dict[str, dict[str, Any]]
    failures: dict[str, str]
    changes: dict[str, list[str]]
    prelude_needs: dict[str, list[str]]


class Server:
    """A process without any state of a notebook, which forks one child for each step."""

    def __init__(self, *imports: str) -> None:
        self._process = subprocess.Popen(
            [PYTHON, "-c", SERVER, *imports], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, task: dict[str, Any]) -> Done:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return Done(**answer)

    def close(self) -> None:
        self._process.communicate(timeout=PATIENCE)


@functools.lru_cache(maxsize=1)
def shared_server() -> Server:
    """The server of all tests; the libraries that take long to import are there already."""
    server = Server("numpy", "pandas", "sklearn")
    atexit.register(server.close)
    return server


@dataclass
class Steps:
    """A notebook of steps that run one after another; each is given all that the ones before it have stored."""

    store: Path
    prelude: str = ""
    server: Server = field(default_factory=shared_server)
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    count: int = 0

    def run(self, code: str, only: set[str] | None = None) -> Done:
        self.count += 1
        given = {name: value for name, value in self.values.items() if only is None or name in only}
        done = self.server.run(
            {
                "store": str(self.store),
                "step": f"step{self.count}",
                "prelude": textwrap.dedent(self.prelude),
                "code": textwrap.dedent(code),
                "values": given,
            }
        )
        self.values.update(done.values)
        for name in done.changes["deleted"]:
            self.values.pop(name, None)
        return done
