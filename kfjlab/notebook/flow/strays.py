"""Values that cannot be handed to another step (found statically where the code shows them)."""

from __future__ import annotations

from .effects import Stray
from .evaluator import Evaluator
from .values import Thing, Value

_OPEN = "Close it in the step, or open it again where it is needed"
_AGAIN = "Make it again in the step that needs it"
_KINDS: dict[str, tuple[str, str]] = {
    "generator": ("a generator", "Make it a list: list(…)"),
    "file": ("an open file", _OPEN),
    "builtins.open": ("an open file", _OPEN),
    "sqlite3.connect": ("a database connection", _AGAIN),
    "duckdb.connect": ("a database connection", _AGAIN),
    "psycopg2.connect": ("a database connection", _AGAIN),
    "sqlalchemy.create_engine": ("a database engine", _AGAIN),
    "socket.socket": ("a socket", _AGAIN),
    "socket.create_connection": ("a socket", _AGAIN),
    "threading.Lock": ("a lock", _AGAIN),
    "threading.RLock": ("a lock", _AGAIN),
    "threading.Event": ("a lock", _AGAIN),
    "threading.Thread": ("a thread", "Wait for its end in the same step"),
    "threading.local": ("thread-local data", _AGAIN),
    "multiprocessing.Lock": ("a lock", _AGAIN),
    "multiprocessing.Process": ("a process", "Wait for its end in the same step"),
    "multiprocessing.Pool": ("a pool of processes", _AGAIN),
    "multiprocessing.Queue": ("a queue between processes", _AGAIN),
    "concurrent.futures.ThreadPoolExecutor": ("a pool of threads", _AGAIN),
    "concurrent.futures.ProcessPoolExecutor": ("a pool of processes", _AGAIN),
    "subprocess.Popen": ("a running program", "Wait for its end in the same step"),
    "tempfile.TemporaryFile": ("an open file", _OPEN),
    "tempfile.NamedTemporaryFile": ("an open file", _OPEN),
    "tempfile.TemporaryDirectory": ("a folder that goes away with the step", "Use a folder of the workspace"),
    "h5py.File": ("an open file", _OPEN),
    "pandas.HDFStore": ("an open file", _OPEN),
    "selenium.webdriver.Chrome": ("a browser", _AGAIN),
    "dask.distributed.Client": ("a connection to a cluster", _AGAIN),
    "ray.init": ("a connection to a cluster", _AGAIN),
    "builtins.memoryview": ("a memoryview", "Keep the object itself"),
}
STRAY_CALLS = frozenset(path for path in _KINDS if "." in path) | {
    "io.open",
    "gzip.open",
    "codecs.open",
    "bz2.open",
    "lzma.open",
    "zipfile.ZipFile",
    "tarfile.open",
}
"""Library functions whose results cannot travel."""


def note_stray(ev: Evaluator, name: str, value: Value) -> None:
    """A name was bound: remember it if its value cannot travel."""
    if ev.frame.scope.kind != "module" or not isinstance(value.fact, Thing):
        return
    known = _KINDS.get(value.fact.type)
    if known is not None:
        ev.strays[name] = Stray(known[0], known[1], ev.line)
