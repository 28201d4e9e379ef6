"""Plays the target: starts zygotes and workers by the protocol, and gives what they say."""

from __future__ import annotations

import functools
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import kfjlab.runtime
from kfjlab.runtime.protocol import (
    CellSource,
    PreludeSpec,
    StepRecord,
    StepSpec,
    record_from_json,
    to_json,
)

BOOTSTRAP = Path(
    os.environ.get("KFJLAB_TEST_BOOTSTRAP") or Path(kfjlab.runtime.__file__).with_name("bootstrap.py")
)
PYTHON = os.environ.get("KFJLAB_TEST_PYTHON") or sys.executable
"""The interpreter of the steps; another one than that of the tests checks the Pythons that only the runtime supports."""
PATIENCE = 30.0
"""Seconds after which a process of a test is taken to hang."""


@functools.lru_cache(maxsize=1)
def versions() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The versions of :data:`PYTHON` and of its IPython."""
    if sys.executable == PYTHON:
        import IPython

        return sys.version_info[:3], tuple(IPython.version_info[:3])
    code = "import IPython, json, sys; print(json.dumps([sys.version_info[:3], IPython.version_info[:3]]))"
    done = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=True)
    python, ipython = json.loads(done.stdout)
    return tuple(python), tuple(ipython)


def cells(*sources: str, start: int = 0, role: str = "step") -> list[CellSource]:
    """Cells with indexes from ``start`` on."""
    return [
        CellSource(start + i, f"cell-{start + i}", start + i + 1, text, role)
        for i, text in enumerate(sources)
    ]


class Attempt:
    """A worker, and what it says."""

    def __init__(
        self,
        connection: socket.socket,
        pid: int,
        notebook: Path,
        process: subprocess.Popen[bytes] | None = None,
    ) -> None:
        self._process = process
        self.pid = pid
        self.connection = connection
        self.messages: list[dict[str, Any]] = []
        self._notebook = notebook
        self._lines = connection.makefile("rb")
        connection.settimeout(PATIENCE)

    def next(self) -> dict[str, Any] | None:
        """The next message; None at the end."""
        line = self._lines.readline()
        if not line.endswith(b"\n"):
            return None
        message: dict[str, Any] = json.loads(line)
        self.messages.append(message)
        return message

    def until(self, **wanted: Any) -> dict[str, Any]:
        """Read on to a message with these entries."""
        while (message := self.next()) is not None:
            if all(message.get(key) == value for key, value in wanted.items()):
                return message
        raise AssertionError(f"no message {wanted} in {self.messages}")

    def result(self) -> StepRecord:
        """The record, read to the end; the worker's group is killed then, as the engine does."""
        record = record_from_json(self.until(type="record"))
        self.kill()
        return record

    def kill(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass  # it has ended
        self._lines.close()
        self.connection.close()
        if self._process is not None:
            self._process.wait(PATIENCE)

    def log(self, stream: str = "stdout") -> str:
        return "".join(m["text"] for m in self.messages if m["type"] == "log" and m["stream"] == stream)

    def notebook(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self._notebook.read_text("utf-8"))
        return loaded

    def outputs(self, position: int = 0) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.notebook()["cells"][position]["outputs"]
        return found

    def text(self, position: int = 0, name: str = "stdout") -> str:
        """The stream text of an executed cell."""
        return "".join(
            "".join(o["text"])
            for o in self.outputs(position)
            if o["output_type"] == "stream" and o["name"] == name
        )


class Bench:
    """A workspace, a store and at most one zygote."""

    def __init__(self, root: Path, env: dict[str, str] | None = None) -> None:
        self.root = root
        self.workspace = root / "work"
        self.workspace.mkdir(exist_ok=True)
        self.objects = root / "objects"
        self.objects.mkdir(exist_ok=True)
        inherited = {
            k: v for k, v in os.environ.items() if k not in ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE")
        }
        self.env = {**inherited, "PYTHONHASHSEED": "0", **(env or {})}
        self.zygote: subprocess.Popen[bytes] | None = None
        self.control: socket.socket | None = None
        self.ready: dict[str, Any] = {}
        self._answers: Any = None
        self._count = 0
        self._number = 1

    def prelude(self, *parts: CellSource, **options: Any) -> dict[str, Any]:
        """Start a zygote; its first answer."""
        spec = PreludeSpec(
            list(parts),
            str(self.objects),
            str(self.workspace),
            str(self.root / "run" / "prelude.ipynb"),
            **options,
        )
        self.prelude_spec = self.root / "prelude.json"
        self.prelude_spec.write_text(json.dumps(to_json(spec)))
        self.control, theirs = socket.socketpair()
        self.control.settimeout(PATIENCE)
        self.zygote = self._spawn(["zygote", str(self.prelude_spec)], theirs)
        self._answers = self.control.makefile("rb")
        self.ready = self.answer()
        return self.ready

    def answer(self) -> dict[str, Any]:
        """The zygote's next message."""
        line = self._answers.readline()
        assert line.endswith(b"\n"), f"the zygote ended: {(self.root / 'processes.log').read_text()[-3000:]}"
        message: dict[str, Any] = json.loads(line)
        return message

    def step(self, *sources: str, name: str = "step", alone: bool = False, **options: Any) -> Attempt:
        """Start a worker on cells with these sources."""
        if self.zygote is None:
            assert self.prelude()["type"] == "ready", self.ready
        self._count += 1
        output = self.root / "run" / "steps" / f"{name}-{self._count}.ipynb"
        start = options.pop("start", 10)
        may_raise = options.pop("may_raise", ())
        spec = StepSpec(
            "run",
            name,
            [
                replace(cell, may_raise=position in may_raise)
                for position, cell in enumerate(cells(*sources, start=start))
            ],
            str(self.objects),
            str(self.workspace),
            str(output),
            **options,
        )
        path = self.root / f"step-{self._count}.json"
        path.write_text(json.dumps(to_json(spec)))
        ours, theirs = socket.socketpair()
        if alone:
            process = self._spawn(["worker", str(self.prelude_spec), str(path)], theirs)
            return Attempt(ours, process.pid, output, process)
        assert self.control is not None
        line = json.dumps({"op": "fork", "id": self._count, "spec": str(path)}).encode() + b"\n"
        socket.send_fds(self.control, [line], [theirs.fileno()])
        theirs.close()
        while True:
            answer = self.answer()
            if answer["type"] == "forked" and answer["id"] == self._count:
                return Attempt(ours, answer["pid"], output)

    def run(self, *sources: str, **options: Any) -> StepRecord:
        """Run a step to its end."""
        self.last = self.step(*sources, **options)
        return self.last.result()

    def follow(self, record: StepRecord, *sources: str, **options: Any) -> StepRecord:
        """Run a step on everything that ``record`` left."""
        variables = {n[4:]: v for n, v in record.values.items() if n.startswith("var:")}
        ambient = {n[8:]: v for n, v in record.values.items() if n.startswith("ambient:")}
        return self.run(*sources, variables=variables, ambient=ambient, **options)

    def close(self) -> None:
        if self.control is not None:
            self._answers.close()
            self.control.close()
        if self.zygote is not None:
            try:
                self.zygote.wait(5)
            except subprocess.TimeoutExpired:
                self.zygote.kill()
                self.zygote.wait()

    def _spawn(self, arguments: list[str], theirs: socket.socket) -> subprocess.Popen[bytes]:
        with open(self.root / "processes.log", "ab") as log:
            process = subprocess.Popen(
                [PYTHON, str(BOOTSTRAP), *arguments, str(theirs.fileno())],
                env=self.env,
                cwd=self.workspace,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        theirs.close()
        return process
