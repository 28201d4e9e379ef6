"""IPython's magics, as the calls that IPython makes of them (``get_ipython().run_line_magic(…)``)."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable

from ..problems import Severity
from ..source import parse_snippet
from .ambient import write_ambient
from .arguments import Arguments
from .code_strings import run_aside, run_code, with_scopes
from .dispatch import evaluate, execute_block
from .evaluator import Evaluator
from .files import touch_file
from .shell import ANY_FILE, UNKNOWN_WORD, interpolated, note_install, run_shell
from .values import TEXT, UNKNOWN, Dotted, Thing, Value
from .words import words

_OPTIONS = re.compile(r"\s*(--?[A-Za-z][\w-]*(?:[= ]?\d+)?\s+)*")
_PROFILER_OPTIONS = re.compile(r"\s*(-[fmTDsulc]\s*\S+\s+|-[rzqi]\s+)*")

_NOTHING = words(
    "lsmagic magic pinfo pinfo2 pdoc pdef psource pfile psearch quickref pprint page pycat debug pdb tb edit ed gui bookmark dhist dirs "
    "logoff logon logstart logstate logstop pastebin man less more doctest_mode rehashx killbgscripts load loadpy autosave clear "
    "connect_info qtconsole html HTML latex markdown js javascript svg SVG code_wrap alias_magic pwd tensorboard wandb watermark "
    "load_dotenv black nb_black lab_black flake8 pycodestyle sas mermaid"
)
_OPTION_MAGICS = words(
    "config precision xmode colors automagic autocall autoawait alias unalias autoreload aimport rehashx"
)
_INSTALLERS = frozenset({"pip", "conda", "mamba", "micromamba", "uv"})
_FILE_COMMANDS = words("ls ll lx lf lk ldir mkdir rmdir rm cp mv cat")
_SUBPROCESSES = words("bash sh script system sx ! perl ruby python python2 python3 pypy cmd")
_HISTORY = words("history hist recall rep rerun macro save notebook")


def _get_ipython(ev: Evaluator, arguments: Arguments) -> Value:
    return Value(Dotted("IPython.shell", True))


def _line(ev: Evaluator, arguments: Arguments) -> Value:
    name, line = arguments.text(0), arguments.text(1) or ""
    if name is None:
        ev.run_wild("a magic whose name is made when it runs")
        return UNKNOWN
    return run_magic(ev, name.lstrip("%"), line, None)


def _old_line(ev: Evaluator, arguments: Arguments) -> Value:
    name, _, line = (arguments.text(0) or "").partition(" ")
    return run_magic(ev, name.lstrip("%"), line, None)


def _cell(ev: Evaluator, arguments: Arguments) -> Value:
    name, line, body = arguments.text(0), arguments.text(1) or "", arguments.text(2)
    if name is None or body is None:
        node = arguments.node
        literal = node.args[2] if node is not None and len(node.args) > 2 else None
        if name is None or not (isinstance(literal, ast.Constant) and isinstance(literal.value, str)):
            ev.run_wild("a cell magic whose text is made when it runs")
            return UNKNOWN
        body = literal.value
    return run_magic(ev, name.lstrip("%"), line, body)


def _shell(ev: Evaluator, arguments: Arguments) -> Value:
    text = arguments.text(0)
    if text is None:
        ev.reads_resource(ANY_FILE)
    else:
        run_shell(ev, text)
    return Value(Thing("list"))


def _run_cell(ev: Evaluator, arguments: Arguments) -> Value:
    text = arguments.text(0)
    body = None if text is None else parse_snippet(text, ev.line)
    if body is None:
        ev.run_wild("get_ipython().run_cell()")
    else:
        run_code(ev, body)
    return UNKNOWN


MAGIC_CALLS: dict[str, Callable[[Evaluator, Arguments], Value | None]] = {
    "IPython.get_ipython": _get_ipython,
    "IPython.core.getipython.get_ipython": _get_ipython,
    "IPython.shell.run_line_magic": _line,
    "IPython.shell.magic": _old_line,
    "IPython.shell.run_cell_magic": _cell,
    "IPython.shell.system": _shell,
    "IPython.shell.getoutput": _shell,
    "IPython.shell.run_cell": _run_cell,
    "IPython.shell.ex": _run_cell,
}


def run_magic(ev: Evaluator, name: str, line: str, body: str | None) -> Value:
    """``%name line``, or ``%%name line`` with the rest of the cell."""
    ev.plain = False
    special = _MAGICS.get(name)
    if special is not None:
        return special(ev, line, body)
    if name in _NOTHING:
        return UNKNOWN
    if name in _OPTION_MAGICS:
        write_ambient(ev, "ipython.options")
        if name == "config" and "InlineBackend" in line:
            write_ambient(ev, "matplotlib.rcParams")
    elif name in _INSTALLERS:
        if re.search(r"\b(install|add|uninstall|remove)\b", line):
            note_install(ev)
    elif name in _FILE_COMMANDS:
        run_shell(ev, f"{'ls' if name.startswith('l') else name} {line}")
    elif name in _SUBPROCESSES:
        _subprocess(ev, name, line, body)
    elif name in _HISTORY:
        message = f"%{name} sees which cells ran before; in a step, these are the step's own."
        ev.find(
            "output-history", Severity.WARNING, message, "Do without it, or keep what it needs in a variable"
        )
    else:
        what = f"%{'%' if body is not None else ''}{name}"
        message = f"{what} is not known to the analysis. It is taken for something that reads every variable."
        ev.find(
            "unknown-magic",
            Severity.WARNING,
            message,
            "Put the code that follows from it into a cell without magic",
        )
        _declared_outputs(ev, line)
        ev.run_wild(what)
    return UNKNOWN


def _declared_outputs(ev: Evaluator, line: str) -> None:
    """``%%R -i x -o y``, ``%sql result << select …``."""
    match = re.match(r"\s*([A-Za-z_]\w*)\s*<<", line)
    if match:
        ev.bind(match.group(1), UNKNOWN)
    for option, names in re.findall(r"(?:^|\s)-([io])\s+([\w,]+)", line):
        for name in names.split(","):
            if option == "o":
                ev.bind(name, UNKNOWN)
            elif ev.is_known(name):
                ev.read(name)


# ---- code in magics


def _code(ev: Evaluator, text: str, line: int, aside: bool = False) -> Value:
    body = parse_snippet(text, line)
    if body is None:
        if text.strip():
            ev.find(
                "syntax-error",
                Severity.ERROR,
                "The code in this magic is not Python.",
                "Correct it",
                line=line,
            )
        return UNKNOWN
    if aside:
        run_aside(ev, body)
        return UNKNOWN
    with_scopes(ev, body)
    if body and isinstance(body[-1], ast.Expr):
        execute_block(ev, body[:-1])
        return evaluate(ev, body[-1].value) if not ev.left else UNKNOWN
    execute_block(ev, body)
    return UNKNOWN


def _time(ev: Evaluator, line: str, body: str | None) -> Value:
    if body is None:
        return _code(ev, _without_options(line), ev.line)
    return _code(ev, body, ev.line + 1)


def _timeit(ev: Evaluator, line: str, body: str | None) -> Value:
    code = _without_options(line)
    text = code if body is None else f"{code}\n{body}"
    start = ev.line
    ev.conditional += 1
    _code(ev, text, start, aside=True)
    ev.conditional -= 1
    return UNKNOWN


def _profile(ev: Evaluator, line: str, body: str | None) -> Value:
    code = _without_options(line, _PROFILER_OPTIONS)
    return _code(ev, code if body is None else f"{code}\n{body}", ev.line)


def _without_options(line: str, options: re.Pattern[str] = _OPTIONS) -> str:
    match = options.match(line + " ")
    return line[match.end() :] if match else line


def _capture(ev: Evaluator, line: str, body: str | None) -> Value:
    name = next((word for word in line.split() if word.isidentifier()), None)
    start = ev.line
    if body is not None:
        _code(ev, body, start + 1)
    if name is not None:
        ev.line = start
        ev.bind(name, Value(Thing("captured")))
    return UNKNOWN


# ---- everything else


def _matplotlib(ev: Evaluator, line: str, body: str | None) -> Value:
    write_ambient(ev, "matplotlib.rcParams")
    return UNKNOWN


def _pylab(ev: Evaluator, line: str, body: str | None) -> Value:
    _matplotlib(ev, line, body)
    ev.run_wild("%pylab", reads_all=False, module="pylab")
    for name, module in (
        ("np", "numpy"),
        ("plt", "matplotlib.pyplot"),
        ("numpy", "numpy"),
        ("matplotlib", "matplotlib"),
    ):
        ev.bind(name, Value(Dotted(module, True)))
    return UNKNOWN


def _extension(ev: Evaluator, line: str, body: str | None) -> Value:
    write_ambient(ev, "ipython.extensions")
    return UNKNOWN


def _cd(ev: Evaluator, line: str, body: str | None) -> Value:
    write_ambient(ev, "cwd")
    words = [word for word in interpolated(ev, line).split() if word != "-q"]
    ev.change_folder(
        words[0]
        if len(words) == 1 and UNKNOWN_WORD not in words[0] and not words[0].startswith("-")
        else None
    )
    return UNKNOWN


def _env(ev: Evaluator, line: str, body: str | None) -> Value:
    line = interpolated(ev, line)
    match = re.match(r"\s*(\w+)(\s*=|\s+\S)", line)
    if match:
        ev.environment.add(match.group(1))
        ev.definite.add(f"env:{match.group(1)}")
        write_ambient(ev, "environ")
    elif re.fullmatch(r"\s*\w+\s*", line):
        ev.reads_resource(f"env:{line.strip()}")
    return UNKNOWN


def _writefile(ev: Evaluator, line: str, body: str | None) -> Value:
    words = _split(interpolated(ev, line))
    appends = "-a" in words or "--append" in words
    for word in words:
        if not word.startswith("-") and UNKNOWN_WORD not in word:
            touch_file(ev, "rw" if appends else "w", word)
    return UNKNOWN


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _run(ev: Evaluator, line: str, body: str | None) -> Value:
    words = [word for word in _split(interpolated(ev, line)) if not word.startswith("-")]
    path = words[0] if words and UNKNOWN_WORD not in words[0] else None
    if path is not None:
        if not path.endswith((".py", ".ipynb", ".ipy")):
            path += ".py"
        touch_file(ev, "r", path)
    ev.reads_resource(ANY_FILE)
    ev.run_wild(f"%run {path or line}", module=f"file:{path}" if path else "")
    return UNKNOWN


def _subprocess(ev: Evaluator, name: str, line: str, body: str | None) -> Value:
    names = re.findall(r"--(?:out|err|proc)[= ]\s*([A-Za-z_]\w*)", line)
    if "--bg" in line.split():
        message = "This leaves a program running. It is ended with the step."
        ev.find("left-running", Severity.WARNING, message, "Leave --bg out")
    if body is None:
        run_shell(ev, line)
    elif name in ("bash", "sh", "system", "sx", "!"):
        run_shell(ev, body, interpolates=False)
    else:
        ev.reads_resource(ANY_FILE)
    for found in names:
        ev.bind(found, Value(TEXT))
    return Value(Thing("list"))


def _store(ev: Evaluator, line: str, body: str | None) -> Value:
    words = line.split()
    names = [word for word in words if word.isidentifier()]
    if "-r" in words:
        for name in names:
            ev.bind(name, UNKNOWN)
        if not names:
            ev.run_wild("%store -r", reads_all=False)
    else:
        for name in names:
            ev.read(name)
    return UNKNOWN


def _who(ev: Evaluator, line: str, body: str | None) -> Value:
    ev.run_wild("%who, which sees every variable")
    return Value(Thing("list"))


def _reset(ev: Evaluator, line: str, body: str | None) -> Value:
    message = (
        "%reset deletes variables. The analysis cannot see which later steps are meant to do without them."
    )
    ev.find(
        "resets-variables",
        Severity.WARNING,
        message,
        "Leave it out: every step starts with what it needs, and no more",
    )
    ev.run_wild("%reset")
    return UNKNOWN


def _delete(ev: Evaluator, line: str, body: str | None) -> Value:
    for name in line.split():
        if name.isidentifier():
            ev.delete(name)
    return UNKNOWN


def _cython(ev: Evaluator, line: str, body: str | None) -> Value:
    for name in re.findall(
        r"^(?:def|cpdef(?:\s+[\w.\[\], ]+?)?|class|cdef class)\s+(\w+)\s*[(:]", body or "", re.MULTILINE
    ):
        ev.bind(name, UNKNOWN)
    ev.find(
        "cannot-travel",
        Severity.WARNING,
        "What %%cython compiles is a module of this process, and cannot travel to other steps.",
        "Use what it defines in the same step",
    )
    return UNKNOWN


_MAGICS: dict[str, Callable[[Evaluator, str, str | None], Value]] = {
    "time": _time,
    "timeit": _timeit,
    "memit": _timeit,
    "prun": _profile,
    "lprun": _profile,
    "mprun": _profile,
    "scalene": _time,
    "snakeviz": _time,
    "pyinstrument": _time,
    "capture": _capture,
    "matplotlib": _matplotlib,
    "pylab": _pylab,
    "load_ext": _extension,
    "reload_ext": _extension,
    "unload_ext": _extension,
    "cd": _cd,
    "pushd": _cd,
    "popd": _cd,
    "env": _env,
    "set_env": _env,
    "writefile": _writefile,
    "file": _writefile,
    "run": _run,
    "store": _store,
    "who": _who,
    "whos": _who,
    "who_ls": _who,
    "reset": _reset,
    "reset_selective": _reset,
    "xdel": _delete,
    "cython": _cython,
}
