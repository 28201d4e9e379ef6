"""Which files and folders a call reads and writes, as far as their paths are known."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from pathlib import Path

from .arguments import Arguments
from .evaluator import Evaluator
from .values import Const, Fact, Items, PathFact, Value, text_of

Spec = tuple[str, int, tuple[str, ...]]
"""What happens to a path (``r`` read, ``w`` written, ``rw`` both, ``d`` listed, ``x`` deleted, ``m`` a folder that is made, ``o`` opened in
the mode that the argument after it says), the position of the argument, and its names."""

_P = (
    "path",
    "file",
    "filename",
    "fname",
    "filepath",
    "filepath_or_buffer",
    "path_or_buf",
    "source",
    "f",
    "fp",
    "io",
    "name",
    "file_path",
)

_CALLS: dict[str, tuple[Spec, ...]] = {
    "builtins.open": (("o", 0, ("file",)),),
    "io.open": (("o", 0, ("file",)),),
    "codecs.open": (("o", 0, ("filename",)),),
    "gzip.open": (("o", 0, ("filename",)),),
    "bz2.open": (("o", 0, ("filename",)),),
    "lzma.open": (("o", 0, ("filename",)),),
    "aiofiles.open": (("o", 0, ("file",)),),
    "tarfile.open": (("o", 0, ("name",)),),
    "zipfile.ZipFile": (("o", 0, ("file",)),),
    "h5py.File": (("o", 0, ("name",)),),
    "netCDF4.Dataset": (("o", 0, ("filename",)),),
    "pandas.HDFStore": (("o", 0, ("path",)),),
    "pandas.ExcelWriter": (("w", 0, ("path",)),),
    "pandas.ExcelFile": (("r", 0, _P),),
    "sqlite3.connect": (("rw", 0, ("database",)),),
    "duckdb.connect": (("rw", 0, ("database",)),),
    "shelve.open": (("rw", 0, ("filename",)),),
    "dbm.open": (("rw", 0, ("file",)),),
    "numpy.memmap": (("rw", 0, ("filename",)),),
    "numpy.save": (("w", 0, ("file",)),),
    "numpy.savez": (("w", 0, ("file",)),),
    "numpy.savez_compressed": (("w", 0, ("file",)),),
    "numpy.savetxt": (("w", 0, ("fname",)),),
    "joblib.dump": (("w", 1, ("filename",)),),
    "torch.save": (("w", 1, ("f",)),),
    "pandas.to_pickle": (("w", 1, ("filepath_or_buffer",)),),
    "matplotlib.pyplot.savefig": (("w", 0, ("fname",)),),
    "matplotlib.pyplot.imsave": (("w", 0, ("fname",)),),
    "matplotlib.image.imsave": (("w", 0, ("fname",)),),
    "cv2.imwrite": (("w", 0, ("filename",)),),
    "imageio.imwrite": (("w", 0, ("uri",)),),
    "imageio.mimsave": (("w", 0, ("uri",)),),
    "skimage.io.imsave": (("w", 0, ("fname",)),),
    "soundfile.write": (("w", 0, ("file",)),),
    "scipy.io.savemat": (("w", 0, ("file_name",)),),
    "scipy.sparse.save_npz": (("w", 0, ("file",)),),
    "scipy.io.wavfile.write": (("w", 0, ("filename",)),),
    "pyarrow.parquet.write_table": (("w", 1, ("where",)),),
    "pyarrow.feather.write_feather": (("w", 1, ("dest",)),),
    "pyarrow.csv.write_csv": (("w", 1, ("output_file",)),),
    "onnx.save": (("w", 1, ("f",)),),
    "torch.onnx.export": (("w", 2, ("f",)),),
    "torchvision.utils.save_image": (("w", 1, ("fp",)),),
    "safetensors.torch.save_file": (("w", 1, ("filename",)),),
    "tensorflow.saved_model.save": (("w", 1, ("export_dir",)),),
    "tensorflow.keras.models.save_model": (("w", 1, ("filepath",)),),
    "keras.models.save_model": (("w", 1, ("filepath",)),),
    "tensorflow.keras.models.load_model": (("r", 0, ("filepath",)),),
    "keras.models.load_model": (("r", 0, ("filepath",)),),
    "lightgbm.Booster": (("r", 2, ("model_file",)),),
    "lightgbm.Dataset": (("r", 0, ("data",)),),
    "lightgbm.train": (("r", -1, ("init_model",)),),
    "xgboost.Booster": (("r", 2, ("model_file",)),),
    "xgboost.DMatrix": (("r", 0, ("data",)),),
    "xgboost.train": (("r", -1, ("xgb_model",)),),
    "urllib.request.urlretrieve": (("w", 1, ("filename",)),),
    "wget.download": (("w", 1, ("out",)),),
    "gdown.download": (("w", 1, ("output",)),),
    "shutil.copy": (("r", 0, ("src",)), ("w", 1, ("dst",))),
    "shutil.copy2": (("r", 0, ("src",)), ("w", 1, ("dst",))),
    "shutil.copyfile": (("r", 0, ("src",)), ("w", 1, ("dst",))),
    "shutil.copytree": (("d", 0, ("src",)), ("m", 1, ("dst",))),
    "shutil.move": (("x", 0, ("src",)), ("w", 1, ("dst",))),
    "shutil.rmtree": (("d", 0, ("path",)), ("x", 0, ("path",))),
    "shutil.unpack_archive": (("r", 0, ("filename",)), ("m", 1, ("extract_dir",))),
    "os.remove": (("x", 0, ("path",)),),
    "os.unlink": (("x", 0, ("path",)),),
    "os.rmdir": (("x", 0, ("path",)),),
    "os.rename": (("x", 0, ("src",)), ("w", 1, ("dst",))),
    "os.replace": (("x", 0, ("src",)), ("w", 1, ("dst",))),
    "os.link": (("r", 0, ("src",)), ("w", 1, ("dst",))),
    "os.symlink": (("r", 0, ("src",)), ("w", 1, ("dst",))),
    "os.makedirs": (("m", 0, ("name",)),),
    "os.mkdir": (("m", 0, ("path",)),),
    "os.listdir": (("d", 0, ("path",)),),
    "os.scandir": (("d", 0, ("path",)),),
    "os.walk": (("d", 0, ("top",)),),
    "os.stat": (("r", 0, ("path",)),),
    "os.path.exists": (("r", 0, ("path",)),),
    "os.path.isfile": (("r", 0, ("path",)),),
    "os.path.isdir": (("r", 0, ("s",)),),
    "os.path.getsize": (("r", 0, ("filename",)),),
    "os.path.getmtime": (("r", 0, ("filename",)),),
    "glob.glob": (("g", 0, ("pathname",)),),
    "glob.iglob": (("g", 0, ("pathname",)),),
    "PIL.Image.open": (("r", 0, ("fp",)),),
    "yaml.safe_load": (),
    "torchvision.datasets.ImageFolder": (("d", 0, ("root",)),),
    "IPython.display.Image": (("r", 0, ("filename", "data")),),
}

_READS = re.compile(
    r"(read_\w+|scan_\w+|load\w*|imread\w*|loadtxt|genfromtxt|fromfile|from_file|open\w*|parse_file|from_csv|read)\Z"
)
_WRITES = re.compile(r"(to_[a-z]+|save\w*|write_\w+|dump|export\w*|sink_\w+|tofile|imwrite|imsave|write)\Z")
_LIKE_A_PATH = re.compile(r"[^\s<>|*?\"{}]*(/[^\s<>|*?\"{}]+|\.[A-Za-z][A-Za-z0-9]{0,9})\Z")
_SYSTEM = ("/dev/", "/proc/", "/sys/", "/usr/", "/etc/", "/lib/", "/bin/", "/run/")

_PATH_METHODS: dict[str, str] = {
    "read_text": "r",
    "read_bytes": "r",
    "write_text": "w",
    "write_bytes": "w",
    "touch": "w",
    "unlink": "x",
    "rmdir": "x",
    "mkdir": "m",
    "exists": "r",
    "is_file": "r",
    "is_dir": "r",
    "stat": "r",
    "iterdir": "d",
    "glob": "d",
    "rglob": "d",
    "walk": "d",
}


_SUFFIXES = {
    "numpy.save": ".npy",
    "numpy.savez": ".npz",
    "numpy.savez_compressed": ".npz",
    "scipy.sparse.save_npz": ".npz",
}
"""What a function adds to names that do not end so."""


def files_in_library(ev: Evaluator, path: str, arguments: Arguments) -> None:
    """Note the files that calling a library function touches."""
    specs = _CALLS.get(path)
    if specs is not None:
        for action, position, names in specs:
            if action == "d" and arguments.get(position, *names) is None:
                _touch(ev, "d", ".")
            for text in _texts(arguments.fact(position, *names)):
                suffix = _SUFFIXES.get(path, "")
                named = text if text.endswith(suffix) else text + suffix
                _touch(ev, _mode(arguments) if action == "o" else action, named)
        return
    name = path.rpartition(".")[2]
    if _READS.match(name):
        for text in _texts(arguments.fact(0, *_P)):
            if path.startswith(("pandas.", "polars.", "numpy.", "joblib.", "torch.")) or _LIKE_A_PATH.match(
                text
            ):
                _touch(ev, "r", text)
    elif _WRITES.match(name):
        for position in (0, 1):
            for text in _texts(arguments.fact(position, *(_P if position == 0 else ()))):
                if _LIKE_A_PATH.match(text):
                    _touch(ev, "w", text)


def _texts(fact: Fact | None) -> list[str]:
    if isinstance(fact, Items):
        return [text for item in fact.items if (text := text_of(item)) is not None]
    text = text_of(fact)
    return [] if text is None else [text]


def _mode(arguments: Arguments) -> str:
    given = arguments.get(1, "mode")
    mode = "r" if given is None else text_of(given.fact)
    if mode is None:
        return "rw"
    mode = mode.partition(":")[0].partition("|")[0]
    if "+" in mode or "a" in mode:
        return "rw"
    return "w" if "w" in mode or "x" in mode else "r"


def files_in_method(ev: Evaluator, owner: Fact | None, name: str, arguments: Arguments) -> None:
    """Note the files that calling a method touches."""
    if isinstance(owner, PathFact):
        if name == "open":
            _touch(
                ev, _mode(Arguments([Value(owner), *arguments.positional], arguments.keywords)), owner.path
            )
        elif name in ("rename", "replace"):
            _touch(ev, "x", owner.path)
            for text in _texts(arguments.fact(0, "target")):
                _touch(ev, "w", text)
        elif name in _PATH_METHODS:
            _touch(ev, _PATH_METHODS[name], owner.path)
        return
    if isinstance(owner, Const):
        return
    if name in ("extractall", "extract"):
        for text in _texts(arguments.fact(0 if name == "extractall" else 1, "path")):
            _touch(ev, "m", text)
    elif _WRITES.match(name):
        for text in _texts(arguments.fact(0, *_P)):
            if _LIKE_A_PATH.match(text):
                _touch(ev, "w", text)
    elif _READS.match(name):
        for text in _texts(arguments.fact(0, *_P)):
            if _LIKE_A_PATH.match(text):
                _touch(ev, "r", text)


def touch_file(ev: Evaluator, action: str, text: str) -> None:
    """Note that a shell command or a magic touches a path."""
    _touch(ev, action, text)


def _touch(ev: Evaluator, action: str, text: str) -> None:
    if action == "g":
        action, text = "d", _folder_of_pattern(text)
    path = plain_path(text, ev.folder())
    if path is None:
        return
    if action == "d":
        ev.reads_resource(f"dir:{path}")
        return
    if action in ("r", "rw"):
        ev.reads_resource(f"file:{path}")
    if action in ("w", "rw", "x", "m"):
        ev.writes_resource(f"file:{path}", definitely=action in ("w", "x"))


def _folder_of_pattern(pattern: str) -> str:
    head = re.split(r"[*?\[]", pattern, maxsplit=1)[0]
    return head.rpartition("/")[0] or ("/" if head.startswith("/") else ".")


@lru_cache(maxsize=4096)
def plain_path(text: str, folder: str | None = "") -> str | None:
    """A path in code as a resource's name: normal, with slashes; ``None`` when it is no file of anybody's (a URL, a device, a database in
    memory). ``folder``: the working directory, relative to the workspace (``None``: unknown, then relative paths are, too)."""
    if not text or "\0" in text or "://" in text or text.startswith(":") or len(text) > 1024 or "\n" in text:
        return None
    text = posixpath.expanduser(text)
    if folder is None and not text.startswith("/"):
        return None
    path = posixpath.normpath(posixpath.join(folder or "", text))
    return None if path.startswith(_SYSTEM) else path


@lru_cache(maxsize=8192)
def in_workspace(resource: str, workspace: Path | None) -> str:
    """A ``file:`` or ``dir:`` resource with its path relative to the workspace, if it is inside."""
    kind, _, path = resource.partition(":")
    if workspace is not None and path.startswith("/"):
        root = str(workspace.absolute())
        if path == root or path.startswith(root.rstrip("/") + "/"):
            return f"{kind}:{posixpath.relpath(path, root)}"
    return resource


def path_method(owner: PathFact, name: str, arguments: Arguments) -> Fact | None:
    """The paths that methods of paths make."""
    texts = [text_of(value.fact) for value in arguments.positional]
    if name == "joinpath" and None not in texts:
        return PathFact(posixpath.join(owner.path, *(text for text in texts if text)))
    if name == "with_suffix" and texts[:1] != [None] and texts:
        return PathFact(posixpath.splitext(owner.path)[0] + (texts[0] or ""))
    if name == "with_name" and texts and texts[0]:
        return PathFact(posixpath.join(posixpath.dirname(owner.path), texts[0]))
    if name in ("resolve", "absolute", "expanduser"):
        return owner
    if name == "as_posix" or name == "__str__":
        return Const(owner.path, "str")
    return None


def path_call(path: str, arguments: Arguments) -> Fact | None:
    """The paths that library functions put together."""
    texts = [text_of(value.fact) for value in arguments.positional]
    if path in ("pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "anyio.Path", "upath.UPath"):
        if None in texts or arguments.rest is not None:
            return None
        return PathFact(posixpath.join(*(text or "" for text in texts)) if texts else ".")
    if path in ("pathlib.Path.cwd", "pathlib.Path().cwd"):
        return PathFact(".")
    if path == "os.getcwd":
        return Const(".", "str", certain=False)
    if None in texts or not texts or arguments.rest is not None:
        return None
    known = [text or "" for text in texts]
    if path == "os.path.join":
        return Const(posixpath.join(*known), "str")
    if path in (
        "os.path.abspath",
        "os.path.normpath",
        "os.path.realpath",
        "os.path.expanduser",
        "os.fspath",
        "builtins.str",
    ):
        fact = arguments.positional[0].fact
        if isinstance(fact, Const) and not isinstance(fact.value, str):
            return None
        return Const(
            posixpath.expanduser(known[0]) if path.endswith("expanduser") else known[0], "str", certain=False
        )
    if path == "os.path.dirname":
        return Const(posixpath.dirname(known[0]), "str")
    if path == "os.path.basename":
        return Const(posixpath.basename(known[0]), "str")
    return None
