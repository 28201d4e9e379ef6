"""Shell commands (``!cmd``, ``%%bash``, ``subprocess``): which files they touch and which variables are put into them."""

from __future__ import annotations

import ast
import posixpath
import re
import shlex
from collections.abc import Sequence

from ..problems import Severity
from ..source import parse_snippet
from .dispatch import evaluate
from .evaluator import Evaluator
from .files import touch_file
from .values import text_of
from .words import words

ANY_FILE = "file:*"
_QUIET = words(
    "echo printf true false pwd whoami date uname hostname nvidia-smi which type env printenv sleep df free top ps lscpu nproc uptime "
    "id locale clear set export source cd test [ exit arch conda-env"
)
_READERS = words(
    "cat head tail wc sort uniq cut grep egrep awk sed less more file stat md5sum sha256sum diff jq du column nl od xxd zcat"
)
_NO_VALUE = re.compile(r"-{1,2}[\w-]+(=.*)?\Z")
_LIKE_A_PATH = re.compile(r"[\w.~/+@%-]*(/[\w.~+@%-]+|[\w-]\.[A-Za-z][A-Za-z0-9]{0,9})/?\Z")
_INSTALLS = re.compile(
    r"\s*(?:sudo\s+)?(?:python3?\s+-m\s+|uv\s+)?(pip3?|conda|mamba|micromamba|apt|apt-get|uv)\s+(?:-\w+\s+)*(install|add)\b"
)
_SEPARATORS = frozenset(";&|()")
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")
_VARIABLES = re.compile(rf"\b([A-Za-z_]\w*)=(\S*)|\b(?:for|read)\s+([A-Za-z_]\w*)|{_VARIABLE.pattern}")
_OF_THE_SHELL = words(
    "PWD OLDPWD RANDOM SECONDS LINENO SHLVL PPID UID EUID IFS HOSTNAME OSTYPE REPLY OPTARG OPTIND PIPESTATUS BASH BASH_VERSION"
)
"""Variables that the shell sets itself."""
_HERE_DOCUMENT = re.compile(r"<<-?\s*(['\"]?)(\w+)\1([^\n]*)\n.*?\n\s*\2[ \t]*(?=\n|\Z)", re.DOTALL)
_INTERPOLATED = re.compile(r"\$\$|\$([A-Za-z_]\w*)|\{\{|\}\}|\{([^{}\n]+)\}")


def run_shell(ev: Evaluator, text: str, interpolates: bool = True) -> None:
    """A command line is given to the shell. ``interpolates``: IPython puts variables into it (``{x}``, ``$x``)."""
    if interpolates:
        text = interpolated(ev, text)
    _read_environment(ev, text)
    if _INSTALLS.match(text):
        note_install(ev)
        return
    try:
        text = _HERE_DOCUMENT.sub(r"\3\n", text.replace("\\\n", " "))
        lexer = shlex.shlex(text.replace("\n", " ; "), posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        lexer.whitespace = " \t\r"
        words: list[str | None] = [None if UNKNOWN_WORD in word else word for word in lexer]
    except ValueError:
        words = [None]
    run_words(ev, words)


def _read_environment(ev: Evaluator, text: str) -> None:
    """Note the variables (``$NAME``) that the shell takes from the environment. Too many do no harm: one that is not set stays so."""
    own = set(_OF_THE_SHELL)
    for match in _VARIABLES.finditer(text):
        assigned, value, bound, read = match.groups()
        for name in [read] if read else _VARIABLE.findall(value or ""):
            if name not in own:
                ev.reads_resource(f"env:{name}")
        own.add(assigned or bound)


UNKNOWN_WORD = "\ufffc"


def interpolated(ev: Evaluator, text: str) -> str:
    """A text with the variables put in that IPython puts into it; :data:`UNKNOWN_WORD` stands for values that are not known."""

    def replace(match: re.Match[str]) -> str:
        name, expression = match.group(1), match.group(2)
        if name is not None:
            return _value_text(ev, ast.Name(name, ast.Load())) if ev.is_known(name) else match.group(0)
        if expression is None:
            return match.group(0)[0] if match.group(0) != "$$" else "$"
        body = parse_snippet(expression.strip(), ev.line)
        if body is None or len(body) != 1 or not isinstance(body[0], ast.Expr):
            return match.group(0)
        names = [node.id for node in ast.walk(body[0]) if isinstance(node, ast.Name)]
        if not all(ev.is_known(n) for n in names):
            return match.group(0)  # the shell's own braces, as far as IPython can tell
        return _value_text(ev, body[0].value)

    return _INTERPOLATED.sub(replace, text)


def _value_text(ev: Evaluator, node: ast.expr) -> str:
    value = evaluate(ev, ast.copy_location(node, ast.Pass(lineno=ev.line, col_offset=0)))
    text = text_of(value.fact)
    return UNKNOWN_WORD if text is None else text


def note_install(ev: Evaluator) -> None:
    """Packages are installed: later steps must wait for that."""
    message = "This installs packages while the pipeline runs; later steps wait for it, and a reused step does not repeat it."
    ev.find("installs-packages", Severity.INFO, message, "Install them into the environment beforehand")
    ev.writes_resource("ambient:sys.path", definitely=False)


def run_words(ev: Evaluator, words: Sequence[str | None]) -> None:
    """Commands that the shell's grammar has split into words (``None``: not known)."""
    ev.plain = False
    command: list[str | None] = []
    for word in [*words, ";"]:
        if word is not None and word and _SEPARATORS.issuperset(word):
            if command:
                _run_command(ev, command)
            command = []
        else:
            command.append(word)


def _redirected(ev: Evaluator, command: list[str | None]) -> list[str | None]:
    """Note what redirections touch; the words without them."""
    kept: list[str | None] = []
    index = 0
    while index < len(command):
        word = command[index]
        if word in (">", ">>", ">|", "<", "&>", ">&") and index + 1 < len(command):
            target = command[index + 1]
            if target is not None and not target.isdigit():
                touch_file(ev, {">>": "rw", "<": "r"}.get(word, "w"), target)
            if kept and kept[-1] in ("1", "2"):
                kept.pop()
            index += 2
            continue
        kept.append(word)
        index += 1
    return kept


def _run_command(ev: Evaluator, command: list[str | None]) -> None:
    words = _redirected(ev, command)
    while (
        words
        and words[0] is not None
        and (words[0] in ("sudo", "time", "nohup", "env") or re.match(r"\w+=", words[0]))
    ):
        words = words[1:]
    if not words:
        return
    name = None if words[0] is None else posixpath.basename(words[0])
    plain = [word for word in words[1:] if word is not None and not _NO_VALUE.match(word)]
    if name == "printenv":
        for word in plain:
            ev.reads_resource(f"env:{word}")
    if name in _QUIET or any(word in ("--version", "--help") for word in words):
        return
    if name in _READERS:
        for word in plain:
            if _LIKE_A_PATH.match(word):
                touch_file(ev, "rw" if name == "sed" and "-i" in words else "r", word)
        if any(word is None for word in words):
            ev.reads_resource(ANY_FILE)
        return
    handler = _COMMANDS.get(name or "")
    if handler is not None and all(word is not None for word in words):
        handler(ev, plain, [word for word in words if word is not None])
        return
    _unknown(ev, words, plain)


def _unknown(ev: Evaluator, words: Sequence[str | None], plain: Sequence[str]) -> None:
    """A command of which nothing is known: it may read any file, and write those that it is told."""
    ev.reads_resource(ANY_FILE)
    if words[0] in ("python", "python3", "bash", "sh", "Rscript") and plain:
        touch_file(ev, "r", plain[0])
        plain = plain[1:]
    for word in plain:
        if _LIKE_A_PATH.match(word) and "://" not in word:
            touch_file(ev, "rw", word)


# ---- commands that are known


def _list(ev: Evaluator, plain: list[str], words: list[str]) -> None:
    for word in plain or ["."]:
        touch_file(ev, "g" if re.search(r"[*?\[]", word) else "d", word)


def _make(ev: Evaluator, plain: list[str], words: list[str]) -> None:
    for word in plain:
        touch_file(ev, "m" if words[0] == "mkdir" else "rw", word)


def _remove(ev: Evaluator, plain: list[str], words: list[str]) -> None:
    for word in plain:
        touch_file(ev, "g" if re.search(r"[*?\[]", word) else "x", word)


def _copy(ev: Evaluator, plain: list[str], words: list[str]) -> None:
    if len(plain) < 2:
        return
    *sources, target = plain
    for source in sources:
        touch_file(ev, "x" if words[0] == "mv" else "r", source)
    if target.endswith("/") or len(sources) > 1 or target == ".":
        for source in sources:
            touch_file(ev, "w", posixpath.join(target, posixpath.basename(source)))
    else:
        touch_file(ev, "w", target)


def _download(ev: Evaluator, plain: list[str], words: list[str]) -> None:
    is_wget = words[0] == "wget"
    target = _option(words, *(("-O", "--output-document") if is_wget else ("-o", "--output")))
    folder = _option(words, "-P", "--directory-prefix") or ""
    if target is not None and target != "-":
        touch_file(ev, "w", target)
    elif is_wget or "-O" in words or "--remote-name" in words:
        for word in plain:
            if "://" in word:
                name = posixpath.basename(word.split("?")[0])
                touch_file(ev, "w", posixpath.join(folder, name))


def _unpack(ev: Evaluator, plain: list[str], words: list[str]) -> None:
    folder = _option(words, "-d", "-C")
    archives = [word for word in plain if word != folder and "." in word]
    for word in archives[:1]:
        writes = words[0] == "zip" or (words[0] == "tar" and any("c" in w for w in words[1:2]))
        touch_file(ev, "w" if writes else "r", word)
    if folder:
        touch_file(ev, "m", folder)
    if words[0] in ("gunzip", "gzip", "bunzip2") and archives:
        touch_file(ev, "x", archives[0])


def _clone(ev: Evaluator, plain: list[str], words: list[str]) -> None:
    if "clone" in plain:
        url, *folder = plain[plain.index("clone") + 1 :] or [""]
        name = posixpath.basename(url).removesuffix(".git")
        touch_file(ev, "m", folder[0] if folder else name)
    else:
        ev.reads_resource(ANY_FILE)


def _tee(ev: Evaluator, plain: list[str], words: list[str]) -> None:
    for word in plain:
        touch_file(ev, "rw" if "-a" in words else "w", word)


def _option(words: list[str], *names: str) -> str | None:
    for index, word in enumerate(words[:-1]):
        if word in names:
            return words[index + 1]
    return next(
        (word.partition("=")[2] for word in words if word.partition("=")[0] in names and "=" in word), None
    )


_COMMANDS = {
    "ls": _list,
    "find": _list,
    "tree": _list,
    "mkdir": _make,
    "touch": _make,
    "rm": _remove,
    "rmdir": _remove,
    "cp": _copy,
    "mv": _copy,
    "wget": _download,
    "curl": _download,
    "unzip": _unpack,
    "tar": _unpack,
    "zip": _unpack,
    "gunzip": _unpack,
    "git": _clone,
    "tee": _tee,
}
