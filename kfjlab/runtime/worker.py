"""One attempt of one step, from its spec to its record, in a process that has executed the prelude."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
import resource
import signal
import socket
import sys
import threading
from dataclasses import replace
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Set

from . import main_module
from .ambient import AmbientChanges
from .capture import Capture
from .checkpoints import Checkpoints
from .execution import CellRunner, Execution, end_tasks, run_in_loop
from .file_children import follow_children
from .file_journal import Journal
from .file_log import TouchLog
from .file_report import FileReport, FileReporter
from .file_watch import Watch, activate
from .files import Places, hidden_folders, remember_digests_in
from .helpers_end import end_helpers
from .messages import LOG_DELAY, Channel, Reactor, end_process_group
from .metrics import metrics_of
from .notebook_output import ExecutedNotebook
from .objects import CorruptObject, ObjectStore
from .protocol import ABSENT, CellSource, StepError, StepRecord, StepSpec, Value, to_json
from .session import Session
from .states import States
from .step_errors import plain
from .values import Carrier, SaveResult

_IPYTHONS = frozenset(
    {
        "In",
        "Out",
        "exit",
        "quit",
        "get_ipython",
        "open",
        "_",
        "__",
        "___",
        "_i",
        "_ii",
        "_iii",
        "_ih",
        "_oh",
        "_dh",
    }
)
_NUMBERED = re.compile(r"_(i?)(\d+)")
_INSTALLS = re.compile(
    r"^\s*[%!]+.*\b(?:pip|conda|mamba|micromamba|uv|poetry|apt|apt-get)\b.*\b(?:install|uninstall|remove|update|upgrade|sync|add)\b"
)


class StepAttempt:
    """An attempt on ``spec``; what happens is told on ``connection``."""

    def __init__(self, session: Session, spec: StepSpec, connection: socket.socket) -> None:
        self._session = session
        self._spec = spec
        self._store = ObjectStore(spec.objects)
        self._channel = Channel(connection)
        self._notebook = ExecutedNotebook(spec.cells, spec.metadata, self._tell)
        self._reactor = Reactor()
        self._checkpoints = Checkpoints(self._notebook, spec.output, session.lock, self._reactor)
        self._capture = Capture(self._stream, self._reactor, session.lock)
        self._carrier: Optional[Carrier] = None
        self._watch: Optional[Watch] = None
        self._reporter: Optional[FileReporter] = None
        self._bound_in: Dict[str, int] = {}
        self._seen: Dict[str, int] = {}
        self._warnings: List[Dict[str, Any]] = []
        self._runner = CellRunner(session.shell, self._notebook, self._capture, self._tell, self._after_cell)
        self._done = Execution(0.0)
        self._missed: FrozenSet[str] = frozenset()
        self._loaded = False
        self._over = False

    def run(self) -> StepRecord:
        """Run the step and send its record."""
        channel, reactor = self._channel, self._reactor
        channel.on_pending = lambda: reactor.later(LOG_DELAY, channel.flush)
        reactor.watch(
            channel.fileno(), end_process_group
        )  # the other end never writes: something to read is the end
        os.register_at_fork(after_in_child=channel.close)
        reactor.start()
        channel.send({"type": "started", "pid": os.getpid()})
        self._capture.start()
        try:
            record = run_in_loop(self._main, self._session.context, self._runner.interrupt)
        except (KeyboardInterrupt, asyncio.CancelledError):
            record = self._failed(StepError("Cancelled", "The step was interrupted."))
        except BaseException as error:
            record = self._failed(_trouble(error, self._spec.step))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        activate(None)
        self._capture.flush()
        record = self._write_notebook(record)
        self._over = True
        trouble = end_helpers()
        if trouble is not None:
            self._warn(
                "helpers-left", f"Helper processes may have left something in shared memory: {trouble}.", None
            )
        channel.send({"type": "record", **to_json(record)})
        return record

    # Phases -----------------------------------------------------------------------------------------------------------

    async def _main(self) -> StepRecord:
        self._channel.send({"type": "phase", "phase": "loading"})
        self._load()
        self._channel.send({"type": "phase", "phase": "running"})
        main_module.begin()
        self._done = await self._runner.run()
        self._missed = main_module.missed()
        self._report_leftovers(await end_tasks())
        self._channel.send({"type": "phase", "phase": "saving"})
        if self._done.error is not None:
            return self._failed(self._done.error)
        return self._succeeded()

    def _load(self) -> None:
        session, spec, store = self._session, self._spec, self._store
        os.environ.update(spec.env)
        remember_digests_in(os.path.join(spec.objects, "digests"))
        session.ambient.rebase_environment()
        if spec.watch_files:
            self._start_watching()
        states = States(store, session.namespace, spec.step)
        session.ambient.set(spec.ambient, states, early=True)
        session.modules.set_code(spec.ambient, states)
        assert session.carrier is not None
        self._carrier = session.carrier
        self._carrier.step = spec.step
        outputs_of_other_steps = ("_", "__", "___")
        for name in (*spec.unset, *spec.withheld, *outputs_of_other_steps):
            session.namespace.pop(name, None)
        self._carrier.load(spec.variables)
        session.ambient.set(spec.ambient, states, early=False)
        session.modules.set(spec.ambient, states)
        session.ambient.refresh(spec.fresh_random)
        self._carrier.begin()
        session.ambient.begin()
        session.modules.begin(store, [*session.prelude_cells, *spec.cells], session.shell.transform_cell)
        self._seen = {name: id(value) for name, value in session.namespace.items()}
        self._loaded = True

    def _start_watching(self) -> None:
        spec = self._spec
        folder = os.path.dirname(spec.output)
        places = Places(spec.workspace, hidden_folders(spec.objects, spec.workspace, folder))
        log = TouchLog(os.path.join(folder, ".files"))
        journal = Journal(places, spec.store_limit, self._keep, log)
        reporter = self._reporter = FileReporter(journal, self._keep)
        watch = self._watch = Watch(journal, self._session.imports)
        self._checkpoints.aside = watch.paused
        if reporter.kernel is not None:
            self._reactor.watch(reporter.kernel.fileno(), lambda: reporter.take_events(watch))
        self._session.modules.on_import = self._watch.module
        self._session.modules.on_missing = self._watch.missing_module
        follow_children(journal, spec.objects)
        activate(self._watch)

    def _after_cell(self, position: int, cell: CellSource) -> None:
        """Note which names the cell has bound, and what else it did that the record mentions."""
        now = {name: id(value) for name, value in self._session.namespace.items()}
        for name, identity in now.items():
            if self._seen.get(name) != identity:
                self._bound_in[name] = position
        self._seen = now
        if any(_INSTALLS.match(line) for line in cell.source.splitlines()):
            message = "This cell changes the installed packages, for every step that starts after it and for later runs."
            self._warn("environment-changed", message, cell.index)

    # Records ----------------------------------------------------------------------------------------------------------

    def _succeeded(self) -> StepRecord:
        session, spec = self._session, self._spec
        assert self._carrier is not None
        record = self._observed(saving=True)
        changes = self._carrier.changes()
        mine = set(session.shell.user_ns_hidden) | _IPYTHONS
        changed = [name for name in self._changed(changes) if not self._is_ipythons(name, mine)]
        self._report_untold(self._carrier.untold.difference(changed))
        saved = self._carrier.save([name for name in changed if name in session.namespace])
        for name in sorted({*changed, *saved.values}):
            resource = f"var:{name}"
            if name in saved.values:
                value = self._with_cell(name, saved.values[name])
                record.values[resource] = value
                record.writes[resource] = value.content or value.digest
            elif name not in session.namespace:
                record.writes[resource] = ABSENT
            if name in spec.variables:
                record.given[resource] = spec.variables[name].digest
        error = self._failures(saved, record)
        if error is not None:
            return replace(
                record,
                state="failed",
                error=error,
                writes=_files_of(record.writes),
                values={},
                warnings=self._warnings,
            )
        metrics: Dict[str, float] = {}
        if spec.metrics:
            metrics, unusable = metrics_of(spec.cells, session.shell.transform_cell, session.namespace)
            for name, text in unusable.items():
                self._warn(
                    "metric-not-finite", f"Metric {name} is {text}; only finite numbers are kept.", None
                )
        return replace(record, metrics=metrics, peak_memory=_peak_memory(), warnings=self._warnings)

    def _failed(self, error: StepError) -> StepRecord:
        """The record of a failed attempt: it says what was read, so that a failure on stale inputs is recognised."""
        try:
            record = self._observed(saving=False)
        except Exception as trouble:  # the first error is the one to report; this one comes beside it
            self._warn(
                "not-observed",
                f"What the step did beside its variables could not be recorded: {trouble!r}",
                None,
            )
            record = StepRecord("failed", reads=self._variables_read())
        return replace(
            record, state="failed", error=error, peak_memory=_peak_memory(), warnings=self._warnings
        )

    def _observed(self, saving: bool) -> StepRecord:
        """What was read, and what was done to ambient state and files."""
        session = self._session
        states = States(self._store, session.namespace, self._spec.step)
        record = StepRecord("succeeded", reads=self._variables_read(), seconds=self._done.seconds)
        if self._loaded:
            parts = [session.ambient.end(states, saving), session.modules.end(states, saving)]
            record.reads.update(session.caller.take())
            activate(None)
            for part in parts:
                self._add_ambient(record, part)
        activate(None)
        if self._reporter is not None and self._watch is not None:
            if self._reporter.kernel is not None:
                self._reactor.forget(self._reporter.kernel.fileno())
                self._reporter.take_events(self._watch)
            self._add_files(record, self._reporter.report(saving))
            for text in self._watch.problems:
                self._warn("not-observed", f"Some file accesses could not be observed: {text}", None)
            self._reporter = None
        for text in session.imports.problems:
            self._warn("not-observed", f"What an import changed could not be observed: {text}", None)
        session.imports.problems.clear()
        return record

    def _variables_read(self) -> Dict[str, str]:
        reads = {f"var:{name}": value.content or value.digest for name, value in self._spec.variables.items()}
        reads.update({f"var:{name}": ABSENT for name in self._spec.unset})
        for name in self._missed | self._done.missed:
            reads.setdefault(f"var:{name}", ABSENT)
        return reads

    def _add_ambient(self, record: StepRecord, changes: AmbientChanges) -> None:
        record.reads.update({f"ambient:{key}": digest for key, digest in changes.reads.items()})
        record.writes.update({f"ambient:{key}": digest for key, digest in changes.writes.items()})
        record.values.update({f"ambient:{key}": value for key, value in changes.values.items()})
        self._warnings.extend(changes.warnings)

    def _add_files(self, record: StepRecord, report: FileReport) -> None:
        record.reads.update(report.reads)
        record.writes.update(report.writes)
        record.preimages.update(report.preimages)
        record.inferred.extend(report.inferred)
        self._warnings.extend(report.warnings)

    def _failures(self, saved: SaveResult, record: StepRecord) -> Optional[StepError]:
        """Report the variables that cannot be stored; the error of the first that a later step is known to want."""
        error = None
        for failure in saved.failures:
            position = self._bound_in.get(failure.name)
            cell = None if position is None else self._spec.cells[position].index
            text = str(failure)
            record.writes[f"var:{failure.name}"] = (
                "cannot-travel:" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
            )
            consumer = self._spec.consumers.get(failure.name)
            if failure.name != "_" or consumer is not None:
                self._warnings.append(
                    {"code": "cannot-travel", "name": failure.name, "message": text, "cell": cell}
                )
            if consumer is not None and error is None:
                message = f"Step {consumer!r} reads {failure.name!r}, which cannot be carried to it. {text}"
                fix = failure.fix or f"Make {failure.name!r} in step {consumer!r}, where it is used."
                error = StepError("CannotTravel", message, cell, fix=fix)
        return error

    # Names ------------------------------------------------------------------------------------------------------------

    def _changed(self, changes: Any) -> List[str]:
        return sorted({*changes.bound, *changes.rebound, *changes.mutated, *changes.deleted})

    def _is_ipythons(self, name: str, known: Set[str]) -> bool:
        """Whether IPython or Python and not the user bound a name."""
        shell, namespace = self._session.shell, self._session.namespace
        if name in ("_", "__", "___"):
            return namespace.get(name) is getattr(shell.displayhook, name)
        if name in known and (name not in namespace or namespace[name] is shell.user_ns_hidden.get(name)):
            return True
        if name in ("_i", "_ii", "_iii", "__builtins__", "__builtin__", "__warningregistry__"):
            return True
        numbered = _NUMBERED.fullmatch(name)
        if numbered is None:
            return False
        if numbered.group(1):
            return True
        outputs = shell.history_manager.output_hist
        return name not in namespace or outputs.get(int(numbered.group(2))) is namespace[name]

    def _with_cell(self, name: str, value: Value) -> Value:
        given = self._spec.variables.get(name)
        if given is not None and (given.content or given.digest) == (value.content or value.digest):
            return replace(value, cell=given.cell)
        cell = self._cell_of(name)
        return value if cell is None else replace(value, cell=cell)

    def _cell_of(self, name: str) -> Optional[int]:
        """Index of the cell that has bound a variable, or mentions it last."""
        position = self._bound_in.get(name)
        if position is None:
            mention = re.compile(rf"\b{re.escape(name)}\b")
            mentioned = [i for i, cell in enumerate(self._spec.cells) if mention.search(cell.source)]
            position = mentioned[-1] if mentioned else None
        return None if position is None else self._spec.cells[position].index

    def _report_untold(self, names: Set[str]) -> None:
        """Of the prelude's objects that cannot be carried, report those that this step seems to change (a later step is to read what it has
        left in them) without anything that shows it."""
        for name in sorted(names & self._spec.consumers.keys()):
            message = (
                f"{name!r} was made by the imports cells and cannot be carried to another step, and whether this step has changed "
                f"it cannot be told. Step {self._spec.consumers[name]!r} sees it as the imports left it. Make it in the step that "
                "uses it, or put both into one step."
            )
            self._warn("unseen-change", message, self._cell_of(name))

    # Small things -----------------------------------------------------------------------------------------------------

    def _stream(self, name: str, text: str) -> None:
        if self._over:
            return  # what helper processes say while they end
        self._notebook.stream(name, text)
        self._checkpoints.changed()
        self._channel.log(name, text, self._notebook.current)

    def _tell(self, message: Mapping[str, Any]) -> None:
        self._channel.send(message)
        self._checkpoints.changed()

    def _keep(self, path: str) -> str:
        digest: str = self._store.put_file(path)
        return digest

    def _warn(self, code: str, message: str, cell: Optional[int]) -> None:
        self._warnings.append({"code": code, "message": message, "cell": cell})

    def _report_leftovers(self, tasks: List[str]) -> None:
        if tasks:
            self._warn(
                "task-left-running",
                f"Tasks were still running at the end of the step and were ended: {', '.join(tasks)}.",
                None,
            )
        threads = sorted(thread.name for thread in threading.enumerate() if _is_users(thread))
        if threads:
            self._warn(
                "thread-left-running",
                f"Threads were still running at the end of the step and end with it: {', '.join(threads)}.",
                None,
            )

    def _write_notebook(self, record: StepRecord) -> StepRecord:
        self._checkpoints.stop()
        try:
            self._notebook.write(self._spec.output)
        except OSError as error:
            if record.error is None:
                return replace(record, state="failed", error=_trouble(error, self._spec.step))
            self._warn("notebook-not-written", f"The executed cells could not be written: {error}", None)
        return record


def _trouble(error: BaseException, step: str) -> StepError:
    """The error of a step that failed outside of its cells: loading or saving."""
    text = plain(error)
    if isinstance(error, CorruptObject):
        return StepError(
            "CorruptObject",
            str(error),
            fix="The steps that made the damaged values run again.",
            traceback=text,
        )
    if isinstance(error, MemoryError):
        message = f"Memory ran out while the variables of step {step!r} were loaded or saved."
        return StepError(
            "OutOfMemory",
            message,
            fix="Let the step work on less data at a time, or give it more memory.",
            traceback=text,
        )
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        message = f"The disk is full: {error}"
        return StepError(
            "DiskFull",
            message,
            fix="Make room (kfjlab gc frees what old runs keep), then kfjlab resume.",
            traceback=text,
        )
    if isinstance(error, ModuleNotFoundError):
        message = (
            f"A variable of an earlier step needs the module {error.name!r}, which cannot be imported here."
        )
        return StepError(
            "ModuleNotFoundError",
            message,
            fix=f"Install {error.name!r} into the kernel's environment.",
            traceback=text,
        )
    message = f"The variables of step {step!r} could not be loaded or saved: {type(error).__name__}: {error}"
    return StepError(
        type(error).__name__,
        message,
        fix="The traceback says where; a class with its own pickling may be the cause.",
        traceback=text,
    )


def _files_of(resources: Dict[str, str]) -> Dict[str, str]:
    return {name: digest for name, digest in resources.items() if name.startswith("file:")}


def _is_users(thread: threading.Thread) -> bool:
    """Whether a cell's own code runs in the thread (and not a library's)."""
    target = getattr(thread, "_target", None)
    return (
        "__main__" in (getattr(target, "__module__", None), type(thread).__module__)
        and thread is not threading.main_thread()
    )


def _peak_memory() -> int:
    """Bytes that the process, or the largest of its ended children, has held at most."""
    unit = 1 if sys.platform == "darwin" else 1024
    return (
        max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        * unit
    )
