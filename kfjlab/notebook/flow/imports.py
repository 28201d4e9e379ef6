"""Import statements."""

from __future__ import annotations

import ast

from .ambient import write_ambient
from .evaluator import Evaluator
from .star_imports import names_of_standard_module
from .values import MAIN, Dotted, Value

_CANONICAL = {"pylab": "matplotlib.pylab"}


def import_modules(ev: Evaluator, node: ast.Import) -> None:
    """``import a.b as c``."""
    for alias in node.names:
        if alias.asname:
            ev.bind(alias.asname, Value(Dotted(_CANONICAL.get(alias.name, alias.name), True)))
        else:
            top = alias.name.partition(".")[0]
            ev.bind(top, Value(Dotted(_CANONICAL.get(top, top), True)))


def import_from(ev: Evaluator, node: ast.ImportFrom) -> None:
    """``from a import b as c``; a star import binds the names that are known."""
    module = "." * node.level + (node.module or "")
    if module == "__future__":  # IPython keeps it for the cells to come
        plain = ev.plain
        write_ambient(ev, "ipython.options")
        ev.plain = plain
    for alias in node.names:
        if module == MAIN.path:
            if alias.name == "*":  # every name becomes what it is
                ev.reads_every_variable()
            else:
                ev.bind(alias.asname or alias.name, ev.read_of_main(alias.name))
            continue
        if alias.name != "*":
            path = f"{module}.{alias.name}" if node.module else module + alias.name
            ev.bind(alias.asname or alias.name, Value(Dotted(path)))
            continue
        names = names_of_standard_module(module)
        if names is None:
            plain = ev.plain
            ev.run_wild(f"from {module} import *", reads_all=False, module=module)
            ev.plain = plain
            continue
        ev.starred |= names
        for name in names:
            ev.bind_global(name, Value(Dotted(f"{module}.{name}")))
