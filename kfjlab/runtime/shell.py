"""The IPython shell that executes cells, and how it differs from IPython's own: it behaves as ipykernel's, seen through nbclient.

What ipykernel does and this shell does too: the class is called ``ZMQInteractiveShell`` and its configuration has an ``IPKernelApp``
section (pandas, rich, tqdm and others ask for these to learn that they are in a notebook); colours are on; pagers put out nothing;
``input()`` and ``getpass()`` are refused; figures are drawn by matplotlib's inline backend. The user's IPython configuration and start-up
files are left out, although a kernel would execute them: a name that exists only because of a file in somebody's home is undefined on any
other machine, the analysis cannot see it, and no cache key contains it.
"""

from __future__ import annotations

import builtins
import getpass
import importlib
import os
import sys
import types
from typing import Any, Dict, List, Optional, Tuple

from IPython.core import page
from IPython.core.autocall import ZMQExitAutocall
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError, UsageError
from IPython.core.formatters import DisplayFormatter as PlainDisplayFormatter
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.display import Javascript, display
from IPython.utils.process import system
from traitlets import Any as AnyTrait
from traitlets import CBool, Instance, Type, default
from traitlets.config import Config

from .ambient_libraries import INLINE_BACKENDS
from .cell_files import cell_file
from .file_watch import active
from .main_module import MainModule
from .notebook_output import ExecutedNotebook

_INLINE = "matplotlib_inline.backend_inline"
_HERE = os.path.dirname(os.path.abspath(__file__))


class _Compiler(CachingCompiler):
    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        return cell_file(raw_code)


class _DisplayHook(DisplayHook):
    """Puts a cell's value into its outputs."""

    showing = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._found: Optional[Tuple[Dict[str, Any], Dict[str, Any]]] = None

    def start_displayhook(self) -> None:
        self.showing = True
        self._found = None

    def write_output_prompt(self) -> None:
        pass  # the number is in the output

    def write_format_data(
        self, format_dict: Dict[str, Any], md_dict: Optional[Dict[str, Any]] = None
    ) -> None:
        self._found = (format_dict, md_dict or {})

    def finish_displayhook(self) -> None:
        self.showing = False
        found, self._found = self._found, None
        notebook = self.shell.notebook
        if found is not None and notebook is not None:
            sys.stdout.flush()
            sys.stderr.flush()
            with self.shell.capture_lock:
                notebook.result(self.prompt_count, *found)


class DisplayFormatter(PlainDisplayFormatter):
    """Shows figures of earlier steps as pictures, too. Its name is the one by which ``%config`` knows it."""

    def format(self, obj: Any, include: Any = None, exclude: Any = None) -> Any:
        """As IPython does."""
        if _is_inline_figure(obj):
            importlib.import_module(_INLINE)
        return super().format(obj, include, exclude)


def _is_inline_figure(item: Any) -> bool:
    """Whether a kernel would have its inline back end by now, because it has made this figure itself (matplotlib imports the back end,
    which tells IPython how to show figures, when the first figure is made)."""
    figures = sys.modules.get("matplotlib.figure")
    if figures is None or not isinstance(item, getattr(figures, "Figure", ())):
        return False
    backend = dict.get(sys.modules["matplotlib"].rcParams, "backend")
    return backend in INLINE_BACKENDS and (hasattr(item, "number") or "matplotlib.pyplot" in sys.modules)


class _DisplayPublisher(DisplayPublisher):
    """Puts displayed objects into the running cell's outputs."""

    def publish(
        self,
        data: Dict[str, Any],
        metadata: Optional[Dict[str, Any]] = None,
        source: Any = None,
        *,
        transient: Optional[Dict[str, Any]] = None,
        update: bool = False,
        **kwargs: Any,
    ) -> None:
        self._validate_data(data, metadata or {})
        notebook = self.shell.notebook
        if notebook is not None:
            sys.stdout.flush()
            sys.stderr.flush()
            with self.shell.capture_lock:
                notebook.display(data, metadata or {}, transient or {}, update)

    def clear_output(self, wait: bool = False) -> None:
        notebook = self.shell.notebook
        if notebook is not None:
            with self.shell.capture_lock:
                notebook.clear(wait)


@magics_class
class _KernelMagics(Magics):
    """The magics that ipykernel has in place of IPython's."""

    @line_magic  # type: ignore[untyped-decorator]
    def edit(self, line: str) -> None:
        """There is no editor in a step."""
        raise UsageError("%edit needs somebody at the keyboard, and a step has nobody.")

    @line_magic  # type: ignore[untyped-decorator]
    def clear(self, line: str) -> None:
        """Clear the terminal."""
        self.shell.system("clear")

    @line_magic  # type: ignore[untyped-decorator]
    def less(self, line: str) -> None:
        """Show a file through the pager."""
        if not line:
            raise UsageError("Missing filename.")
        with open(line, encoding="utf-8", errors="replace") as file:
            page.page(file.read())

    more = line_magic("more")(less)

    @line_magic  # type: ignore[untyped-decorator]
    def man(self, line: str) -> None:
        """Show a manual page through the pager."""
        page.page(self.shell.getoutput(f"man {line} | col -b", split=False))

    @line_magic  # type: ignore[untyped-decorator]
    def autosave(self, line: str) -> None:
        """Set how often the notebook is saved, in seconds (for the browser that shows the executed cells)."""
        try:
            interval = int(line)
        except ValueError as error:
            raise UsageError(f"%autosave requires an integer, got {line!r}") from error
        display(
            Javascript(f"IPython.notebook.set_autosave_interval({1000 * interval})"),
            include=["application/javascript"],
        )
        print(f"Autosaving every {interval} seconds" if interval else "Autosave disabled")


class ZMQInteractiveShell(InteractiveShell):
    """See the module's text."""

    displayhook_class = Type(_DisplayHook)
    display_pub_class = Type(_DisplayPublisher)
    compiler_class = Type(_Compiler)
    colors_force = CBool(True)
    autoindent = CBool(False)
    exiter = Instance(ZMQExitAutocall)
    kernel = AnyTrait()
    keepkernel_on_exit: Optional[bool] = None

    notebook: Optional[ExecutedNotebook] = None
    """Where outputs go."""
    failed_showing = False
    """Whether the running cell's value could not be formatted (then the cell counts as failed, as in ipykernel)."""
    exit_called = False
    """Whether the running cell called ``exit()`` or ``quit()``."""
    capture_lock: Any = None
    """The lock that protects the outputs from the thread that takes subprocesses' text."""

    @default("exiter")
    def _default_exiter(self) -> Any:
        return ZMQExitAutocall(self)

    def init_environment(self) -> None:
        """The variables that ipykernel sets."""
        os.environ.update(
            {
                "TERM": "xterm-color",
                "CLICOLOR": "1",
                "FORCE_COLOR": "1",
                "CLICOLOR_FORCE": "1",
                "PAGER": "cat",
                "GIT_PAGER": "cat",
            }
        )
        os.environ["MPLBACKEND"] = os.environ.get("MPLBACKEND") or "module://matplotlib_inline.backend_inline"

    def init_virtualenv(self) -> None:
        """Nothing: the interpreter is the kernelspec's."""

    def init_display_formatter(self) -> None:
        """The formatter above in place of IPython's."""
        self.display_formatter = DisplayFormatter(parent=self)
        self.configurables.append(self.display_formatter)

    def init_hooks(self) -> None:
        """Pagers put out nothing, as what ipykernel sends to a pager never becomes an output."""
        super().init_hooks()
        self.set_hook(
            "show_in_pager", page.as_hook(lambda strng, start=0, screen_lines=0, pager_cmd=None: None), 99
        )

    def init_magics(self) -> None:
        """IPython's magics, then ipykernel's."""
        super().init_magics()
        self.register_magics(_KernelMagics)
        self.magics_manager.register_alias("ed", "edit")

    def enable_gui(self, gui: Optional[str] = None) -> None:
        """Event loops of windows have no use in a step; figures of such back ends are not shown."""

    def ask_exit(self) -> None:
        """``exit()``: remembered; the cell goes on to its end, as in a kernel."""
        self.exit_called = not self.keepkernel_on_exit

    def set_next_input(self, text: str, replace: bool = False) -> None:
        """Nothing: what ``%load`` and others would put into a new cell is never executed."""

    def get_parent(self) -> Dict[str, Any]:
        """There are no requests."""
        return {}

    def system_piped(self, cmd: str) -> None:
        """``!cmd``. Raises :class:`OSError` for background processes, as ipykernel does."""
        if cmd.rstrip().endswith("&"):
            raise OSError("Background processes not supported.")
        _find_shell()
        self.user_ns["_exit_code"] = code = system(self.var_expand(cmd, depth=1))
        if getattr(self, "system_raise_on_error", False) and code != 0:
            import subprocess

            raise subprocess.CalledProcessError(code, cmd)

    system = system_piped

    def _get_exc_info(self, exc_tuple: Any = None) -> Any:
        kind, error, entry = super()._get_exc_info(exc_tuple)
        _hide_own_frames(error, set())
        return kind, error, _without_own_frames(entry)

    def _showtraceback(self, etype: Any, evalue: Any, stb: List[str]) -> None:
        self.failed_showing = self.failed_showing or self.displayhook.showing
        sys.stdout.flush()
        sys.stderr.flush()
        if self.notebook is not None:
            with self.capture_lock:
                self.notebook.error(str(etype.__name__), str(evalue), stb)


def _find_shell() -> None:
    """Let IPython look for the shell of ``!cmd``, which it does once in a process; the folders it looks in are nothing the step read."""
    watch, handler = active(), getattr(system, "__self__", None)
    if watch is not None:
        with watch.paused():
            getattr(handler, "sh", None)


def _hide_own_frames(error: Optional[BaseException], seen: set[int]) -> None:
    """Take the frames of this package's wrappers (``os.stat``) out of a traceback: a kernel has none."""
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error.__traceback__ = _without_own_frames(error.__traceback__)
        _hide_own_frames(error.__context__, seen)
        error = error.__cause__


def _without_own_frames(first: Optional[types.TracebackType]) -> Optional[types.TracebackType]:
    kept = [frame for frame in _entries(first) if os.path.dirname(frame.tb_frame.f_code.co_filename) != _HERE]
    for entry, following in zip(kept, kept[1:]):
        entry.tb_next = following
    if kept:
        kept[-1].tb_next = None
    return kept[0] if kept else first


def _entries(entry: Optional[types.TracebackType]) -> List[types.TracebackType]:
    found = []
    while entry is not None:
        found.append(entry)
        entry = entry.tb_next
    return found


def create_shell(capture_lock: Any) -> ZMQInteractiveShell:
    """Make the one shell of this process. Its namespace is that of a new ``__main__`` module, as in a kernel."""
    config = Config()
    config.HistoryManager.enabled = False
    config.IPKernelApp.kfjlab = "so that libraries know that they are in a notebook"
    shell: ZMQInteractiveShell = ZMQInteractiveShell.instance(config=config)
    shell.capture_lock = capture_lock
    shell.user_module.__class__ = MainModule
    builtins.input = _no_input
    getpass.getpass = _no_getpass
    return shell


def _no_input(prompt: object = "") -> str:
    raise StdinNotImplementedError("raw_input was called, but this frontend does not support input requests.")


def _no_getpass(prompt: str = "", stream: Any = None, **options: Any) -> str:
    raise StdinNotImplementedError("getpass was called, but this frontend does not support input requests.")
