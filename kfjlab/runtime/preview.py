"""Shows a stored value; run by path, with the interpreter of the run, since loading a value executes its code::

    python preview.py < SPEC > ANSWER

``SPEC``: ``{"workspace", "objects", "name", "value", "memory"}`` with ``value`` as in the step's record and ``memory`` the bytes that
this process may use. ``ANSWER``: ``{"columns", "index", "rows"}`` of a table's head, ``{"png"}`` (base64) of a figure, ``{"text"}`` of
everything else, or ``{"error"}``.
"""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import os
import sys
from typing import Any, Dict, List, Optional

ROWS, COLUMNS = 50, 50
LONGEST_CELL, LONGEST_TEXT = 200, 20_000
"""Characters."""
_DOTS = 100


def show(value: Any, kind: str) -> Dict[str, Any]:
    """What there is to see of a value of a :class:`~kfjlab.runtime.protocol.Value`'s kind."""
    if kind == "table":
        table: Optional[Dict[str, Any]] = _table(value)
        if table is not None:
            return table
    if kind == "figure":
        picture = io.BytesIO()
        getattr(value, "figure", value).savefig(picture, format="png", dpi=_DOTS, bbox_inches="tight")
        return {"png": base64.b64encode(picture.getvalue()).decode()}
    return {"text": _cut(value if isinstance(value, str) else repr(value), LONGEST_TEXT)}


def _table(value: Any) -> Optional[Dict[str, Any]]:
    """The head of a table of pandas, polars or pyarrow; None for others."""
    libraries = {base.__module__.partition(".")[0] for base in type(value).__mro__}
    if "pyarrow" in libraries:
        value = value.slice(0, ROWS).select(value.column_names[:COLUMNS]).to_pandas()
        libraries = {"pandas"}
    if "pandas" in libraries:
        head = value.iloc[:ROWS, :COLUMNS]
        rows = head.itertuples(index=False, name=None)
        return _head(head.columns, head.index, rows)
    if "polars" in libraries:
        head = value.head(ROWS).select(value.columns[:COLUMNS])
        return _head(head.columns, range(len(head)), head.rows())
    return None


def _head(columns: Any, index: Any, rows: Any) -> Dict[str, Any]:
    return {"columns": _texts(columns), "index": _texts(index), "rows": [_texts(row) for row in rows]}


def _texts(values: Any) -> List[str]:
    return [_cut(str(value), LONGEST_CELL) for value in values]


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _limit_memory(count: int) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    # What is mapped read-only or merely reserved does not count: libraries reserve much more than they use.
    resource.setrlimit(resource.RLIMIT_DATA, (count, count))


def main() -> None:
    """Load the value and show it."""
    answer = os.dup(1)
    os.dup2(2, 1)  # what is printed while a value is loaded is no part of the answer
    spec = json.load(sys.stdin)
    here = os.path.dirname(os.path.abspath(__file__))
    found = importlib.util.spec_from_file_location("_kfjlab_bootstrap", os.path.join(here, "bootstrap.py"))
    assert found is not None and found.loader is not None
    bootstrap = importlib.util.module_from_spec(found)
    found.loader.exec_module(bootstrap)
    bootstrap.prepare_path(spec["workspace"])
    bootstrap.make_package(os.path.dirname(here))
    from kfjlab.runtime.objects import ObjectStore
    from kfjlab.runtime.protocol import Value
    from kfjlab.runtime.values import Carrier

    _limit_memory(spec["memory"])
    try:
        namespace: Dict[str, Any] = {"__name__": "__main__"}
        value = Value(**spec["value"])
        Carrier(ObjectStore(spec["objects"]), namespace, "").load({spec["name"]: value})
        shown = show(namespace[spec["name"]], value.kind)
    except Exception as error:
        shown = {"error": _cut(f"{type(error).__name__}: {error}", LONGEST_TEXT)}
    with os.fdopen(answer, "w", encoding="utf-8") as file:
        json.dump(shown, file)


if __name__ == "__main__":
    main()
