"""The drawing of a graph: every line can be followed from its box to where it ends."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from kfjlab.verbs.drawing import draw, layers_of

_SIDES = {
    "│": "UD", "─": "LR", "╭": "DR", "╮": "DL", "╰": "UR", "╯": "UL", "┬": "DLR", "┴": "ULR", "├": "UDR", "┤": "UDL", "┼": "UDLR",
}  # fmt: skip
_STEP = {"U": (-1, 0), "D": (1, 0), "L": (0, -1), "R": (0, 1)}
_BACK = {"U": "D", "D": "U", "L": "R", "R": "L"}


def columns(line: str) -> list[str]:
    """What each column of a terminal shows; the second half of a wide character is empty."""
    found: list[str] = []
    for char in line:
        found += [char] + [""] * (cell_len(char) - 1)
    return found


def followed(lines: list[str], labels: list[str]) -> set[tuple[int, int]]:
    """The edges that a reader sees: lines followed downwards from the bottom of each box to the arrow on another."""
    grid = [columns(line) for line in lines]

    def at(row: int, column: int) -> str:
        return grid[row][column] if 0 <= row < len(grid) and 0 <= column < len(grid[row]) else " "

    boxes: list[tuple[int, int, int]] = []  # row of the top, first and last column
    for row, cells in enumerate(grid):
        for column, char in enumerate(cells):
            if char == "╭" and at(row + 1, column) == "│" and at(row + 2, column) == "╰":
                end = next((c for c in range(column + 1, len(cells)) if cells[c] == "╮"), None)
                if end is not None and at(row + 2, end) == "╯" and at(row + 1, column + 1) == " ":
                    if all(at(row, c) == "─" for c in range(column + 1, end)):
                        boxes.append((row, column, end))
    names = {}
    for row, first, last in boxes:
        text = "".join(grid[row + 1][first + 1 : last]).strip()
        names[row, first, last] = labels.index(text)
    assert sorted(names.values()) == list(range(len(labels))), "every box is there, once"
    edges = set()
    for row, first, last in boxes:
        for column in range(first + 1, last):
            if at(row + 2, column) != "┬":
                continue
            todo, seen = [(row + 3, column, "U")], set()
            while todo:
                r, c, came = todo.pop()
                if (r, c, came) in seen:
                    continue
                seen.add((r, c, came))
                char = at(r, c)
                if char == "▼":
                    [target] = [names[b] for b in boxes if b[0] == r + 1 and b[1] < c < b[2]]
                    edges.add((names[row, first, last], target))
                elif char == "│" and came in "LR":  # another net goes over this one
                    todo.append((r, c + (1 if came == "L" else -1), came))
                else:
                    assert came in _SIDES.get(char, ""), (r, c, char, came)
                    for side in _SIDES[char].replace(came, ""):
                        if side != "U":
                            down, across = _STEP[side]
                            todo.append((r + down, c + across, _BACK[side]))
    return edges


def test_a_diamond() -> None:
    assert draw(["load", "left", "right", "join"], [(0, 1), (0, 2), (1, 3), (2, 3)]) == [
        "      ╭───────╮",
        "      │ load  │",
        "      ╰───┬───╯",
        "    ╭─────┴────╮",
        "    ▼          ▼",
        "╭───────╮  ╭───────╮",
        "│ left  │  │ right │",
        "╰───┬───╯  ╰───┬───╯",
        "    ╰───╮   ╭──╯",
        "        ▼   ▼",
        "      ╭───────╮",
        "      │ join  │",
        "      ╰───────╯",
    ]


def test_nothing_to_draw() -> None:
    assert draw([], []) == []
    assert len(draw(["alone"], [])) == 3


def test_layers() -> None:
    assert layers_of(4, [(0, 1), (1, 3), (0, 3)]) == [0, 1, 0, 2]
    assert layers_of(3, [(0, 2), (1, 2)]) == [0, 0, 1]


@st.composite
def graphs(draw_: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    count = draw_(st.integers(1, 10))
    pairs = [(a, b) for b in range(count) for a in range(b)]
    edges = draw_(st.lists(st.sampled_from(pairs), unique=True, max_size=18)) if pairs else []
    return count, edges


@given(graphs(), st.sampled_from(["s{}", "step {}", "日本{}", "é{}", "a rather long name, too {}"]))
@settings(max_examples=150, deadline=None)
def test_every_edge_can_be_followed_and_no_other(
    graph: tuple[int, list[tuple[int, int]]], pattern: str
) -> None:
    count, edges = graph
    labels = [pattern.format(i) for i in range(count)]
    assert followed(draw(labels, edges), labels) == set(edges)


@pytest.mark.parametrize("label", ["x" * 300, "日" * 40])
def test_long_names_are_shortened(label: str) -> None:
    assert max(cell_len(line) for line in draw([label], [])) <= 40
