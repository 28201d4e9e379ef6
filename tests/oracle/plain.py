"""Executes a notebook's cells in one dictionary and prints a JSON list of what each of them printed. Run by path, in the notebook's folder."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import types


def main(path: str, module: types.ModuleType) -> None:
    """Execute the notebook in ``module``, which takes the place of ``__main__``."""
    with open(path, encoding="utf-8") as file:
        cells = [cell["source"] for cell in json.load(file)["cells"]]
    printed = []
    for source in cells:
        caught = io.StringIO()
        with contextlib.redirect_stdout(caught):
            exec(compile(source, "<cell>", "exec"), module.__dict__)
        printed.append(caught.getvalue())
    print(json.dumps(printed))


if __name__ == "__main__":
    program = sys.modules["__main__"]  # stays alive, though another module takes its name
    sys.modules["__main__"] = types.ModuleType("__main__")
    main(sys.argv[1], sys.modules["__main__"])
