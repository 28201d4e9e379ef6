"""How tagged cells become steps: through :func:`analyze`, on small notebooks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from kfjlab.notebook.analyze import analyze
from kfjlab.notebook.pipeline import Pipeline, Role
from kfjlab.notebook.problems import NotebookError, Severity


@pytest.fixture
def pipeline(notebook: Callable[..., bytes]) -> Any:
    """A function that makes the pipeline of cells."""

    def make(*cells: Any, **metadata: Any) -> Pipeline:
        return analyze(notebook(*cells, **metadata), name="my notebook.ipynb")

    return make


def shape(found: Pipeline) -> dict[str, list[int]]:
    return {step.name: [cell.index for cell in step.cells] for step in found.steps}


def prelude(found: Pipeline) -> list[int]:
    return [cell.index for cell in found.prelude.cells]


def codes(found: Pipeline, *severities: Severity) -> list[str]:
    return [p.code for p in found.problems if not severities or p.severity in severities]


def faults(found: Pipeline) -> list[str]:
    return codes(found, Severity.ERROR, Severity.WARNING)


def problem(found: Pipeline, code: str) -> Any:
    matching = [p for p in found.problems if p.code == code]
    assert len(matching) == 1, codes(found)
    return matching[0]


def test_steps_in_notebook_order(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("import math", "imports"), ("a = 1", "step:one"), ("b = a", "step:two", "prev:one"))
    assert shape(found) == {"one": [1], "two": [2]}
    assert prelude(found) == [0]
    assert found.step("two").after == ("one",)
    assert codes(found) == []


def test_untagged_cells_belong_to_the_step_before(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("a = 1", "step:one"), "b = 2", "md:text", "c = 3", ("d = 4", "step:two"), "e = 5")
    assert shape(found) == {"one": [0, 1, 3], "two": [4, 5]}


def test_empty_step_tag_of_kale_is_as_no_tag(pipeline: Callable[..., Pipeline]) -> None:
    assert shape(pipeline(("a = 1", "step:one"), ("b = 2", "step:"))) == {"one": [0, 1]}


def test_skip_is_transparent(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("a = 1", "step:one"), ("boom", "skip"), "b = 2", ("c = 3", "step:one"))
    assert shape(found) == {"one": [0, 2, 3]}
    assert faults(found) == []


def test_numbers_count_what_is_executed(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(
        ("import math", "imports"),
        "md:text",
        ("", "step:a"),
        ("x = 1", "step:a"),
        ("y", "skip"),
        ("z = 2", "step:b"),
    )
    cells = [*found.prelude.cells, *(c for s in found.steps for c in s.cells)]
    assert [(c.index, c.number) for c in cells] == [(0, 1), (3, 2), (5, 3)]


def test_roles_and_ids_of_cells(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(
        ("import math", "imports"),
        ("n = 1", "parameters"),
        ("x = n", "step:a"),
        ("print(x)", "pipeline-metrics"),
    )
    assert [c.role for c in found.prelude.cells] == [Role.IMPORTS, Role.PARAMETERS]
    assert found.steps[0].cells[0].role is Role.STEP
    assert found.steps[0].cells[0].id == "c2"
    assert [p.name for p in found.parameters] == ["n"]


def test_metrics_form_a_step_in_place(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("x = 1", "step:a"), ("print(x)", "pipeline-metrics"), "y = x")
    assert shape(found) == {"a": [0], "pipeline-metrics": [1, 2]}
    assert found.steps[1].role is Role.METRICS
    assert found.steps[1].cells[1].role is Role.METRICS


def test_metrics_may_stand_between_steps(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(
        ("x = 1", "step:a"),
        ("print(x)", "pipeline-metrics"),
        ("y = 2", "step:b"),
        ("print(y)", "pipeline-metrics"),
    )
    assert shape(found) == {"a": [0], "pipeline-metrics": [1], "b": [2], "pipeline-metrics_2": [3]}
    assert [s.role for s in found.steps] == [Role.STEP, Role.METRICS, Role.STEP, Role.METRICS]
    assert faults(found) == []


def test_a_step_cannot_be_called_as_the_metrics(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("x = 1", "step:pipeline-metrics"), ("print(x)", "pipeline-metrics"))
    assert problem(found, "bad-step-name").severity is Severity.ERROR
    assert [s.role for s in found.steps] == [Role.STEP, Role.METRICS]


# ---- code before the first step


def test_leading_imports_and_definitions_join_the_prelude(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline("import math", "def f():\n    return math.pi", ("x = f()", "step:a"))
    assert prelude(found) == [0, 1]
    assert shape(found) == {"a": [2]}
    assert codes(found) == []


def test_other_leading_code_is_a_step_of_its_own(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline("import math", "x = math.pi", "import json", ("y = x", "step:a"))
    assert prelude(found) == [0]
    assert shape(found) == {"start": [1, 2], "a": [3]}
    assert [s.implicit for s in found.steps] == [True, False]
    said = problem(found, "implicit-step")
    assert (said.severity, said.cell, said.step) == (Severity.INFO, 1, "start")
    assert said.fix is not None and said.fix.arguments == {"cell": 1, "name": "start"}


def test_the_implicit_step_does_not_clash(pipeline: Callable[..., Pipeline]) -> None:
    assert list(shape(pipeline("x = 1", ("y = x", "step:start")))) == ["start_2", "start"]


def test_untagged_after_imports_is_more_imports_as_in_kale(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("import math", "imports"), "x = math.pi", ("y = x", "step:a"))
    assert prelude(found) == [0, 1]
    assert found.prelude.cells[1].role is Role.IMPORTS


def test_untagged_constants_after_kales_parameters_are_parameters(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("n = 1", "pipeline-parameters"), "m = 2", "k = n + m", ("y = k", "step:a"))
    assert [p.name for p in found.parameters] == ["n", "m"]
    assert shape(found) == {"start": [2], "a": [3]}


def test_untagged_constants_after_papermills_parameters_are_not(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("n = 1", "parameters"), "m = 2", ("y = n + m", "step:a"))
    assert [p.name for p in found.parameters] == ["n"]
    assert shape(found) == {"start": [1], "a": [2]}


def test_what_papermill_injected_counts_as_parameters(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("n = 1  # size", "parameters"), ("n = 5", "injected-parameters"), ("y = n", "step:a"))
    assert [(p.name, p.default, p.description) for p in found.parameters] == [("n", 5, "size")]


def test_several_parameters_cells(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("n = 1", "parameters"), ("m = 2", "pipeline-parameters"), ("y = n + m", "step:a"))
    assert [p.name for p in found.parameters] == ["n", "m"]


# ---- notebooks without steps


def test_untagged_notebook_is_one_step_named_after_it(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline("import math", "x = 1", "y = x")
    assert shape(found) == {"my_notebook": [1, 2]}
    assert found.steps[0].implicit
    assert found.name == "my notebook"
    assert problem(found, "untagged-notebook").severity is Severity.INFO
    assert faults(found) == []


def test_parameters_alone_do_not_swallow_the_notebook(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("n = 1", "parameters"), "m = 2", "print(n)")
    assert shape(found) == {"my_notebook": [1, 2]}
    found = pipeline(("import math", "imports"), "print(1)", "print(2)")
    assert shape(found) == {"my_notebook": [1, 2]}


def test_only_imports_and_definitions_is_nothing_to_run(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("import math", "imports"))
    assert shape(found) == {}
    assert problem(found, "no-steps").severity is Severity.ERROR


def test_all_skipped_is_nothing_to_run(pipeline: Callable[..., Pipeline]) -> None:
    assert faults(pipeline(("x = 1", "skip"))) == ["no-steps"]


@pytest.mark.parametrize("cells", [[], ["md:# Title"], ["", "  \n"]])
def test_empty_notebooks(pipeline: Callable[..., Pipeline], cells: Any) -> None:
    with pytest.raises(NotebookError) as caught:
        pipeline(*cells)
    assert [p.code for p in caught.value.problems] == ["empty-notebook"]


# ---- imports, functions and parameters after a step


def test_later_imports_move_up_where_nobody_can_tell(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(
        ("x = 1", "step:a"),
        ("import math", "imports"),
        ("def f():\n    return 1", "functions"),
        ("y = f()", "step:b"),
    )
    assert prelude(found) == [1, 2]
    assert shape(found) == {"a": [0], "b": [3]}
    assert faults(found) == []


def test_later_parameters_move_up(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline("print('hello')", ("n = 1", "parameters"), ("x = n", "step:a"))
    assert [p.name for p in found.parameters] == ["n"]
    assert shape(found) == {"start": [0], "a": [2]}


@pytest.mark.parametrize(
    ("first", "late", "tag"),
    [
        ("x = 1", "net = x", "functions"),  # does more than define
        ("x = 1", "def f(a=x):\n    return a", "functions"),  # needs the step's variable now
        ("x = f()", "def f():\n    return 1", "functions"),  # the step uses another f
        ("f = 3", "def f():\n    return 1", "functions"),
        ("!pip install that", "import that", "imports"),
        ("import sys\nsys.path.append('lib')", "import helpers", "imports"),
        ("%%writefile helpers.py\nx = 1", "import helpers", "imports"),
        ("import os\nos.environ['A'] = '1'", "import math", "imports"),
        ("x = 1", "from math import *", "imports"),
        ("x = 1", "def print(*a):\n    pass", "functions"),  # the step may use the builtin in some other way
        ("x = sorted(globals())", "def f():\n    return 1", "functions"),
        ("n = 5", "n = 1", "parameters"),
        ("print(n)", "n = 1", "parameters"),
        ("x = 1", "n = open('f').read()", "parameters"),
    ],
)
def test_later_prelude_cells_stay_where_moving_them_would_show(
    pipeline: Callable[..., Pipeline], first: Any, late: Any, tag: Any
) -> None:
    found = pipeline((first, "step:a"), (late, tag), ("y = 1", "step:b"))
    assert prelude(found) == []
    assert shape(found) == {"a": [0, 1], "b": [2]}
    assert found.parameters == ()
    said = problem(found, "late-prelude-cell")
    assert (said.severity, said.cell) == (Severity.WARNING, 1)
    assert said.fix is not None


def test_importing_the_same_again_is_no_obstacle(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(
        ("import numpy as np", "imports"),
        ("x = np.ones(3)", "step:a"),
        ("import numpy as np\nimport json", "imports"),
        ("y = np.zeros(3)", "step:b"),
    )
    assert prelude(found) == [0, 2]
    assert shape(found) == {"a": [1], "b": [3]}


def test_importing_another_thing_under_the_same_name_is(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(
        ("import numpy as np", "imports"),
        ("x = np.ones(3)", "step:a"),
        ("import numpy.ma as np", "imports"),
        ("y = 1", "step:b"),
    )
    assert shape(found) == {"a": [1, 2], "b": [3]}


def test_redefining_what_the_prelude_defines_stays_in_place(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(
        ("def f():\n    return 1\ndef g():\n    return f()", "functions"),
        ("x = g()", "step:a"),
        ("def f():\n    return 2", "functions"),
        ("y = g()", "step:b"),
    )
    assert prelude(found) == [0]
    assert shape(found) == {"a": [1, 2], "b": [3]}


def test_untagged_work_after_later_functions_goes_to_the_step_before(
    pipeline: Callable[..., Pipeline],
) -> None:
    found = pipeline(
        ("x = 1", "step:a"), ("def f():\n    return 1", "functions"), "z = f()", ("y = z", "step:b")
    )
    assert prelude(found) == [1]
    assert shape(found) == {"a": [0, 2], "b": [3]}
    assert faults(found) == []


# ---- order that tags ask for


def test_prev_on_any_cell_of_a_step(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(
        ("a = 1", "step:a"), ("b = 1", "step:b"), ("c = 1", "step:c", "prev:b"), ("d = 1", "prev:a")
    )
    assert found.step("c").after == ("a", "b")


def test_prev_without_dataflow_gives_an_order_edge(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("a = 1", "step:a"), ("b = 1", "step:b", "prev:a"))
    assert [(e.source, e.target) for e in found.edges if e.kind == "order"] == [("a", "b")]


def test_unknown_prev_names_the_nearest(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("a = 1", "step:load_data"), ("b = 1", "step:b", "prev:load_dta"))
    said = problem(found, "unknown-step")
    assert (said.severity, said.cell, said.step) == (Severity.ERROR, 1, "b")
    assert "'load_data'" in said.message
    assert said.fix is not None
    assert (said.fix.action, said.fix.arguments) == (
        "replace-after",
        {"cell": 1, "old": "load_dta", "new": "load_data"},
    )


def test_unknown_prev_without_a_near_name(pipeline: Callable[..., Pipeline]) -> None:
    said = problem(pipeline(("b = 1", "step:b", "prev:qqqqqq")), "unknown-step")
    assert said.fix is not None and said.fix.action == "remove-after"
    said = problem(pipeline(("b = 1", "step:b", "prev:imports")), "unknown-step")
    assert "before every step" in said.message


def test_prev_to_itself_and_in_a_circle(pipeline: Callable[..., Pipeline]) -> None:
    said = problem(pipeline(("a = 1", "step:a", "prev:a")), "prev-cycle")
    assert (said.severity, said.cell) == (Severity.ERROR, 0)
    found = pipeline(
        ("a = 1", "step:a", "prev:c"), ("b = 1", "step:b", "prev:a"), ("c = 1", "step:c", "prev:b")
    )
    said = problem(found, "prev-cycle")
    assert "a → b → c → a" in said.message
    assert said.fix is not None and said.fix.arguments == {"cell": 0, "name": "c"}


def test_prev_to_a_later_step(pipeline: Callable[..., Pipeline]) -> None:
    said = problem(pipeline(("a = 1", "step:a", "prev:b"), ("b = 1", "step:b")), "prev-forward")
    assert (said.severity, said.cell) == (Severity.ERROR, 0)


def test_prev_to_a_skipped_step_is_no_fault(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("a = 1", "step:a", "skip"), ("b = 1", "step:b", "prev:a"))
    assert found.step("b").after == ()
    assert faults(found) == []


def test_step_without_code_passes_its_order_on(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("a = 1", "step:a"), ("", "step:b", "prev:a"), ("c = 1", "step:c", "prev:b"))
    assert shape(found) == {"a": [0], "c": [2]}
    assert found.step("c").after == ("a",)
    assert faults(found) == ["empty-step"]


def test_untagged_code_fills_an_empty_step(pipeline: Callable[..., Pipeline]) -> None:
    assert shape(pipeline(("", "step:a"), "x = 1")) == {"a": [1]}


# ---- steps that come again


def test_reopened_step_that_others_depend_on_is_an_error(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("x = 1", "step:a"), ("y = x", "step:b"), ("x = y", "step:a"), ("z = x", "step:a"))
    assert shape(found) == {"a": [0], "b": [1], "a_2": [2, 3]}
    said = problem(found, "reopened-step")
    assert (said.severity, said.cell, said.step) == (Severity.ERROR, 2, "a_2")
    assert said.fix is not None
    assert (said.fix.action, said.fix.arguments) == ("set-step", {"cell": [2, 3], "name": "a_2"})


def test_reopened_step_that_nobody_depends_on_runs_in_place(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("x = 1", "step:a"), ("y = 2", "step:b"), ("z = 3", "step:a"))
    assert shape(found) == {"a": [0], "b": [1], "a_2": [2]}
    assert problem(found, "reopened-step").severity is Severity.WARNING


def test_reopened_step_by_order_tags_is_an_error(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("x = 1", "step:a"), ("y = 2", "step:b", "prev:a"), ("z = 3", "step:a"))
    assert problem(found, "reopened-step").severity is Severity.ERROR
    found = pipeline(("x = 1", "step:a"), ("y = 2", "step:b"), ("z = 3", "step:a", "prev:b"))
    assert problem(found, "reopened-step").severity is Severity.ERROR


def test_who_follows_a_reopened_step_follows_all_parts_before(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(
        ("x = 1", "step:a"), ("y = 2", "step:b"), ("z = 3", "step:a"), ("w = 4", "step:c", "prev:a")
    )
    assert found.step("c").after == ("a", "a_2")


def test_new_names_of_parts_do_not_clash(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("x = 1", "step:a"), ("y = 2", "step:a_2"), ("z = 3", "step:a"))
    assert list(shape(found)) == ["a", "a_2", "a_3"]


def test_settings_of_a_step_hold_for_all_its_parts(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(
        ("x = 1", "step:a", "limit:cpu:2"), ("y = 2", "step:b"), ("z = 3", "step:a", "cache:disabled")
    )
    for name in ("a", "a_2"):
        assert (found.step(name).settings.resources.cpu, found.step(name).settings.cache) == (2.0, False)


def test_empty_cells_between_do_not_reopen(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("x = 1", "step:a"), ("", "step:b"), ("y = 2", "step:a"))
    assert shape(found) == {"a": [0, 2]}


# ---- settings


def test_settings_of_several_cells_are_merged(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(
        ("x = 1", "step:a", "limit:cpu:2"),
        ("y = 1", {"kfjlab": {"env": {"A": "1"}}}),
        ("z = 1", "step:a", "image:b:1"),
    )
    settings = found.step("a").settings
    assert (settings.resources.cpu, settings.env, settings.image) == (2.0, {"A": "1"}, "b:1")


def test_contradicting_cells_are_an_error(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("x = 1", "step:a", "limit:memory:4Gi"), ("y = 1", "step:a", "limit:memory:8Gi"))
    said = problem(found, "contradiction")
    assert (said.severity, said.cell, said.step) == (Severity.ERROR, 1, "a")
    assert "resources.memory" in said.message and "cell 1" in said.message


def test_same_setting_twice_is_fine(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("x = 1", "step:a", "limit:memory:4Gi"), ("y = 1", "step:a", "limit:memory:4096Mi"))
    assert faults(found) == []


def test_own_value_wins_over_the_default(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(
        ("x = 1", "step:a", "limit:cpu:4"),
        ("y = 1", {"kfjlab": {"env": {"A": "own"}}}),
        ("z = 1", "step:b"),
        kfjlab={"defaults": {"resources": {"cpu": 1, "memory": "1Gi"}, "env": {"A": "all", "B": "all"}}},
    )
    a, b = found.step("a").settings, found.step("b").settings
    assert (a.resources.cpu, a.resources.memory, a.env) == (4.0, 2**30, {"A": "own", "B": "all"})
    assert (b.resources.cpu, b.env) == (1.0, {"A": "all", "B": "all"})


# ---- names


@pytest.mark.parametrize(
    "name", ["../../x", "$(rm -rf /)", "a\x1b[31mb", "🚀", "x" * 300, "a/b", "<script>", "a: b", "  "]
)
def test_hostile_names_are_refused_and_replaced(pipeline: Callable[..., Pipeline], name: Any) -> None:
    found = pipeline(("x = 1", f"step:{name}"), ("y = x", "step:b", f"prev:{name}"))
    said = problem(found, "bad-step-name")
    assert (said.severity, said.cell) == (Severity.ERROR, 0)
    assert said.message.isprintable() and len(said.message) < 250
    safe = found.steps[0].name
    assert said.fix is not None and said.fix.arguments == {"old": name, "new": safe}
    assert found.step("b").after == (safe,)
    assert "unknown-step" not in codes(found)


def test_replaced_names_do_not_clash(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("x = 1", "step:a b!"), ("y = 1", "step:a_b"), ("z = 1", "step:a b?"))
    assert len({s.name for s in found.steps}) == 3


def test_names_of_any_script(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(
        ("x = 1", "step:données"), ("y = x", "step:学习", "prev:données"), ("z = 1", "step:load data")
    )
    assert list(shape(found)) == ["données", "学习", "load data"]
    assert faults(found) == []


# ---- the rest


def test_pipeline_takes_name_kernel_and_metadata(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(
        ("x = 1", "step:a"),
        kubeflow_notebook={"pipeline_name": "kale", "experiment_name": "exp"},
        kfjlab={"name": "ours", "description": "what it does", "random": "serial"},
        kernelspec={"name": "py", "language": "python"},
        widgets={"big": "x"},
    )
    assert (found.name, found.experiment, found.description, found.random, found.kernel) == (
        "kale",
        "exp",
        "what it does",
        "serial",
        "py",
    )
    assert "widgets" not in found.metadata and found.metadata["kernelspec"]["name"] == "py"


def test_our_kernel_goes_before_the_notebooks(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline("x = 1", kfjlab={"kernel": "mine"}, kernelspec={"name": "py", "language": "python"})
    assert found.kernel == "mine"


def test_sub_pipelines(pipeline: Callable[..., Pipeline]) -> None:
    with pytest.raises(NotebookError) as caught:
        pipeline(("", "notebook:a", {"notebook_path": "./a.ipynb"}))
    assert [(p.code, p.cell) for p in caught.value.problems] == [("sub-pipeline", 0)]
    found = pipeline(("", "notebook:a"), ("x = 1", "step:s"))
    assert shape(found) == {"s": [1]}
    assert [p.cell for p in found.errors] == [0]


def test_a_syntax_error_is_one_problem_with_cell_and_line(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline(("x = 1", "step:a"), ("y = 1\nz = (", "step:b"))
    assert [(p.cell, p.line) for p in found.errors] == [(1, 2)]
    assert list(shape(found)) == ["a", "b"]


@pytest.mark.parametrize(
    ("version", "newer"), [("3.99.1", True), ("3.8.0", False), ("3", False), (None, False)]
)
def test_a_syntax_error_says_whether_the_notebook_is_of_a_newer_python(
    pipeline: Callable[..., Pipeline], version: str | None, newer: bool
) -> None:
    found = pipeline("z = (", language_info={"name": "python", "version": version})
    (error,) = found.errors
    assert "not valid Python {}.{}: ".format(*sys.version_info[:2]) in error.message
    assert error.fix is not None and ("was run with Python 3.99" in error.fix.title) is newer


def test_problems_come_errors_first_and_once(pipeline: Callable[..., Pipeline]) -> None:
    found = pipeline("x = 1", ("y = 1", "step:a", "Imports"), ("z = 1", "step:b", "prev:zz"))
    order = [Severity.ERROR, Severity.WARNING, Severity.INFO]
    ranks = [order.index(p.severity) for p in found.problems]
    assert ranks == sorted(ranks)
    assert len(set(map(repr, found.problems))) == len(found.problems)


def test_a_pipeline_survives_json(pipeline: Callable[..., Pipeline]) -> None:
    import json

    found = pipeline(
        ("n = 1", "parameters"), ("x = n", "step:a", "limit:cpu:2"), ("print(x)", "pipeline-metrics")
    )
    assert Pipeline.from_json(json.loads(json.dumps(found.to_json()))) == found


@pytest.mark.parametrize("source", ["nowhere", "x = (", "print(later)"])
def test_a_cell_may_raise_where_its_tag_says_so(pipeline: Callable[..., Pipeline], source: str) -> None:
    plain = pipeline((source, "step:one"), ("later = 1", "step:two"))
    assert codes(plain, Severity.ERROR) and not plain.steps[0].cells[0].may_raise
    found = pipeline((source, "step:one", "raises-exception"), ("later = 1", "step:two"))
    assert codes(found, Severity.ERROR) == [] and found.steps[0].cells[0].may_raise
    assert Pipeline.from_json(found.to_json()) == found
    assert found.steps[0].flow.code_digest != plain.steps[0].flow.code_digest


def test_an_output_of_another_step_is_an_error_although_the_cell_may_raise(
    pipeline: Callable[..., Pipeline],
) -> None:
    found = pipeline(("1", "step:one"), ("print(_)", "step:two", "raises-exception"))
    assert codes(found, Severity.ERROR) == ["output-history"]
