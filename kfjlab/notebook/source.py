"""IPython source → Python AST: magics become the calls that IPython makes of them, positions stay those of the cell.

What is no plain Python goes through IPython's own transformers, so that what is analysed is what runs.
"""

from __future__ import annotations

import ast
import hashlib
import io
import re
import tokenize
import warnings
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from .flow.words import words

CACHED_CELLS = 8192
"""Cells whose syntax trees are kept; a whole large notebook, in some of its versions."""

LINE_MAGICS = words(
    "alias alias_magic autoawait autocall automagic autoreload bookmark cat cd code_wrap colors conda config cp debug dhist dirs "
    "doctest_mode ed edit env gui hist history killbgscripts ldir less lf lk ll load load_ext loadpy logoff logon logstart logstate "
    "logstop ls lsmagic lx macro magic mamba man matplotlib micromamba mkdir more mv notebook page pastebin pdb pdef pdoc pfile pinfo "
    "pinfo2 pip popd pprint precision prun psearch psource pushd pwd pycat pylab quickref recall rehashx reload_ext rep rerun reset "
    "reset_selective rm rmdir run save sc set_env sx system tb time timeit unalias unload_ext uv who who_ls whos xdel xmode"
)
"""IPython's line magics, which a cell of one line can call without ``%`` ("automagic")."""


@dataclass(frozen=True)
class SyntaxFault:
    """Why a cell is not Python; ``line`` is 1-based within the cell."""

    message: str
    line: int


@dataclass(frozen=True, eq=False)
class ParsedCell:
    """A cell's statements, or why there are none. ``shows``: the value of the last statement becomes the cell's output, if it has
    one (no ``;`` behind it)."""

    body: tuple[ast.stmt, ...]
    fault: SyntaxFault | None = None
    shows: bool = False
    text: str = ""

    @cached_property
    def digest(self) -> str:
        """sha256 (hex) of what the cell does; comments and layout do not matter."""
        if self.fault is not None:
            return _sha256(self.text)
        return _sha256("\n".join([*self.statement_digests, "shows" if self.shows else ""]))

    @cached_property
    def statement_digests(self) -> tuple[str, ...]:
        """The same for each of the cell's statements."""
        return tuple(_sha256(ast.dump(statement)) for statement in self.body)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@lru_cache(maxsize=CACHED_CELLS)
def parse_cell(source: str) -> ParsedCell:
    """The statements of a cell. Raises nothing: a syntax error is the result's ``fault``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the user's code; whoever runs it sees them
        try:
            if _PASTED.match(source):
                raise SyntaxError("pasted with IPython's prompts, although Python would take it")
            tree = ast.parse(source)
            positions = None
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            text, positions = _transform(source)
            try:
                tree = ast.parse(text)
            except (SyntaxError, ValueError, RecursionError, MemoryError) as second:
                automagic = _automagic(source)
                if automagic is None:
                    problem = second if text != source else error
                    return ParsedCell((), _fault(problem, positions), False, source)
                tree = automagic
        if positions is not None:
            _move_lines(tree, positions)
        fault = _compile_fault(tree)
    if fault is not None:
        return ParsedCell((), fault, False, source)
    return ParsedCell(tuple(tree.body), None, _shows(tree.body, source), source)


@lru_cache(maxsize=1024)
def to_python(source: str) -> str:
    """A cell as Python: magics, commands and questions are calls of ``get_ipython()``. What cannot be read stays as it is."""
    return _transform(source)[0]


def parse_snippet(text: str, line: int) -> tuple[ast.stmt, ...] | None:
    """The statements of code inside a magic's arguments, a cell magic's body, or a string given to ``exec``; its first line is at
    ``line``. ``None`` when it is not Python."""
    parsed = parse_cell(text)
    if parsed.fault is not None:
        return None
    if line == 1:
        return parsed.body
    moved = deepcopy(parsed.body)
    for statement in moved:
        ast.increment_lineno(statement, line - 1)
    return moved


def _fault(error: BaseException, positions: Sequence[int] | None) -> SyntaxFault:
    line = getattr(error, "lineno", None) or 1
    if positions:
        line = positions[min(max(line, 1), len(positions)) - 1]
    if isinstance(error, RecursionError | MemoryError):
        return SyntaxFault("the code is nested too deeply", line)
    message = getattr(error, "msg", None) or str(error)
    return SyntaxFault(message, line)


def _compile_fault(tree: ast.Module) -> SyntaxFault | None:
    """What only the compiler finds (``return`` outside of a function …). IPython compiles each statement by itself, too."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.Expr | ast.Import) and not _may_fail_late(statement):
            continue
        try:
            compile(
                ast.Module([statement], []),
                "<cell>",
                "exec",
                flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
                dont_inherit=True,
            )
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return _fault(error, None)
    return None


_LATE = (
    ast.Lambda,
    ast.GeneratorExp,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.Yield,
    ast.YieldFrom,
    ast.NamedExpr,
    ast.Starred,
)


def _may_fail_late(statement: ast.stmt) -> bool:
    return any(isinstance(node, _LATE) for node in ast.walk(statement))


def _shows(body: Sequence[ast.stmt], source: str) -> bool:
    if not body or not isinstance(body[-1], ast.Expr):
        return False
    return not _ends_with_semicolon(source)


def _ends_with_semicolon(source: str) -> bool:
    """As IPython's displayhook decides whether to be quiet."""
    if ";" not in source:
        return False
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return source.rstrip().endswith(";")
    ignored = (tokenize.ENDMARKER, tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT)
    last = next((token for token in reversed(tokens) if token.type not in ignored), None)
    return last is not None and last.string == ";"


# ---- IPython's syntax


@lru_cache(maxsize=1)
def _transformers() -> Any:
    from IPython.core.inputtransformer2 import TransformerManager

    manager: Any = TransformerManager
    return manager()


def _transform(source: str) -> tuple[str, list[int]]:
    """``source`` as Python, and the line of ``source`` that each of its lines comes from."""
    manager = _transformers()
    if not source.endswith("\n"):
        source += "\n"
    lines = [line + "\n" for line in source.split("\n")[:-1]]  # as Python's parser counts lines
    positions = list(range(1, len(lines) + 1))
    try:
        for transform in [*manager.cleanup_transforms, *manager.line_transforms]:
            lines, positions = _followed(lines, list(transform(lines)), positions)
        for _ in range(len(lines) + 1):
            changed, new = manager.do_one_token_transform(lines)
            if not changed:
                break
            lines, positions = _followed(lines, list(new), positions)
    except SyntaxError:
        return source, list(range(1, source.count("\n") + 1))
    return "".join(lines), positions


def _followed(old: Sequence[str], new: list[str], positions: list[int]) -> tuple[list[str], list[int]]:
    """``new`` lines with their positions, when they were made of ``old`` ones by changing one place."""
    if len(new) == len(old):
        return new, positions
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[len(old) - 1 - tail] == new[len(new) - 1 - tail]:
        tail += 1
    kept = positions[:head]
    middle = [positions[min(head + i, len(old) - 1)] for i in range(len(new) - head - tail)]
    return new, kept + middle + positions[len(old) - tail :]


def _move_lines(tree: ast.Module, positions: Sequence[int]) -> None:
    for node in ast.walk(tree):
        for attribute in ("lineno", "end_lineno"):
            line = getattr(node, attribute, None)
            if line is not None:
                setattr(node, attribute, positions[min(line, len(positions)) - 1])


_PASTED = re.compile(r"\s*In \[\d+\]: ")
_AUTOMAGIC = re.compile(r"\s*(\w+)(?:\s+(\S.*))?\Z")


def automagic_call(source: str) -> tuple[str, str] | None:
    """Name and arguments when a cell is one line that calls a line magic without ``%`` (unless the name is a variable's)."""
    lines = [line for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    match = _AUTOMAGIC.match(lines[0]) if len(lines) == 1 else None
    if (
        match is None
        or match.group(1) not in LINE_MAGICS
        or (match.group(2) or "")[:1] in tuple("=!<>,+*/%^&|")
    ):
        return None
    return match.group(1), (match.group(2) or "").rstrip()


def _automagic(source: str) -> ast.Module | None:
    call = automagic_call(source)
    if call is None:
        return None
    line = next(i for i, text in enumerate(source.splitlines(), 1) if text.strip().startswith(call[0]))
    tree = ast.parse("get_ipython().run_line_magic({!r}, {!r})".format(*call))
    ast.increment_lineno(tree, line - 1)
    return tree
