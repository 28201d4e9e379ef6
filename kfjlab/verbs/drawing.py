"""A directed acyclic graph drawn with box characters, for terminals.

The layered method of Sugiyama, Tagawa and Toda (1981): nodes in layers by their longest path, long edges through
place holders, each layer ordered by the mean position of its neighbours, then placed near them. What a node
sends to several others is one line that branches (a "net", as in channel routing); no two nets ever share a
column between two layers, so a line that meets another one only crosses it, and a crossing is drawn as a gap.

Own code, because the libraries there are draw lines through boxes (graphtty), need networkx and give no layers
(phart), draw only lanes (renderdag), or take their input as text of a language (graph-easy), and none of them
knows how wide a character is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

LONGEST_LABEL = 30
"""Columns of a label at most."""
_GAP = 2
_SWEEPS = 6
_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8
_LINES = {
    _UP | _DOWN: "│",
    _LEFT | _RIGHT: "─",
    _UP | _LEFT: "╯",
    _UP | _RIGHT: "╰",
    _DOWN | _LEFT: "╮",
    _DOWN | _RIGHT: "╭",
    _UP | _LEFT | _RIGHT: "┴",
    _DOWN | _LEFT | _RIGHT: "┬",
    _UP | _DOWN | _LEFT: "┤",
    _UP | _DOWN | _RIGHT: "├",
    _UP | _DOWN | _LEFT | _RIGHT: "┼",
}


@dataclass(eq=False)
class _Item:
    """A box, or (without ``label``) the place where a line passes through a layer."""

    label: str | None
    width: int
    layer: int
    above: list[_Item] = field(default_factory=list)
    below: list[_Item] = field(default_factory=list)
    x: float = 0.0
    left: int = 0
    column: int = 0
    """Where its line leaves."""

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


def draw(labels: Sequence[str], edges: Sequence[tuple[int, int]]) -> list[str]:
    """Lines of text that show the graph. ``edges`` are pairs of positions in ``labels``, each from an earlier to a
    later one; labels are printable text of one line."""
    layers = _layers(labels, edges)
    _order(layers)
    _place(layers)
    return _Canvas(layers).lines()


def layers_of(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The layer of each of ``count`` nodes: one below the lowest that it depends on; what depends on nothing is
    right above the first that needs it."""
    layer = [0] * count
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        layer[target] = max(layer[target], layer[source] + 1)
    dependent = {target for _, target in edges}
    for node in range(count):
        users = [layer[target] for source, target in edges if source == node]
        if node not in dependent and users:
            layer[node] = min(users) - 1
    return layer


def _layers(labels: Sequence[str], edges: Sequence[tuple[int, int]]) -> list[list[_Item]]:
    from rich.cells import cell_len

    depth = layers_of(len(labels), edges)
    incoming = [sum(target == node for _, target in edges) for node in range(len(labels))]
    items = []
    for node, label in enumerate(labels):
        text = _shortened(label)
        width = max(cell_len(text) + 4, 2 * incoming[node] + 3)
        items.append(_Item(text, width | 1, depth[node]))  # odd: there is a column in the middle
    layers: list[list[_Item]] = [[] for _ in range(max(depth, default=-1) + 1)]
    for item in items:
        layers[item.layer].append(item)
    for node, item in enumerate(items):
        targets = sorted({target for source, target in edges if source == node}, key=lambda t: depth[t])
        at = item
        for target in targets:
            while items[target].layer > at.layer + 1:
                passing = next((below for below in at.below if below.label is None), None)
                if passing is None:
                    passing = _Item(None, 3, at.layer + 1)
                    layers[passing.layer].append(passing)
                    _join(at, passing)
                at = passing
            _join(at, items[target])
    return layers


def _join(upper: _Item, lower: _Item) -> None:
    upper.below.append(lower)
    lower.above.append(upper)


def _shortened(label: str) -> str:
    from rich.cells import cell_len, set_cell_size

    return (
        label if cell_len(label) <= LONGEST_LABEL else set_cell_size(label, LONGEST_LABEL - 1).rstrip() + "…"
    )


# ---- where everything is


def _order(layers: list[list[_Item]]) -> None:
    """Order each layer by the mean position of its neighbours above, then below, again and again; the best is kept."""
    best, fewest = [list(layer) for layer in layers], _crossings(layers)
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        for layer in layers if downwards else reversed(layers):
            place = {id(item): i for other in layers for i, item in enumerate(other)}

            def mean(item: _Item, place: dict[int, int] = place, downwards: bool = downwards) -> float:
                near = item.above if downwards else item.below
                if not near:
                    return float(place[id(item)])
                return sum(place[id(other)] for other in near) / len(near)

            layer.sort(key=mean)
        crossings = _crossings(layers)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    layers[:] = best


def _crossings(layers: list[list[_Item]]) -> int:
    count = 0
    for upper, lower in pairwise(layers):
        place = {id(item): i for i, item in enumerate(lower)}
        ends = [sorted(place[id(target)] for target in item.below) for item in upper]
        for i, first in enumerate(ends):
            for second in ends[i + 1 :]:
                count += sum(a > b for a in first for b in second)
    return count


def _place(layers: list[list[_Item]]) -> None:
    """Give every item its columns: near the middle of its neighbours, in order, without overlap."""
    for layer in layers:
        _spread(layer, [0.0] * len(layer))
    for sweep in range(2 * _SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wanted = []
            for item in layer:
                near = (
                    item.above + item.below
                    if sweep > _SWEEPS
                    else (item.above if sweep % 2 == 0 else item.below)
                )
                middle = sum(other.middle for other in near) / len(near) if near else item.middle
                wanted.append(middle - item.width / 2)
            _spread(layer, wanted)
    leftmost = min((item.x for layer in layers for item in layer), default=0.0)
    for layer in layers:
        end = -_GAP
        for item in layer:
            item.left = max(round(item.x - leftmost), end + _GAP)
            item.column = item.left + item.width // 2
            end = item.left + item.width


def _spread(layer: list[_Item], wanted: Sequence[float]) -> None:
    """Place the items of a layer as near as possible to where they want to be (least squares under the order and
    the gaps: isotonic regression, by pooling adjacent violators)."""
    offset, offsets = 0.0, []
    for item in layer:
        offsets.append(offset)
        offset += item.width + _GAP
    pools: list[tuple[float, int]] = []
    for want, before in zip(wanted, offsets, strict=True):
        pools.append((want - before, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, n), (b, m) = pools[-2:]
            pools[-2:] = [((a * n + b * m) / (n + m), n + m)]
    means = [mean for mean, size in pools for _ in range(size)]
    for item, mean, before in zip(layer, means, offsets, strict=True):
        item.x = mean + before


# ---- drawing


class _Canvas:
    """Characters by row and column."""

    def __init__(self, layers: list[list[_Item]]) -> None:
        self._rows: list[dict[int, str]] = []
        for number, layer in enumerate(layers):
            self._boxes(layer)
            if number + 1 < len(layers):
                self._channel(layer, layers[number + 1])

    def lines(self) -> list[str]:
        """The rows as text."""
        found = []
        for row in self._rows:
            end = max(row, default=-1) + 1
            found.append("".join(row.get(column, " ") for column in range(end)).rstrip())
        return found

    def _boxes(self, layer: list[_Item]) -> None:
        top, middle, bottom = ({}, {}, {})  # type: tuple[dict[int, str], dict[int, str], dict[int, str]]
        for item in layer:
            if item.label is None:
                for row in (top, middle, bottom):
                    row[item.column] = "│"
                continue
            right = item.left + item.width - 1
            for column in range(item.left + 1, right):
                top[column] = bottom[column] = "─"
                middle[column] = " "
            top[item.left], top[right] = "╭", "╮"
            bottom[item.left], bottom[right] = "╰", "╯"
            middle[item.left] = middle[right] = "│"
            if item.below:
                bottom[item.column] = "┬"
            self._write(middle, item)
        self._rows += [top, middle, bottom]

    def _write(self, row: dict[int, str], item: _Item) -> None:
        """The label; of a character that is two columns wide the second column stays empty."""
        from rich.cells import cell_len

        assert item.label is not None
        column = item.left + (item.width - cell_len(item.label)) // 2
        last = column
        for char in item.label:
            width = cell_len(char)
            if width == 0:
                row[last] = row.get(last, "") + char
                continue
            row[column] = char
            last = column
            for extra in range(1, width):
                row[column + extra] = ""
            column += width

    def _channel(self, upper: list[_Item], lower: list[_Item]) -> None:
        """The lines between two layers."""
        nets = [item for item in upper if item.below]
        ports = _ports(nets, lower)
        spans = {id(net): [net.column, *(ports[id(net), id(target)] for target in net.below)] for net in nets}
        tracks = _tracks([net for net in nets if len(set(spans[id(net)])) > 1], spans)
        height = max(tracks.values(), default=-1) + 2
        rows: list[dict[int, tuple[int, int]]] = [{} for _ in range(height)]
        for net in nets:
            self._net(rows, net, spans[id(net)], tracks.get(id(net)))
        drawn = [{column: _LINES[bits] for column, (bits, _) in row.items()} for row in rows]
        for net in nets:
            for target in net.below:
                if target.label is not None:
                    drawn[-1][ports[id(net), id(target)]] = "▼"
        self._rows += drawn

    def _net(
        self, rows: list[dict[int, tuple[int, int]]], net: _Item, span: list[int], track: int | None
    ) -> None:
        def mark(row: int, column: int, bits: int) -> None:
            before, owner = rows[row].get(column, (0, id(net)))
            if owner == id(net):
                rows[row][column] = (before | bits, owner)
            elif bits == _UP | _DOWN:  # the line that goes down stays whole where two cross
                rows[row][column] = (bits, id(net))

        source, targets = span[0], set(span[1:])
        if track is None:
            for row in range(len(rows)):
                mark(row, source, _UP | _DOWN)
            return
        for row in range(track):
            mark(row, source, _UP | _DOWN)
        for column in range(min(span), max(span) + 1):
            bits = (_LEFT if column > min(span) else 0) | (_RIGHT if column < max(span) else 0)
            bits |= (_UP if column == source else 0) | (_DOWN if column in targets else 0)
            mark(track, column, bits)
        for row in range(track + 1, len(rows)):
            for column in targets:
                mark(row, column, _UP | _DOWN)


def _ports(nets: list[_Item], lower: list[_Item]) -> dict[tuple[int, int], int]:
    """In which column each net arrives at each item of the layer below; never one that another net uses."""
    taken = {net.column: id(net) for net in nets}
    ports: dict[tuple[int, int], int] = {}
    for item in lower:
        count = len(item.above)
        for i, net in enumerate(sorted(item.above, key=lambda net: net.column)):
            if item.label is None:
                wanted, allowed = item.column, range(item.left, item.left + item.width)
            else:
                spread = (
                    item.left + round((i + 1) * item.width / (count + 1) - 0.5) if count > 1 else item.column
                )
                wanted, allowed = spread, range(item.left + 1, item.left + item.width - 1)
            column = min(
                allowed,
                key=lambda c: (taken.get(c, id(net)) != id(net), abs(c - wanted)),
            )
            taken[column] = id(net)
            ports[id(net), id(item)] = column
            if item.label is None:
                item.column = column
    return ports


def _tracks(nets: list[_Item], spans: dict[int, list[int]]) -> dict[int, int]:
    """A row for the level part of each net, so that none overlap (the left-edge algorithm of channel routing)."""
    tracks: dict[int, int] = {}
    ends: list[int] = []
    for net in sorted(nets, key=lambda net: (min(spans[id(net)]), max(spans[id(net)]))):
        start, end = min(spans[id(net)]), max(spans[id(net)])
        row = next((i for i, before in enumerate(ends) if before < start), len(ends))
        ends[row:] = [end, *ends[row + 1 :]]
        tracks[id(net)] = row
    return tracks
