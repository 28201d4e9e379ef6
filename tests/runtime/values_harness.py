"""Steps as processes: each runs some code in a namespace of its own, on what the steps before it have stored."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_STEP = """
def main():
    import json, sys
    from kfjlab.runtime.objects import ObjectStore
    from kfjlab.runtime.protocol import Value
    from kfjlab.runtime.values import Carrier
    task = json.loads(sys.stdin.read())
    namespace = sys.modules["__main__"].__dict__
    del namespace["main"]
    carrier = Carrier(ObjectStore(task["store"]), namespace, "prelude")
    exec(compile(task["prelude"], "<prelude>", "exec"), namespace)
    carrier.freeze_prelude()
    carrier.prelude_values()
    carrier.step = task["step"]
    carrier.load({name: Value(**value) for name, value in task["values"].items()})
    carrier.begin()
    exec(compile(task["code"], "<step>", "exec"), namespace)
    changes = carrier.changes()
    saved = carrier.save(sorted({*changes.bound, *changes.rebound, *changes.mutated} - {"__builtins__"}))
    print("RESULT" + json.dumps({
        "values": {name: value.__dict__ for name, value in saved.values.items()},
        "failures": {failure.name: str(failure) for failure in saved.failures},
        "changes": {kind: sorted(getattr(changes, kind)) for kind in ("bound", "rebound", "deleted", "mutated")},
    }))

main()
"""


@dataclass
class Done:
    """What a step left."""

    values: dict[str, dict[str, Any]]
    failures: dict[str, str]
    changes: dict[str, list[str]]


@dataclass
class Steps:
    """A notebook of steps that run one after another; each is given all that the ones before it have stored."""

    store: Path
    prelude: str = ""
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    count: int = 0

    def run(self, code: str, only: set[str] | None = None) -> Done:
        self.count += 1
        given = {name: value for name, value in self.values.items() if only is None or name in only}
        task = {
            "store": str(self.store),
            "step": f"step{self.count}",
            "prelude": textwrap.dedent(self.prelude),
            "code": textwrap.dedent(code),
            "values": given,
        }
        process = subprocess.run(
            [sys.executable, "-c", _STEP],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert process.returncode == 0, process.stderr
        line = next(line for line in process.stdout.splitlines() if line.startswith("RESULT"))
        done = Done(**json.loads(line[len("RESULT") :]))
        self.values.update(done.values)
        for name in done.changes["deleted"]:
            self.values.pop(name, None)
        return done
