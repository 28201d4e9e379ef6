"""Graphs in the languages of other tools: names from notebooks stay names."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfjlab.notebook.pipeline import Edge, Pipeline, Step
from kfjlab.verbs.graphs import as_json, as_text, dot_text, label, mermaid_text, render

HOSTILE = [
    'a"]; evil[',
    "x --> y",
    "%%{init: {}}%%",
    "<script>alert(1)</script>",
    'q"\\',
    "\\N \\G",
    "#quot;",
    "end",
    "`md`",
    "line\nbreak",
]


def pipeline(*names: str) -> Pipeline:
    edges = [Edge(a, b, ("var:x",), "data") for a, b in pairwise(names)]
    return Pipeline('na"me', "nb.ipynb", tuple(Step(name, ()) for name in names), edges=tuple(edges))


@pytest.mark.parametrize("name", HOSTILE)
def test_mermaid_quotes_names(name: str) -> None:
    lines = render(pipeline("a", name), "mermaid").splitlines()
    assert lines[0] == "flowchart TD"
    assert len(lines) == 4
    assert re.fullmatch(r'    s1\["[\w ,./#;-]*"\]', lines[2])
    assert lines[3] == '    s0 -->|"x"| s1'


@given(st.text())
def test_mermaid_text_is_read_back(text: str) -> None:
    quoted = mermaid_text(text)
    assert not set(quoted) & set('"[]{}()<>|`%&')
    assert re.sub(r"#(\d+);", lambda match: chr(int(match[1])), quoted) == text.replace("\n", " ")


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cf", "Cs"])))
def test_dot_text_is_read_back(text: str) -> None:
    quoted = dot_text(text)
    assert re.fullmatch(r'"(?:[^"\\]|\\\\|\\")*"', quoted)
    assert re.sub(r"\\(.)", r"\1", quoted[1:-1]) == text


def test_dot() -> None:
    assert render(pipeline("a", 'b"'), "dot").splitlines()[1:] == [
        "    node [shape=box, style=rounded];",
        '    s0 [label="a"];',
        '    s1 [label="b\\""];',
        '    s0 -> s1 [label="x"];',
        "}",
    ]


def test_what_travels_is_put_into_words() -> None:
    resources = ("var:x", "file:data/a.csv", "dir:data", "env:HOME", "ambient:numpy.random", "file:*")
    assert label(Edge("a", "b", resources[:4], "data")) == "x, data/a.csv, data/, $HOME"
    assert label(Edge("a", "b", resources[4:], "data")) == "state of numpy.random, any file"
    assert label(Edge("a", "b", resources, "data")).endswith(", … 2 more")
    assert label(Edge("a", "b", (), "order")) == "(order)"
    assert label(Edge("a", "b", ("file:o.txt",), "order")) == "(order: o.txt)"
    assert as_json(pipeline("a", "b"))["edges"] == [
        {"source": "a", "target": "b", "kind": "data", "resources": ["var:x"]}
    ]


def test_a_drawing_that_does_not_fit_becomes_a_list() -> None:
    names = [f"step number {i}" for i in range(8)]
    wide = Pipeline(
        "p",
        "",
        tuple(Step(name, ()) for name in names),
        edges=tuple(Edge(names[0], name, ("var:x",), "data") for name in names[1:]),
    )
    assert "╭" in as_text(wide, None)
    text = as_text(wide, 60)
    assert "╭" not in text
    assert "2. step number 1  after step number 0" in text
    assert "step number 0 → step number 7  x" in text


def test_control_characters_do_not_reach_the_terminal() -> None:
    text = as_text(pipeline("a\x1b[31m", "b\u202e"), None)
    assert not {"\x1b", "\u202e"} & set(text)


def test_an_unknown_format_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'svg'"):
        render(pipeline("a"), "svg")
