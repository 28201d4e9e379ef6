"""An Elyra ``.pipeline`` file → its nodes in the order in which Elyra's own runner executes them.

The format is pipeline-flow (https://github.com/elyra-ai/pipeline-schemas) with Elyra's ``app_data`` in it, whose ``version`` counts from 0
to 8; what changed between them is in https://github.com/elyra-ai/pipeline-editor (packages/pipeline-services/src/migration).
Everything in such a file is somebody else's: nothing is taken to be of the type that it should have.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kfjlab.notebook.document import failure

from .notes import Note, differs, left_out, quoted

NEWEST = 8
"""The newest version of the format that is known."""
_MOST_BYTES = 64 * 2**20
_MOST_NODES = 10_000
_GIVE = "Give the path of a .pipeline file of Elyra"

Kind = Literal["notebook", "python", "r", "component"]
_KINDS: Mapping[str, Kind] = {
    "execute-notebook-node": "notebook",
    "execute-python-node": "python",
    "execute-r-node": "r",
}
_OLD_NAMES = {
    "notebook": "filename",
    "artifact": "filename",
    "docker_image": "runtime_image",
    "image": "runtime_image",
    "vars": "env_vars",
    "file_dependencies": "dependencies",
    "recursive_dependencies": "include_subdirectories",
}
"""Fields of version 0 and what they are called since."""

_Place = tuple[str, str]
"""Id of a (sub-)pipeline and id of a node in it."""


@dataclass(frozen=True)
class Node:
    """A node that does something. ``after``: ids of the nodes that it is linked to, super nodes left out of the picture;
    ``properties``: its ``component_parameters``, as they are."""

    id: str
    kind: Kind
    op: str
    label: str
    filename: str
    properties: Mapping[str, Any]
    comments: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True)
class ElyraPipeline:
    """``nodes``: each after those that it is ``after``. ``defaults``: properties of all nodes; ``parameters``: as they are;
    ``comments``: those that belong to no node; ``notes``: what of the file itself was not understood."""

    name: str
    description: str
    version: int
    nodes: tuple[Node, ...]
    defaults: Mapping[str, Any]
    parameters: tuple[Any, ...]
    comments: tuple[str, ...]
    notes: tuple[Note, ...]


def read_pipeline(path: Path) -> ElyraPipeline:
    """The pipeline in a file. Raises :class:`~kfjlab.notebook.problems.NotebookError` that says what is wrong with it."""
    return _Reader(_flow(path), path.stem).read()


def _flow(path: Path) -> dict[str, Any]:
    shown = path.name
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            kind = "a folder" if stat.S_ISDIR(found.st_mode) else "not a regular file"
            raise failure("not-a-pipeline", f"{shown} is {kind}.", _GIVE)
        if found.st_size > _MOST_BYTES:
            raise failure("not-a-pipeline", f"{shown} is too large to be a pipeline ({found.st_size} bytes).")
        text = path.read_bytes().decode("utf-8-sig")
        flow = json.loads(text)
    except FileNotFoundError:
        raise failure("no-such-file", f"There is no file {path}.") from None
    except UnicodeDecodeError as error:
        raise failure("not-a-pipeline", f"{shown} is not UTF-8 (byte {error.start}).", _GIVE) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise failure(
            "not-a-pipeline", f"{shown} is not valid JSON: {error.msg} ({where}).", "Restore the file"
        ) from None
    except RecursionError:
        raise failure("not-a-pipeline", f"{shown} is nested too deeply to be a pipeline.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise failure("not-a-pipeline", f"{shown} cannot be read: {reason}.") from None
    if isinstance(flow, dict) and "cells" in flow and "pipelines" not in flow:
        raise failure(
            "not-a-pipeline",
            f"{shown} is a notebook, not a pipeline of Elyra.",
            "Open it as it is; notebooks tagged for Kale need no import",
        )
    if not isinstance(flow, dict) or not _dicts(flow.get("pipelines")):
        raise failure("not-a-pipeline", f"{shown} is not a pipeline of Elyra: it has no pipelines.", _GIVE)
    return flow


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


class _Reader:
    """Reads one flow."""

    def __init__(self, flow: Mapping[str, Any], stem: str) -> None:
        self.stem = stem
        self.notes: list[Note] = []
        pipelines = _dicts(flow["pipelines"])
        self.pipelines = {_text(one.get("id")): one for one in reversed(pipelines)}
        primary = _text(flow.get("primary_pipeline"))
        self.primary = primary if primary in self.pipelines else _text(pipelines[0].get("id"))
        self.data = _dict(self.pipelines[self.primary].get("app_data"))
        self.version = self._version()
        self.nodes: dict[_Place, dict[str, Any]] = {}
        self.holders: dict[str, _Place] = {}
        """Sub-pipeline → the super node that it is in."""
        self._collect()

    def read(self) -> ElyraPipeline:
        properties = _dict(self.data.get("properties"))
        comments, of_node = self._comments()
        executed = [place for place, node in self.nodes.items() if self._is_executed(place, node)]
        ids = {place: self._id(place) for place in executed}
        after = {place: self._before(place, ids) for place in executed}
        made = [
            self._node(place, ids[place], of_node.get(place, ()), [ids[one] for one in after[place]])
            for place in self._ordered(executed, after)
        ]
        names = (properties.get("name"), self.data.get("name"), self.data.get("title"))
        description = _text(properties.get("description")) or _text(self.data.get("description"))
        return ElyraPipeline(
            name=next((name.strip() for name in names if isinstance(name, str) and name.strip()), self.stem),
            description=description.strip(),
            version=self.version,
            nodes=tuple(made),
            defaults={
                **_dict(properties.get("pipeline_defaults")),
                **{k: v for k, v in properties.items() if k == "cos_object_prefix"},
            },
            parameters=tuple(_listed(properties.get("pipeline_parameters"))),
            comments=tuple(comments),
            notes=tuple(self.notes),
        )

    def _version(self) -> int:
        value = self.data.get("version", 0)
        try:
            version = int(float(value))
        except (TypeError, ValueError, OverflowError):
            message = f"The pipeline does not say its version: {quoted(value)} is no number."
            raise failure("not-a-pipeline", message, "Open it in Elyra and save it again") from None
        if version > NEWEST:
            self.notes.append(
                differs(
                    "",
                    f"Version {version} of the file",
                    f"It is newer than what kfjlab knows ({NEWEST}), and was read as that.",
                    "Compare the notebook with the pipeline",
                )
            )
        return version

    # ---- nodes

    def _collect(self) -> None:
        """The nodes of the primary pipeline, and of those in its super nodes at the place of these."""
        waiting = [
            (self.primary, node) for node in reversed(_dicts(self.pipelines[self.primary].get("nodes")))
        ]
        entered = {self.primary}
        while waiting:
            pipeline, node = waiting.pop()
            place = (pipeline, _text(node.get("id")) or f"node {len(self.nodes) + 1}")
            if place in self.nodes:
                self._unusable(node, "There are two nodes with its id.")
                continue
            self.nodes[place] = node
            if len(self.nodes) > _MOST_NODES:
                raise failure("not-a-pipeline", f"The pipeline has more than {_MOST_NODES} nodes.")
            if node.get("type") != "super_node":
                continue
            inner = _text(_dict(node.get("subflow_ref")).get("pipeline_id_ref"))
            if inner not in self.pipelines:
                self._unusable(node, "The pipeline that it stands for is not in the file.")
            elif inner in entered:
                self._unusable(node, "Its pipeline contains itself or is used by another super node.")
            else:
                entered.add(inner)
                self.holders[inner] = place
                waiting += [(inner, one) for one in reversed(_dicts(self.pipelines[inner].get("nodes")))]

    def _unusable(self, node: Mapping[str, Any], why: str) -> None:
        self.notes.append(left_out(_label(node), "The node", why, "Mend the pipeline in Elyra"))

    def _is_executed(self, place: _Place, node: Mapping[str, Any]) -> bool:
        kind = node.get("type")
        if kind in ("super_node", "binding"):
            return False
        if kind == "execution_node" or (kind == "pipeline_node" and self.version == 0):
            return True
        self._unusable(node, f"Nodes of type {quoted(kind)} are not known.")
        return False

    def _id(self, place: _Place) -> str:
        """Ids of nodes are unique in a pipeline only, as far as the format says."""
        return place[1] if place[0] == self.primary else f"{place[0]}/{place[1]}"

    def _node(
        self, place: _Place, name: str, comments: tuple[str, ...] | list[str], after: list[str]
    ) -> Node:
        node = self.nodes[place]
        data = _dict(node.get("app_data"))
        inner = data.get("component_parameters")
        if isinstance(inner, dict):
            properties = dict(inner)
        else:  # before version 4
            properties = {k: v for k, v in data.items() if k not in ("ui_data", "label", "component_source")}
        if self.version == 0:
            for old, new in _OLD_NAMES.items():
                if old in properties:
                    properties.setdefault(new, properties.pop(old))
        op = "execute-notebook-node" if self.version == 0 else _text(node.get("op"))
        filename = _text(properties.get("filename")).strip()
        return Node(
            id=name,
            kind=_KINDS.get(op, "component"),
            op=op,
            label=_label(node, filename),
            filename=filename,
            properties=properties,
            comments=tuple(comments),
            after=tuple(after),
        )

    # ---- links

    def _before(self, place: _Place, ids: Mapping[_Place, str]) -> list[_Place]:
        """The executed nodes from which links lead to this one, through super nodes and their binding nodes."""
        found: dict[_Place, None] = {}
        seen = {place}
        waiting = list(self._sources(place, self.nodes[place]))
        while waiting:
            source = waiting.pop(0)
            if source in ids:
                found[source] = None  # also itself, which is a cycle
            elif source not in seen:
                seen.add(source)
                waiting += self._behind(source)
        return list(found)

    def _sources(self, place: _Place, node: Mapping[str, Any], port: str | None = None) -> Iterator[_Place]:
        """Where the links into a node come from. ``port``: only those into the input that leads to this binding node."""
        for entry in _dicts(node.get("inputs")):
            if port is not None and entry.get("subflow_node_ref") != port:
                continue
            for link in _dicts(entry.get("links")):
                source = (place[0], _text(link.get("node_id_ref")))
                if source not in self.nodes:
                    why = f"It comes from a node that is not there ({quoted(source[1])})."
                    self.notes.append(left_out(_label(node), "A link", why))
                elif self.nodes[source].get("type") == "super_node":
                    yield from self._outputs(source, _text(link.get("port_id_ref")))
                else:
                    yield source

    def _outputs(self, holder: _Place, port: str) -> Iterator[_Place]:
        """What is behind an output of a super node: its binding node, or, where that is not said, the node that the port is named after."""
        node = self.nodes[holder]
        inner = _text(_dict(node.get("subflow_ref")).get("pipeline_id_ref"))
        named = [
            _text(one.get("subflow_node_ref")) for one in _dicts(node.get("outputs")) if one.get("id") == port
        ]
        for name in (*named, port.removesuffix("_outPort")):
            if (inner, name) in self.nodes:
                yield inner, name
                return
        if inner in self.pipelines:
            why = f"It leaves a group by an output that is not there ({quoted(port)})."
            self.notes.append(left_out(_label(node), "A link", why))

    def _behind(self, place: _Place) -> list[_Place]:
        """What is before a node that does nothing itself."""
        node = self.nodes[place]
        if node.get("type") != "binding":
            return []
        found = list(self._sources(place, node))
        if not _dicts(node.get("inputs")) and place[0] in self.holders:
            holder = self.holders[place[0]]
            found += self._sources(holder, self.nodes[holder], place[1])
        return found

    def _ordered(self, places: list[_Place], after: Mapping[_Place, list[_Place]]) -> list[_Place]:
        """Each after those that it is linked to, as they are in the file otherwise. It is the order in which Elyra's local runner executes
        them."""
        done: dict[_Place, None] = {}
        for first in places:
            path: dict[_Place, Iterator[_Place]] = {} if first in done else {first: iter(after[first])}
            while path:
                place = next(reversed(path))
                before = next((one for one in path[place] if one not in done), None)
                if before is None:
                    del path[place]
                    done[place] = None
                elif before in path:
                    ring = list(path)[list(path).index(before) :]
                    names = " → ".join(quoted(_label(self.nodes[one])) for one in [*ring, before][::-1][:10])
                    raise failure(
                        "cycle",
                        f"The pipeline goes in a circle: {names}.",
                        "Remove one of these links in Elyra",
                    )
                else:
                    path[before] = iter(after[before])
        return list(done)

    # ---- comments

    def _comments(self) -> tuple[list[str], dict[_Place, list[str]]]:
        """Comments that belong to no node, and those of nodes."""
        free: list[str] = []
        of_node: dict[_Place, list[str]] = {}
        for name in dict.fromkeys(place[0] for place in self.nodes):
            shown = _dict(_dict(self.pipelines[name].get("app_data")).get("ui_data"))
            for comment in _dicts(shown.get("comments")):
                text = _text(comment.get("content")).strip()
                about = [
                    (name, _text(ref.get("node_ref"))) for ref in _dicts(comment.get("associated_id_refs"))
                ]
                holders = [place for place in about if place in self.nodes]
                if text and not holders:
                    free.append(text)
                for place in holders if text else ():
                    of_node.setdefault(place, []).append(text)
        return free, of_node


def _label(node: Mapping[str, Any], filename: str | None = None) -> str:
    """What a node is called in Elyra; the name of its file without a label."""
    data = _dict(node.get("app_data"))
    if filename is None:
        inner = _dict(data.get("component_parameters")) or data
        filename = _text(inner.get("filename"))
    base = filename.replace("\\", "/").rpartition("/")[2]
    for text in (_text(data.get("label")), _text(_dict(data.get("ui_data")).get("label")), base):
        if text.strip():
            label = text.strip()
            return label.rpartition(".")[0] or label if label == base else label
    return _text(node.get("op")) or _text(node.get("id")) or "node"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
