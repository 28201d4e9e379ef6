"""What a process has that executes cells, and the execution of the prelude in it."""

from __future__ import annotations

import contextvars
import copy
import faulthandler
import json
import os
import threading
import time
from typing import Any, Dict, List, Mapping, Optional, Set

from .ambient import Ambient
from .ambient_caller import CallerVariables
from .ambient_modules import WorkspaceModules
from .capture import Capture, install_streams
from .execution import CellRunner, Execution, end_tasks, run_in_loop
from .file_children import adopt_spawner
from .file_journal import Journal
from .file_log import TouchLog
from .file_watch import Watch, activate
from .files import (
    DIRECTORY,
    Places,
    file_digest,
    folder_names,
    hidden_folders,
    remember_digests_in,
)
from .imports import ImportWatch
from .messages import Reactor
from .notebook_output import ExecutedNotebook
from .objects import ObjectStore
from .protocol import ABSENT, CellSource, PreludeRecord, PreludeSpec, StepError, prelude_record_from_json
from .shell import ZMQInteractiveShell, create_shell
from .states import States
from .values import Carrier
from .widgets import comm_listener

PARAMETERS = "pipeline-parameters"
"""Role of the cells after which parameters are assigned."""
STORE_LIMIT = 256 * 1024 * 1024
"""Bytes above which a file that the prelude reads is told by its size and time."""


class PreludeError(Exception):
    """The prelude failed; ``error`` says where and why."""

    def __init__(self, error: StepError) -> None:
        super().__init__(error.message)
        self.error = error


class Session:
    """A shell with its namespace and everything that belongs to the process. Made once; forks of the process inherit it."""

    def __init__(self, workspace: str) -> None:
        self.fault_log = os.dup(2)
        faulthandler.enable(
            self.fault_log
        )  # a crash in compiled code leaves its Python frames in the process's own log
        install_streams()
        self.workspace = workspace
        self.lock = threading.RLock()
        self.shell: ZMQInteractiveShell = create_shell(self.lock)
        self.imports = ImportWatch()
        self.imports.install()
        self.ambient = Ambient(self.shell, workspace)
        self.ambient.watch(self.imports)
        places = Places(workspace)
        self.caller = CallerVariables(places, self.shell.user_ns)
        self.caller.install()
        self.modules = WorkspaceModules(places, self.shell.user_ns)
        self.imports.missed.append(self.modules.missed)
        self.imports.executed += [self.modules.executed, adopt_spawner, comm_listener(self._widget_said)]
        self.context = contextvars.copy_context()
        self.carrier: Optional[Carrier] = None
        self.prelude_cells: List[CellSource] = []

    def _widget_said(self, widget: str, data: Mapping[str, Any], buffers: List[bytes]) -> None:
        if self.shell.notebook is not None:
            with self.lock:
                self.shell.notebook.widget_said(widget, data, buffers)

    @property
    def namespace(self) -> Dict[str, Any]:
        """The variables."""
        variables: Dict[str, Any] = self.shell.user_ns
        return variables


class Prelude:
    """One execution of a prelude."""

    def __init__(self, session: Session, spec: PreludeSpec) -> None:
        self._session = session
        self._spec = spec
        self._store = ObjectStore(spec.objects)
        self._notebook = ExecutedNotebook(spec.cells, spec.metadata)
        self._unassigned: Set[str] = set(spec.parameters)

    def run(self) -> PreludeRecord:
        """Execute the cells and describe what they left. Raises :class:`PreludeError`."""
        session, spec = self._session, self._spec
        os.environ.update(spec.env)
        remember_digests_in(os.path.join(spec.objects, "digests"))
        session.prelude_cells = list(spec.cells)
        reactor = Reactor()
        reactor.start()
        capture = Capture(self._notebook.stream, reactor, session.lock)
        journal = self._journal()
        capture.start()
        try:
            watch = Watch(journal, session.imports)
            session.modules.on_import, session.modules.on_missing = watch.module, watch.missing_module
            activate(watch)
            record = run_in_loop(lambda: self._main(capture, journal), session.context)
        finally:
            activate(None)
            capture.stop()
            reactor.stop()
            journal.log.note("end", "")
            journal.log.close()
            session.shell.notebook = None
            self._notebook.write(spec.output)
        _end_script_magics(session.shell)
        return record

    def _journal(self) -> Journal:
        folder = os.path.dirname(self._spec.output)
        places = Places(
            self._spec.workspace, hidden_folders(self._spec.objects, self._spec.workspace, folder)
        )
        log = TouchLog(os.path.join(folder, ".files"))
        return Journal(places, STORE_LIMIT, lambda path: file_digest(path, STORE_LIMIT), log)

    async def _main(self, capture: Capture, journal: Journal) -> PreludeRecord:
        session = self._session
        if not any(cell.role == PARAMETERS for cell in self._spec.cells):
            self._assign(everything=True)
        runner = CellRunner(session.shell, self._notebook, capture, after_cell=self._after_cell)
        done: Execution = await runner.run()
        if done.error is not None:
            raise PreludeError(done.error)
        warnings: List[Dict[str, Any]] = []
        left = await end_tasks()
        if left:
            warnings.append(
                _warning(
                    "task-left-running",
                    f"The imports left tasks running, which were ended: {', '.join(left)}.",
                )
            )
        activate(None)
        self._restore()
        ambient, lost = session.ambient.states(self._states())
        session.ambient.rebase()
        session.modules.rebase(self._store)
        session.carrier = Carrier(self._store, session.namespace, "the prelude")
        session.carrier.freeze_prelude()
        values, needs = session.carrier.prelude_values()
        session.context = contextvars.copy_context()
        reads = {**_reads(journal), **session.caller.take()}
        return PreludeRecord(values, needs, ambient, reads, done.seconds, warnings + lost)

    def _after_cell(self, position: int, cell: CellSource) -> None:
        if cell.role == PARAMETERS:
            last = all(later.role != PARAMETERS for later in self._spec.cells[position + 1 :])
            self._assign(everything=last)

    def _assign(self, everything: bool) -> None:
        """Assign the given parameters that the cells so far have bound, so that what follows computes with them; at last all."""
        namespace = self._session.namespace
        for name, value in self._spec.parameters.items():
            if everything or name in namespace:
                namespace[name] = copy.deepcopy(value)

    def _restore(self) -> None:
        """Replace data and ambient state by what an earlier execution of the prelude gave."""
        if self._spec.restore is None:
            return
        earlier = prelude_record_from_json(self._spec.restore)
        Carrier(self._store, self._session.namespace, "the prelude").load(earlier.values)
        for early in (True, False):
            self._session.ambient.set(earlier.ambient, self._states(), early)

    def _states(self) -> States:
        return States(self._store, self._session.namespace, "the prelude")


def _reads(journal: Journal) -> Dict[str, str]:
    """The files and listings that the prelude read. What it changed itself counts as it left it: it is the same prelude the next time,
    when it finds that."""
    reads: Dict[str, str] = {}
    for name, seen in journal.reads.items():
        path = journal.places.path(name)
        if seen.digest == ABSENT and os.path.isdir(path):
            continue  # it looked for a folder and then made it
        if seen.digest == DIRECTORY:
            continue  # most likely one that it makes if it is not there
        own = name in journal.writes
        reads[f"file:{name}"] = (None if own else seen.digest) or file_digest(path, STORE_LIMIT)
    for name in journal.listings:
        reads[f"dir:{name}"] = json.dumps(folder_names(journal.places.path(name)))
    if journal.subprocesses:
        reads["file:*"] = "any"
    return reads


def _end_script_magics(shell: ZMQInteractiveShell) -> None:
    """Stop the thread in which ``%%bash`` and the like run programs; it is started again when it is needed."""
    magics = shell.magics_manager.registry.get("ScriptMagics")
    loop = getattr(magics, "event_loop", None)
    if magics is None or loop is None:
        return
    if hasattr(magics, "stop_event_loop"):
        magics.stop_event_loop()
        return
    magics.event_loop = None
    loop.call_soon_threadsafe(loop.stop)
    deadline = time.monotonic() + 2
    while loop.is_running() and time.monotonic() < deadline:
        time.sleep(0.001)
    if not loop.is_running():
        loop.close()


def _warning(code: str, message: str) -> Dict[str, Any]:
    return {"code": code, "message": message, "cell": None}
