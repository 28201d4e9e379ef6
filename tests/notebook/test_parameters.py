"""Parameters: what is one, of which type, and which values it takes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfjlab.notebook.parameters import (
    ParameterError,
    check_value,
    constants_only,
    find_parameter,
    parse_value,
    read_parameters,
    resolve,
)
from kfjlab.notebook.pipeline import Cell, Parameter, Role
from kfjlab.notebook.problems import Problem, Severity


def read(*sources: str) -> tuple[dict[str, Parameter], list[Problem]]:
    problems: list[Problem] = []
    cells = [Cell(i, f"c{i}", i + 1, source, Role.PARAMETERS) for i, source in enumerate(sources)]
    return {p.name: p for p in read_parameters(cells, problems)}, problems


def one(source: str) -> Parameter:
    found, problems = read(source)
    assert problems == []
    assert len(found) == 1
    return next(iter(found.values()))


def parameter(kind: str, default: Any = 0) -> Parameter:
    return Parameter("p", kind, default)


@pytest.mark.parametrize(
    ("source", "kind", "default"),
    [
        ("n = 3", "int", 3),
        ("n = -3", "int", -3),
        ("x = -0.5", "float", -0.5),
        ("x = 1e-3", "float", 0.001),
        ("n = 60*60", "int", 3600),
        ("n = 2**10 - 1", "int", 1023),
        ("x = 1 / 4", "float", 0.25),
        ("n = 1 << 4 | 1", "int", 17),
        ("b = True", "bool", True),
        ("b = not True", "bool", False),
        ("s = 'a'", "str", "a"),
        ("s = 'a' 'b'", "str", "ab"),
        ("s = 'a' + 'b'", "str", "ab"),
        ("s = f'abc'", "str", "abc"),
        ("s = '''a\nb'''", "str", "a\nb"),
        ("v = [1, 'a', None]", "list", [1, "a", None]),
        ("v = [0] * 3", "list", [0, 0, 0]),
        ("d = {'a': [1]}", "dict", {"a": [1]}),
        ("n = None", "any", None),
        ("x: float = 1", "float", 1),
        ("n: int = 5", "int", 5),
        ("n: 'int' = 5", "int", 5),
        ("n: Optional[int] = None", "int", None),
        ("n: typing.Optional[float] = None", "float", None),
        ("n: int | None = None", "int", None),
        ("n: Union[int, float] = 1", "float", 1),
        ("v: list[int] = []", "list", []),
        ("v: List[str] = []", "list", []),
        ("v: Sequence[str] = []", "list", []),
        ("d: Dict[str, int] = {}", "dict", {}),
        ("s: Literal['a', 'b'] = 'a'", "str", "a"),
        ("s: Final[str] = 'a'", "str", "a"),
        ("s: Path = 'a'", "str", "a"),
        ("n: Any = 3", "any", 3),
        ("x = 3  # type: float", "float", 3),
    ],
)
def test_types_and_defaults(source: Any, kind: Any, default: Any) -> None:
    found = one(source)
    assert (found.type, found.default) == (kind, default)
    assert type(found.default) is type(default)


def test_place() -> None:
    found, _ = read("x = 1", "\n\ny = 2")
    assert (found["y"].cell, found["y"].line) == (1, 3)


@pytest.mark.parametrize(
    ("source", "description"),
    [
        ("x = 1  # learning rate", "learning rate"),
        ("# learning rate\nx = 1", "learning rate"),
        ("# learning\n# rate\nx = 1", "learning rate"),
        ("# not this\n\nx = 1", ""),
        ("# above\nx = 1  # beside", "beside"),
        ("x = [  # first\n  1,\n]", "first"),
        ("x = [\n  1,\n]  # last", "last"),
        ("x = 1  # noqa: F841", ""),
        ("# above\nx = 1  # noqa", "above"),
        ("# ------\n# rate\n# ------\nx = 1", "rate"),
        ("x = '# no comment'", ""),
        ("x = 1  # type: float  the rate", "the rate"),
        ("# the rate\nx = 1  # type: float", "the rate"),
        ("x = 1  # Rate # of things", "Rate # of things"),
    ],
)
def test_descriptions(source: Any, description: Any) -> None:
    assert one(source).description == description


def test_several_on_a_line_and_by_unpacking() -> None:
    found, problems = read("a = 1; b = 'x'\nc, d = 2, [3]\ne = f = 4")
    assert problems == []
    assert {n: p.default for n, p in found.items()} == {"a": 1, "b": "x", "c": 2, "d": [3], "e": 4, "f": 4}


def test_last_assignment_counts_and_keeps_the_place_in_the_order() -> None:
    found, _ = read("a = 1  # the a\nb = 2\na = 3")
    assert [(p.name, p.default, p.description) for p in found.values()] == [("a", 3, "the a"), ("b", 2, "")]


@pytest.mark.parametrize(
    "source",
    [
        "now = datetime.now()",
        "x = (1, 2)",
        "x = {1, 2}",
        "x = {1: 'a'}",
        "x = b'a'",
        "x = 1j",
        "x = 1e999",
        "x = [(1,)]",
        "x = 9 ** 9 ** 9",
        "x = 'a' * 10**9",
        "x = 1 << 10**9",
        "x = 1 / 0",
        "x = '%d' % 3",
        "x = f'{y}'",
        "x = [*a]",
        "x = {**a}",
        "x = ...",
        "for x in range(3): pass",
        "x = a if b else c",
    ],
)
def test_what_is_no_parameter_is_said(source: Any) -> None:
    found, problems = read(source)
    assert found == {}
    assert [(p.code, p.severity, p.cell, p.line) for p in problems] == [
        ("not-a-parameter", Severity.INFO, 0, 1)
    ]


def test_a_parameter_that_is_computed_afterwards_is_none() -> None:
    found, problems = read("x = 1\nx = f()")
    assert found == {}
    assert [p.line for p in problems] == [2]
    found, problems = read("x = 1\nx += 1")
    assert found == {}


def test_a_value_computed_from_a_parameter_is_warned_about() -> None:
    found, problems = read("lr = 0.1\nhalf = lr / 2")
    assert list(found) == ["lr"]
    assert [(p.code, p.severity, p.line) for p in problems] == [("derived-parameter", Severity.WARNING, 2)]


def test_imports_functions_and_docstrings_are_no_parameters() -> None:
    found, problems = read("'''Doc.'''\nimport os\ndef f(): pass\nx: int\nprint(1)")
    assert (found, problems) == ({}, [])


def test_annotation_that_does_not_fit() -> None:
    found, problems = read("n: int = 'a'")
    assert found["n"].type == "str"
    assert [(p.code, p.severity) for p in problems] == [("parameter-type", Severity.WARNING)]
    assert read("b: bool = 1")[1][0].code == "parameter-type"


def test_odd_escapes_warn_nobody() -> None:
    assert one(r"s = 'a\.b'").default == r"a\.b"


def test_magics_and_syntax_errors() -> None:
    assert read("%matplotlib inline\nx = 1  # rate")[0]["x"].description == "rate"
    assert read("!pip install x\ny = 2")[0]["y"].line == 2
    assert read("x = (") == ({}, [])


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    )
)
def test_every_json_value_is_read_as_it_is(value: Any) -> None:
    found = one(f"x = {value!r}")
    assert repr(found.default) == repr(value)


@pytest.mark.parametrize(
    ("source", "only"),
    [
        ("x = 1", True),
        ("x = 1; y = [2]", True),
        ("x: int = 1", True),
        ("'doc'\nx = 1", True),
        ("x = (1, 2)", True),
        ("x = 60 * 60", True),
        ("x = f()", False),
        ("x += 1", False),
        ("import os", False),
        ("print(1)", False),
        ("", False),
        ("# only", False),
        ("%magic\nx = 1", False),
        ("x = (", False),
        ("a.b = 1", False),
        ("a[0] = 1", False),
        ("if True: x = 1", False),
    ],
)
def test_constants_only(source: Any, only: Any) -> None:
    assert constants_only(source) is only


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "3", 3),
        ("int", " -3 ", -3),
        ("int", "1_000", 1000),
        ("float", "3", 3.0),
        ("float", "1e-3", 0.001),
        ("str", "3", "3"),
        ("str", " a ", " a "),
        ("str", "", ""),
        ("bool", "true", True),
        ("bool", "No", False),
        ("bool", "0", False),
        ("bool", "ON", True),
        ("list", "[1, 2]", [1, 2]),
        ("list", "['a', True]", ["a", True]),
        ("dict", '{"a": 1}', {"a": 1}),
        ("dict", "{'a': None}", {"a": None}),
        ("any", "3", 3),
        ("any", "abc", "abc"),
    ],
)
def test_parse_value(kind: Any, text: Any, value: Any) -> None:
    found = parse_value(parameter(kind), text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", "abc"),
        ("int", "2.0"),
        ("int", ""),
        ("int", "9" * 5000),
        ("float", "abc"),
        ("float", "nan"),
        ("float", "inf"),
        ("bool", "maybe"),
        ("bool", "2"),
        ("list", "{}"),
        ("list", "1"),
        ("list", "(1, 2)"),
        ("list", "f()"),
        ("dict", "[]"),
        ("dict", "{1: 2}"),
        ("list", "["),
        ("list", "[NaN]"),
        ("int", "none"),
    ],
)
def test_parse_value_refuses(kind: Any, text: Any) -> None:
    with pytest.raises(ParameterError):
        parse_value(parameter(kind), text)


def test_messages_say_type_and_value() -> None:
    with pytest.raises(ParameterError, match=r"^learning_rate must be a float, got 'abc'$"):
        parse_value(Parameter("learning_rate", "float", 0.1), "abc")
    with pytest.raises(ParameterError, match=r"must be an int, got '2.0'"):
        parse_value(parameter("int"), "2.0")


def test_none_where_the_default_is_none() -> None:
    assert parse_value(parameter("int", None), "none") is None
    assert parse_value(parameter("str", None), "none") == "none"
    assert check_value(parameter("int", None), None) is None
    with pytest.raises(ParameterError):
        check_value(parameter("int", 3), None)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("int", 3), ("float", 3), ("bool", True), ("str", ""), ("list", []), ("dict", {}), ("any", [1])],
)
def test_check_value(kind: Any, value: Any) -> None:
    assert check_value(parameter(kind), value) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", True),
        ("int", 3.0),
        ("int", "3"),
        ("float", True),
        ("float", float("inf")),
        ("bool", 1),
        ("str", 3),
        ("list", (1,)),
        ("dict", {1: 2}),
        ("any", {1}),
    ],
)
def test_check_value_refuses(kind: Any, value: Any) -> None:
    with pytest.raises(ParameterError):
        check_value(parameter(kind), value)


def test_whole_numbers_become_floats() -> None:
    assert type(check_value(parameter("float"), 3)) is float


def test_unknown_names() -> None:
    with pytest.raises(ParameterError, match="Did you mean 'learning_rate'"):
        find_parameter([Parameter("learning_rate", "float", 0.1)], "learning_rat")
    with pytest.raises(ParameterError, match="has no parameters"):
        find_parameter([], "x")


def test_resolve_collects_all_faults() -> None:
    known = [Parameter("n", "int", 1, cell=2, line=3), Parameter("s", "str", "a")]
    values, problems = resolve(known, {"n": "x", "zz": 1}, {"s": "b", "n": "7"})
    assert values == {"s": "b", "n": 7}
    assert [(p.code, p.severity, p.cell, p.line) for p in problems] == [
        ("bad-parameter", Severity.ERROR, 2, 3),
        ("unknown-parameter", Severity.ERROR, None, None),
    ]
