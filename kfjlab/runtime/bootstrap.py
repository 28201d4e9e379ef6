"""Starts a process of the runtime; run by path, with any interpreter that has IPython and cloudpickle::

    python bootstrap.py zygote PRELUDE_SPEC.json FD
    python bootstrap.py worker PRELUDE_SPEC.json STEP_SPEC.json FD

The rest of kfjlab may be of another environment, and need not be importable here: a package ``kfjlab`` is made of this file's own folder.
If the notebook imports kfjlab itself, that package becomes the whole one.
"""

import importlib.util
import json
import os
import socket
import sys
import types

RUNTIME = os.path.dirname(os.path.abspath(__file__))
NEEDS = (("IPython", (7, 34), "ipython>=7.34"), ("cloudpickle", (2, 0), "cloudpickle>=2"))


def make_package(folder):
    """Put a package ``kfjlab`` of the modules in ``folder`` into ``sys.modules``, without executing its ``__init__``."""
    if "kfjlab" in sys.modules:
        return
    path = os.path.join(folder, "__init__.py")
    package = types.ModuleType("kfjlab")
    package.__path__ = [folder]
    package.__file__ = path
    package.__spec__ = importlib.util.spec_from_file_location(
        "kfjlab", path, submodule_search_locations=[folder]
    )
    waiting = [True]

    def complete(name):
        if waiting and not name.startswith("__") and os.path.exists(path):
            waiting.clear()
            try:
                package.__spec__.loader.exec_module(package)
            except Exception as error:  # an interpreter that only the runtime supports
                raise AttributeError(
                    "kfjlab cannot be used in this kernel: %s: %s" % (type(error).__name__, error)
                ) from error
            if hasattr(package, name):
                return getattr(package, name)
        raise AttributeError("module 'kfjlab' has no attribute %r" % name)

    package.__getattr__ = complete
    sys.modules["kfjlab"] = package


def prepare_path(workspace):
    """Make ``sys.path`` that of a kernel started in the workspace: ``''`` before the installed packages (as IPython puts it)."""
    if sys.path and os.path.realpath(sys.path[0] or os.curdir) == os.path.dirname(os.path.realpath(__file__)):
        del sys.path[0]
    os.chdir(workspace)
    if "" not in sys.path:
        parts = [os.path.basename(path) for path in sys.path]
        places = [i for i, part in enumerate(parts) if part in ("site-packages", "dist-packages")]
        sys.path.insert(places[0] if places else 0, "")


def missing():
    """The error to report when this interpreter lacks what the runtime needs; None when it has it."""
    if sys.version_info < (3, 9):
        version = "%d.%d" % sys.version_info[:2]
        text = "The notebook's kernel runs Python %s; steps need Python 3.9 or newer." % version
        return {
            "kind": "UnsupportedPython",
            "message": text,
            "fix": "Choose a kernel with a newer Python (--kernel NAME).",
        }
    for name, least, requirement in NEEDS:
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            text = "The notebook's kernel (%s) has no %s: %s." % (sys.executable, name, error)
            return {
                "kind": "MissingPackage",
                "message": text,
                "fix": "%s -m pip install '%s'" % (sys.executable, requirement),
            }
        numbers = tuple(int(part) for part in module.__version__.split(".")[:2] if part.isdigit())
        if numbers < least:
            text = "The notebook's kernel (%s) has %s %s, which is too old." % (
                sys.executable,
                name,
                module.__version__,
            )
            return {
                "kind": "MissingPackage",
                "message": text,
                "fix": "%s -m pip install '%s'" % (sys.executable, requirement),
            }
    return None


def main():
    """Check the interpreter, then become a zygote or a worker."""
    mode, prelude_spec, fd = sys.argv[1], os.path.abspath(sys.argv[2]), int(sys.argv[-1])
    step_spec = os.path.abspath(sys.argv[3]) if mode == "worker" else None
    with open(prelude_spec, encoding="utf-8") as file:
        workspace = json.load(file)["workspace"]
    prepare_path(workspace)
    connection = socket.socket(fileno=fd)
    os.set_inheritable(fd, False)
    error = missing()
    if error is not None:
        answer = (
            {"type": "failed", "error": error}
            if mode == "zygote"
            else {"type": "record", "state": "failed", "error": error}
        )
        connection.sendall(json.dumps(answer).encode() + b"\n")
        return
    sys.argv = ["ipykernel_launcher.py"]
    make_package(os.path.dirname(RUNTIME))
    from kfjlab.runtime import zygote

    if step_spec is None:
        zygote.serve(prelude_spec, connection)
    else:
        zygote.run_alone(prelude_spec, step_spec, connection)


if __name__ == "__main__":
    main()
