"""Values inside JSON text change; every byte around them stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfjlab.notebook.jsontext import element_starts, items, layout_of, locate, member, rewrite, same, skip

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=4), VALUES, max_size=5)
LAYOUTS = st.sampled_from(
    [
        {"indent": 1},
        {"indent": 2},
        {"indent": "\t"},
        {"indent": 0},
        {},
        {"separators": (",", ":")},
        {"indent": 4, "sort_keys": True},
    ]
)


def applied(text: str, start: int | None, new: Any) -> str:
    assert start is not None
    begin, end, replacement = rewrite(text, start, new, layout_of(text))
    return text[:begin] + replacement + text[end:]


@given(OBJECTS, OBJECTS, LAYOUTS, st.booleans())
def test_any_object_becomes_any_other(old: Any, new: Any, layout: Any, ascii_only: Any) -> None:
    text = json.dumps({"m": old, "z": 1}, ensure_ascii=ascii_only, **layout)
    start = member(text, 0, "m")
    result = applied(text, start, new)
    assert same(json.loads(result), {"m": new, "z": 1})
    assert result.startswith(text[:start])


@given(OBJECTS, LAYOUTS)
def test_nothing_changes_nothing(value: Any, layout: Any) -> None:
    text = json.dumps({"m": value}, **layout)
    assert applied(text, member(text, 0, "m"), value) == text


@given(
    OBJECTS, st.text(max_size=4), VALUES, st.sampled_from([{"indent": 1}, {"indent": 2}, {"indent": "\t"}])
)
def test_a_change_is_laid_out_as_json_dumps_would(old: Any, key: Any, value: Any, layout: Any) -> None:
    text = json.dumps({"m": old}, sort_keys=True, ensure_ascii=False, **layout)
    new = {**old, key: value}
    wanted = json.dumps({"m": new}, sort_keys=True, ensure_ascii=False, **layout)
    result = applied(text, member(text, 0, "m"), new)
    if isinstance(value, (dict, list)) and isinstance(old.get(key), (dict, list)):
        assert same(json.loads(result), json.loads(wanted))  # keeps the order of keys that was there
    elif not isinstance(value, dict) or list(value) == sorted(value):
        assert json.loads(result) == json.loads(wanted)
        if not _has_objects(value):
            assert result == wanted


def _has_objects(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(map(_has_objects, value)))


@pytest.mark.parametrize(
    ("text", "new", "result"),
    [
        ('{"m": {"a": 1}}', {"a": 1, "b": 2}, '{"m": {"a": 1, "b": 2}}'),
        ('{"m":{"b":1}}', {"b": 1, "a": 2}, '{"m":{"a":2,"b":1}}'),
        ('{"m":{"z":1,"b":1}}', {"z": 1, "b": 1, "c": 2}, '{"m":{"z":1,"b":1,"c":2}}'),
        ('{"m": {"a": 1, "b": 2}}', {"b": 2}, '{"m": {"b": 2}}'),
        ('{"m": {}}', {"t": ["x"]}, '{"m": {"t": ["x"]}}'),
        ('{"m": {"t": [ "caf\\u00e9" , "b" ]}}', {"t": ["café", "c"]}, '{"m": {"t": [ "caf\\u00e9" , "c"]}}'),
        (
            '{\n  "m": {}\n}',
            {"t": ["x", "y"]},
            '{\n  "m": {\n    "t": [\n      "x",\n      "y"\n    ]\n  }\n}',
        ),
        (
            '{\r\n "m": {\r\n  "a": 1.50\r\n }\r\n}',
            {"a": 1.5, "b": 2},
            '{\r\n "m": {\r\n  "a": 1.50,\r\n  "b": 2\r\n }\r\n}',
        ),
        ('{\n "m": {"a": 1}\n}', {"a": 1, "b": {"c": 1}}, '{\n "m": {"a": 1, "b": {"c": 1}}\n}'),
        ('{"m": {"a": 1, "a": 2}}', {"a": 3}, '{"m": {"a": 1, "a": 3}}'),
        ('{"m": {"a": 1, "a": 2, "b": 1}}', {"b": 1}, '{"m": {"b": 1}}'),
        ('{"m": {"a": [1, 2]}}', {"a": []}, '{"m": {"a": []}}'),
        ('{"m": {"a": 1}}', {"a": True}, '{"m": {"a": true}}'),
        ('{"m": {"a": 1}}', {"a": "\ud800"}, '{"m": {"a": "\\ud800"}}'),
    ],
)
def test_examples(text: Any, new: Any, result: Any) -> None:
    changed = applied(text, member(text, 0, "m"), new)
    assert json.loads(changed)["m"] == new
    if "caf" not in text:
        assert changed == result
    else:
        assert '"caf\\u00e9"' in changed


def test_walking() -> None:
    text = ' {"a": [10, {"x": "]"}, []], "b": "}" , "a" : [1] }'
    start = skip(text, 0)
    assert [item.key for item in items(text, start)[0]] == ["a", "b", "a"]
    assert text[member(text, start, "a") :].startswith("[1]")
    assert member(text, start, "zz") is None
    first = items(text, start)[0][0].start
    assert [text[s] for s in element_starts(text, first)] == ["1", "{", "["]
    assert element_starts("[ ]", 0) == []


@given(
    st.lists(st.dictionaries(st.sampled_from("abc"), VALUES, min_size=1, max_size=3), min_size=1, max_size=4),
    st.data(),
)
def test_locate_finds_the_cell_in_which_a_text_ends(cells: Any, data: Any) -> None:
    text = json.dumps({"metadata": {"cells": []}, "cells": cells}, indent=1)
    cells_at = member(text, 0, "cells")
    assert cells_at is not None
    starts = element_starts(text, cells_at)
    index = data.draw(st.integers(0, len(cells) - 1))
    end = starts[index + 1] if index + 1 < len(starts) else starts[index] + len(json.dumps(cells[index]))
    cut = data.draw(st.integers(starts[index] + 1, max(starts[index] + 1, min(end - 3, starts[index] + 3))))
    assert locate(text[:cut]) == index


@pytest.mark.parametrize(
    "text", ["", "{", "[", "{1", '{"a"', '{"cells"', '{"cells": 3', '{"cells": []', "}", '{"a": }']
)
def test_locate_outside_of_cells(text: Any) -> None:
    assert locate(text) is None


def test_sameness_tells_kinds_apart() -> None:
    assert same({"a": [1, None]}, {"a": [1, None]})
    assert not same(1, True)
    assert not same(1, 1.0)
    assert not same({"a": 1}, {"a": 1, "b": 2})
    assert not same([1], [1, 2])
    assert same(float("nan"), float("nan"))
