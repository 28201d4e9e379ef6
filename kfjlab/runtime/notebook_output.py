"""The executed cells of a step as a notebook: the outputs that ipykernel and nbclient would have stored.

Follows nbformat 4.5 and ``nbclient.NotebookClient.process_message`` (display ids, delayed ``clear_output``). Adjacent text of one stream
is one output.
"""

from __future__ import annotations

import base64
import datetime
import json
import math
import numbers
import os
import re
import sys
import tempfile
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from .protocol import CellSource
from .widgets import WidgetStates

TEXT_LIMIT = 20 * 1024 * 1024
"""Characters of stream text kept of one cell; the log has all of it."""
DISPLAYS = "kfjlab_displays"
"""Key of the notebook's metadata: what was displayed under an id, so that other steps can update it, and what updates others' displays. By
id: ``outputs``, places as ``[cell, output]``; ``content``, the last ``data`` and ``metadata`` when no output here has it."""
DISPLAY_LIMIT = 100 * 1024 * 1024
"""Characters of rich outputs kept of one cell."""
DRAFT_LIMIT = 1024 * 1024
"""Characters of one output in what is written while the step runs."""

Listener = Callable[[Mapping[str, Any]], None]


class ExecutedCell:
    """One cell and what it put out."""

    def __init__(self, source: CellSource) -> None:
        self.source = source
        self.executed = False
        self.outputs: List[Dict[str, Any]] = []
        self.times: Dict[str, str] = {}
        self._parts: List[str] = []
        self._clear_next = False
        self._text = 0
        self._rich = 0

    def stream(self, name: str, text: str) -> None:
        """Add text of a stream."""
        if self._text > TEXT_LIMIT:
            return
        self._text += len(text)
        if self._text > TEXT_LIMIT:
            text = f"\n[kfjlab: this cell printed more than {TEXT_LIMIT:,} characters; the step's log has all of them]\n"
            name = "stderr"
        self._delayed_clear()
        last = self.outputs[-1] if self.outputs else None
        if last is not None and last["output_type"] == "stream" and last["name"] == name:
            self._parts.append(text)
        else:
            self.settle()
            self._parts = [text]
            self.outputs.append({"output_type": "stream", "name": name, "text": ""})

    def add(self, output: Dict[str, Any]) -> None:
        """Add an output that is not a stream."""
        self.settle()
        self._delayed_clear()
        self.outputs.append(output)

    def rich(self, data: Mapping[str, Any]) -> Dict[str, Any]:
        """The data of a rich output as JSON, or a notice in its place when the cell's outputs are too large."""
        clean: Dict[str, Any] = to_json_data(data)
        self._rich += sum(len(v) for v in clean.values() if isinstance(v, str))
        if self._rich > DISPLAY_LIMIT:
            return {
                "text/plain": f"[kfjlab: the rich outputs of this cell are larger than {DISPLAY_LIMIT:,} characters; left out]"
            }
        return clean

    def clear(self, wait: bool) -> None:
        """``clear_output``: now, or when the next output comes."""
        if wait:
            self._clear_next = True
        else:
            self._clear()

    def settle(self) -> None:
        """Put the pieces of the last stream output together."""
        if self._parts:
            self.outputs[-1]["text"] += "".join(self._parts)
            self._parts = []

    def _delayed_clear(self) -> None:
        if self._clear_next:
            self._clear()

    def _clear(self) -> None:
        self._clear_next = False
        self._parts = []
        self._text = self._rich = 0
        self.outputs.clear()

    def to_json(self, draft: bool = False) -> Dict[str, Any]:
        """The cell as nbformat has it. ``draft``: of long outputs only the beginning."""
        if not draft:
            self.settle()
        metadata: Dict[str, Any] = {"kfjlab": {"cell": self.source.index}}
        if self.times:
            metadata["execution"] = self.times
        return {
            "cell_type": "code",
            "execution_count": self.source.number if self.executed else None,
            "id": _cell_id(self.source),
            "metadata": metadata,
            "outputs": self._drafts() if draft else [_lines_of_output(output) for output in self.outputs],
            "source": self.source.source.splitlines(keepends=True),
        }

    def _drafts(self) -> List[Dict[str, Any]]:
        """The outputs without what would cost much memory to put together."""
        drafts = []
        for output in self.outputs:
            draft = dict(output)
            if "text" in draft:
                pieces = [draft["text"], *(self._parts if output is self.outputs[-1] else ())]
                draft["text"] = _beginning(pieces)
            if "data" in draft:
                data = draft["data"].items()
                draft["data"] = {
                    mime: value
                    for mime, value in data
                    if not isinstance(value, str) or len(value) <= DRAFT_LIMIT
                }
            drafts.append(_lines_of_output(draft))
        return drafts


class ExecutedNotebook:
    """Collects the outputs of cells that are executed one after another. ``listen`` is told what happens (protocol messages)."""

    def __init__(
        self, cells: Sequence[CellSource], metadata: Mapping[str, Any], listen: Optional[Listener] = None
    ) -> None:
        self.cells = [ExecutedCell(cell) for cell in cells]
        self._metadata = dict(metadata)
        self._listen = listen
        self._current: Optional[ExecutedCell] = None
        self._displays: Dict[str, List[Dict[str, Any]]] = {}
        self._latest: Dict[str, Dict[str, Any]] = {}
        self._widgets = WidgetStates()

    @property
    def current(self) -> Optional[int]:
        """Index in the notebook of the cell that runs or ran last."""
        return None if self._current is None else self._current.source.index

    def begin(self, position: int) -> None:
        """The cell at ``position`` starts."""
        self._current = self.cells[position]
        self._current.executed = True
        now = _now()
        self._current.times = {"iopub.status.busy": now, "iopub.execute_input": now}

    def end(self) -> None:
        """The running cell has ended; what still comes belongs to it until the next one begins."""
        if self._current is not None:
            now = _now()
            self._current.times.update({"shell.execute_reply": now, "iopub.status.idle": now})

    def stream(self, name: str, text: str) -> None:
        """Text of ``stdout`` or ``stderr``."""
        if self._current is not None:
            self._current.stream(name, text)

    def display(
        self,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any],
        transient: Mapping[str, Any],
        update: bool = False,
    ) -> None:
        """A rich output, or new data for those with the same ``display_id``."""
        self._show({"output_type": "display_data"}, data, metadata, transient.get("display_id"), update)

    def result(self, number: int, data: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
        """The value of a cell's last expression."""
        self._show({"output_type": "execute_result", "execution_count": number}, data, metadata, None, False)

    def error(self, name: str, message: str, traceback: Sequence[str]) -> None:
        """An exception."""
        if self._current is not None:
            self._current.add(
                {"output_type": "error", "ename": name, "evalue": message, "traceback": list(traceback)}
            )

    def clear(self, wait: bool) -> None:
        """``clear_output``."""
        cell = self._current
        if cell is None:
            return
        cell.clear(wait)
        if not wait:
            kept = {id(output) for other in self.cells for output in other.outputs}
            for shown in self._displays.values():
                shown[:] = [output for output in shown if id(output) in kept]

    def widget_said(self, widget: str, data: Mapping[str, Any], buffers: List[bytes]) -> None:
        """A message of a Jupyter widget to the browser."""
        self._widgets.take(widget, to_json_data(data), buffers)

    def to_json(self, draft: bool = False) -> Dict[str, Any]:
        """The notebook as nbformat 4.5 has it. ``draft``: of outputs longer than :data:`DRAFT_LIMIT` only the beginning."""
        version = ".".join(map(str, sys.version_info[:3]))
        metadata = to_json_data(self._metadata)
        metadata.setdefault(
            "language_info",
            {"name": "python", "version": version, "file_extension": ".py", "mimetype": "text/x-python"},
        )
        widgets = self._widgets.metadata()
        if widgets is not None:
            metadata["widgets"] = widgets
        if self._latest:
            metadata[DISPLAYS] = {name: self._places(name) for name in self._latest}
        return {
            "cells": [cell.to_json(draft) for cell in self.cells],
            "metadata": metadata,
            "nbformat": 4,
            "nbformat_minor": 5,
        }

    def write(self, path: str) -> None:
        """Write the notebook, whole or not at all. Raises :class:`OSError`."""
        text = json.dumps(self.to_json(), ensure_ascii=False, indent=1) + "\n"
        write_whole(path, text.encode("utf-8", "replace"))

    def _places(self, display_id: str) -> Dict[str, Any]:
        mine = {id(output) for output in self._displays.get(display_id, ())}
        places = [
            [number, position]
            for number, cell in enumerate(self.cells)
            for position, output in enumerate(cell.outputs)
            if id(output) in mine
        ]
        return {"outputs": places} if places else {"content": _lines_of_output(self._latest[display_id])}

    def _show(
        self,
        output: Dict[str, Any],
        data: Mapping[str, Any],
        metadata: Mapping[str, Any],
        display_id: Optional[str],
        update: bool,
    ) -> None:
        cell = self._current
        if cell is None:
            return
        content = {"data": cell.rich(data), "metadata": to_json_data(metadata)}
        if display_id:
            self._latest[display_id] = content
            for shown in self._displays.get(display_id, []):
                shown.update(content)
        if not update:
            output.update(content)
            cell.add(output)
            if display_id:
                self._displays.setdefault(display_id, []).append(output)
        if self._listen is not None:
            self._listen({"type": "display", "cell": cell.source.index, "mime": sorted(content["data"])})


def write_whole(path: str, data: bytes) -> None:
    """Write a file so that a reader sees the old content or all of the new one."""
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix="." + os.path.basename(path))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def to_json_data(value: Any) -> Any:
    """``value`` as plain JSON data, by the rules of jupyter_client: bytes become base64, dates ISO text, what is not finite its repr."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        number = float(value)
        return number if math.isfinite(number) else repr(number)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(bytes(value)).decode("ascii")
    if isinstance(value, Mapping):
        return {str(key): to_json_data(item) for key, item in value.items()}
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if hasattr(value, "__iter__"):
        return [to_json_data(item) for item in value]
    return str(value)


def _beginning(pieces: Sequence[str]) -> str:
    """The first :data:`DRAFT_LIMIT` characters, with a notice when there are more."""
    kept, size = [], 0
    for piece in pieces:
        if size + len(piece) > DRAFT_LIMIT:
            kept += [piece[: DRAFT_LIMIT - size], "\n[kfjlab: the step was ended; its log has the rest]\n"]
            break
        kept.append(piece)
        size += len(piece)
    return "".join(kept)


def _cell_id(source: CellSource) -> str:
    """The cell's own id, or one made of its position for notebooks older than nbformat 4.5."""
    return source.id if re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", source.id) else f"cell-{source.index}"


def _lines_of_output(output: Mapping[str, Any]) -> Dict[str, Any]:
    """The output with its texts as lists of lines, as nbformat writes them."""
    result = dict(output)
    if isinstance(result.get("text"), str):
        result["text"] = result["text"].splitlines(keepends=True)
    if "data" in result:
        result["data"] = {
            mime: data.splitlines(keepends=True) if isinstance(data, str) and not _is_json(mime) else data
            for mime, data in result["data"].items()
        }
    return result


def _is_json(mime: str) -> bool:
    return mime == "application/json" or (mime.startswith("application/") and mime.endswith("+json"))


def _now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
