"""Calls that start other programs, threads, processes and servers."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..problems import Severity
from .arguments import Arguments
from .evaluator import Evaluator
from .shell import run_shell, run_words
from .values import UNKNOWN, Const, Fact, Items, Thing, Value, text_of

_SERVERS = re.compile(
    r"(asyncio\.(create_task|ensure_future)|uvicorn\.run|\w+\.serve_forever|http\.server\.test|_thread\.start_new_thread)\Z"
)
_STARTED = frozenset(
    {"threading.Thread", "threading.Timer", "multiprocessing.Process", "multiprocessing.context.Process"}
)


def _words(fact: Fact | None) -> list[str | None]:
    return [text_of(item) for item in fact.items] if isinstance(fact, Items) else []


def _script(words: list[str | None]) -> str | None:
    """What a shell is told to execute (``["sh", "-c", SCRIPT]``)."""
    shell, option, script = (*words, None, None, None)[:3]
    return script if shell in ("sh", "bash", "/bin/sh", "/bin/bash") and option == "-c" else None


def _run(ev: Evaluator, arguments: Arguments) -> Value | None:
    given = arguments.get(0, "args")
    fact = None if given is None else given.fact
    text = text_of(fact)
    if text is not None:
        run_shell(ev, text, interpolates=False)
    elif _script(_words(fact)) is not None:
        run_shell(ev, _script(_words(fact)) or "", interpolates=False)
    elif _words(fact):
        run_words(ev, _words(fact))
    else:
        run_words(ev, [None])
    for name in ("stdout", "stderr", "stdin"):
        value = arguments.keywords.get(name)
        if value is not None:
            ev.mutate(value)
    return UNKNOWN


def _system(ev: Evaluator, arguments: Arguments) -> Value | None:
    text = arguments.text(0)
    run_shell(ev, text, interpolates=False) if text is not None else run_words(ev, [None])
    return Value(Const(0, "int", False))


def _start(ev: Evaluator, arguments: Arguments) -> Value | None:
    _run(ev, arguments)
    _report(ev, "a process")
    return Value(Thing("subprocess.Popen"))


def found_left_running(ev: Evaluator, path: str) -> None:
    """Note library functions that leave something running."""
    if _SERVERS.match(path):
        _report(ev, "a server" if "serve" in path or "uvicorn" in path or "http" in path else "a task")


def found_started(ev: Evaluator, owner: Fact | None, name: str) -> None:
    """Note methods that leave something running."""
    if name == "start" and isinstance(owner, Thing) and owner.type in _STARTED:
        _report(ev, "a process" if "Process" in owner.type else "a thread")
    elif name == "serve_forever":
        _report(ev, "a server")


def _report(ev: Evaluator, what: str) -> None:
    message = f"This starts {what}. What still runs at the end of the step is ended with it, and later steps do not have it."
    ev.find(
        "left-running",
        Severity.WARNING,
        message,
        "Wait for its end in the same step, or use it in the same step only",
    )


PROCESS_CALLS: dict[str, Callable[[Evaluator, Arguments], Value | None]] = {
    "subprocess.run": _run,
    "subprocess.call": _run,
    "subprocess.check_call": _run,
    "subprocess.check_output": _run,
    "subprocess.getoutput": _run,
    "subprocess.getstatusoutput": _run,
    "subprocess.Popen": _start,
    "os.system": _system,
    "os.popen": _system,
}
