"""Proposed steps: from headings, else from what cells do; written only when asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kfjlab.notebook.analyze import analyze
from kfjlab.notebook.document import read_document
from kfjlab.notebook.headings import headings, sections
from kfjlab.notebook.pipeline import Role
from kfjlab.notebook.problems import Severity
from kfjlab.notebook.suggest import Suggestion, apply_suggestion, suggest


def shape(found: Suggestion) -> dict[str, list[int]]:
    return {step.name: [cell.index for cell in step.cells] for step in found.pipeline.steps}


def roles(found: Suggestion) -> dict[int, Role]:
    return {p.cell: p.role for p in found.proposals if p.role is not Role.STEP}


def test_headings_make_steps(notebook: Callable[..., bytes]) -> None:
    found = suggest(
        notebook(
            "md:# My analysis",
            "import math",
            "md:## 1. Load the data",
            "x = list(range(2))",
            "y = x",
            "md:## 2. Train *a* model",
            "m = sum(y)",
            "md:## Results",
            "r = m * 2",
            "print(r)",
        )
    )
    assert shape(found) == {"load_the_data": [3, 4], "train_a_model": [6], "results": [8, 9]}
    assert roles(found) == {1: Role.IMPORTS}
    by_cell = {p.cell: p for p in found.proposals}
    assert by_cell[3].tag and "Load the data" in by_cell[3].reason
    assert not by_cell[4].tag and by_cell[4].step == "load_the_data"


def test_functions_and_parameters(notebook: Callable[..., bytes]) -> None:
    found = suggest(
        notebook(
            "import math",
            "n = 3\nrate = 0.5",
            "def f(x):\n    return x * rate",
            "md:# A",
            "a = f(n)",
            "md:# B",
            "b = a",
        )
    )
    assert roles(found) == {0: Role.IMPORTS, 1: Role.PARAMETERS, 2: Role.FUNCTIONS}
    assert [p.name for p in found.pipeline.parameters] == ["n", "rate"]
    assert shape(found) == {"a": [4], "b": [6]}


@pytest.mark.parametrize(
    "cells",
    [
        ["n = 3", "md:# A", "a = abs(1)", "md:# B", "b = a"],  # nobody reads it
        ["n = 3; m = 4", "md:# A", "a = n", "md:# B", "m = a"],  # one is set again
        ["a = open", "n = 3", "md:# A", "b = n", "md:# B", "c = b"],  # not leading
    ],
)
def test_constants_that_are_no_parameters(notebook: Callable[..., bytes], cells: Any) -> None:
    found = suggest(notebook(*cells))
    assert Role.PARAMETERS not in roles(found).values()


@pytest.mark.parametrize(
    "cells",
    [
        ["md:# Title", "LR = 0.1; EPOCHS = 5"],
        ["md:# Title", "import math", "md:## Settings", "LR = 0.1; EPOCHS = 5"],
        ["md:# Title", "import random\nrandom.seed(0)", "LR = 0.1\nEPOCHS = 5"],  # a cell that sets up
        [
            "md:# Title",
            "import warnings\nwarnings.filterwarnings('ignore')\n%matplotlib inline",
            "LR = 0.1\nEPOCHS = 5",
        ],
        ["md:# Title", "import random\nrandom.seed(0)\ndef f(): pass", "md:## Load", "LR = 0.1\nEPOCHS = 5"],
        ["md:# Title", "LR = 0.1\nEPOCHS = 5\nUNUSED = 'x'"],
        ["md:# Title", "import math\n\nLR = 0.1\nEPOCHS = 5"],
    ],
)
def test_constants_at_the_beginning_are_parameters(notebook: Callable[..., bytes], cells: list[str]) -> None:
    found = suggest(
        notebook(*cells, "md:## Load", "data = [1] * EPOCHS", "md:## Train", "w = sum(data) * LR")
    )
    assert [p.name for p in found.pipeline.parameters][:2] == ["LR", "EPOCHS"]
    assert not [p for p in found.pipeline.problems if p.severity is not Severity.INFO]
    assert {"load", "train"} <= set(shape(found))


def test_cells_that_only_show_something_join_the_step_before(notebook: Callable[..., bytes]) -> None:
    found = suggest(notebook("md:# A", "a = abs(1)", "md:# Look", "print(a)", "md:# B", "b = a"))
    assert shape(found) == {"a": [1, 3], "b": [5]}


def test_without_headings_the_kind_of_work_decides(notebook: Callable[..., bytes]) -> None:
    found = suggest(
        notebook(
            "import pandas as pd\nfrom sklearn.svm import SVC",
            "df = pd.read_csv('a.csv')",
            "df = df.dropna()\ny = df.pop('y')",
            "svm = SVC().fit(df, y)",
            "tree = Tree().fit(df, y)",
            "print(svm.score(df, y), tree.score(df, y))\nbest = svm",
        )
    )
    assert list(shape(found)) == ["load_data", "prepare_data", "train_model", "train_tree", "evaluate_model"]


def test_names_are_unique_and_good_for_kale(notebook: Callable[..., bytes]) -> None:
    found = suggest(
        notebook("md:# Step", "a = abs(1)", "md:# Step", "b = 1", "md:# 🚀", "c = 1", "md:# 数据", "d = 1")
    )
    assert list(shape(found)) == ["step", "step_2", "step_3", "step_4"]


def test_late_imports_become_prelude_only_where_that_is_right(notebook: Callable[..., bytes]) -> None:
    found = suggest(
        notebook(
            "md:# A",
            "!pip install that",
            "import that",
            "md:# B",
            "b = that.x",
            "md:# C",
            "import math",
            "c = math.pi + b",
        )
    )
    assert 2 not in roles(found)
    assert found.pipeline.step("a").cells[-1].index == 2
    found = suggest(notebook("md:# A", "a = abs(1)", "md:# B", "import math", "b = math.pi", "c = a"))
    assert roles(found) == {3: Role.IMPORTS}
    assert shape(found) == {"a": [1], "b": [4, 5]}


def test_nothing_is_proposed_for_a_notebook_with_steps(notebook: Callable[..., bytes]) -> None:
    found = suggest(notebook(("a = 1", "step:a"), "md:# B", "b = a"))
    assert found.proposals == ()
    assert found.note


def test_own_roles_and_skipped_cells_are_kept(notebook: Callable[..., bytes]) -> None:
    found = suggest(notebook(("n = 1", "parameters"), ("boom", "skip"), "md:# A", "a = n", "md:# B", "b = a"))
    assert [p.name for p in found.pipeline.parameters] == ["n"]
    assert all(p.cell != 1 for p in found.proposals)
    assert not next(p for p in found.proposals if p.cell == 0).tag


def test_one_cell_is_one_step(notebook: Callable[..., bytes]) -> None:
    assert shape(suggest(notebook("a = abs(1)"))) == {"start": [0]}
    assert shape(suggest(notebook("md:# Title", "md:# Part", "a = abs(1)"))) == {"part": [2]}


def test_json_form(notebook: Callable[..., bytes]) -> None:
    data = json.loads(json.dumps(suggest(notebook("md:# A", "a = abs(1)", "md:# B", "b = a")).to_json()))
    assert data["proposals"][0] == {
        "cell": 1,
        "role": "step",
        "step": "a",
        "reason": "under the heading 'A'",
        "tag": True,
    }


def test_proposing_leaves_the_file_and_applying_writes_it(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file("import math", "md:# A", "a = abs(1)", "md:# B", "b = a", "c = b")
    before = path.read_bytes()
    found = suggest(path)
    assert path.read_bytes() == before
    assert apply_suggestion(path, found)
    result = analyze(path)
    assert [s.name for s in result.steps] == ["a", "b"]
    assert result.steps == found.pipeline.steps
    tags = [c["metadata"].get("tags") for c in json.loads(path.read_bytes())["cells"]]
    assert tags == [["imports"], None, ["step:a"], None, ["step:b"], None]
    assert not apply_suggestion(path, suggest(path))


# ---- headings


def test_headings_of_every_kind(notebook: Callable[..., bytes]) -> None:
    text = "\n".join(
        [
            "# One #",
            "text",
            "Two",
            "---",
            "Three",
            "===",
            "```",
            "# not",
            "```",
            "<h3>Four &amp; more</h3>",
            "#not",
            "### [Five](u) `code`",
            "- item",
            "---",
            "| a |",
            "---",
            "## 2.1) Six",
            "## Part II: x",
            "~~~~",
            "~~~",
            "# not",
            "~~~~",
            "## 7.",
        ]
    )
    found = [(h.level, h.text) for h in headings(read_document(notebook("md:" + text)))]
    assert found == [
        (1, "One"),
        (2, "Two"),
        (1, "Three"),
        (3, "Four & more"),
        (3, "Five code"),
        (2, "Six"),
        (2, "x"),
        (2, "7."),
    ]


def test_sections_go_deeper_while_there_is_room(notebook: Callable[..., bytes]) -> None:
    cells = ["md:# A", "md:## A1", "1", "2", "md:## A2", "3", "md:# B", "4"]
    document = read_document(notebook(*cells))
    code = [2, 3, 5, 7]
    two = sections(document, code, 2)
    three = sections(document, code, 3)
    assert [s.cells for s in two] == [(2, 3, 5), (7,)]
    assert [s.cells for s in three] == [(2, 3), (5,), (7,)]
    assert [s.title for s in three] == ["A1", "A2", "B"]


def test_a_first_split_is_made_whatever_it_gives(notebook: Callable[..., bytes]) -> None:
    document = read_document(notebook(*[text for i in range(5) for text in (f"md:# H{i}", f"{i}")]))
    assert len(sections(document, [1, 3, 5, 7, 9], 2)) == 5


@pytest.mark.parametrize(
    "line",
    [
        "%matplotlib inline",
        "plt.style.use('ggplot')",
        "pd.set_option('display.max_rows', 9)",
        "warnings.filterwarnings('ignore')",
        "np.random.seed(0)",
        "%config InlineBackend.figure_format = 'retina'",
        "plt.rcParams['figure.figsize'] = (8, 3)",
        "SEED = 1\nnp.random.seed(SEED)",
    ],
)
def test_imports_beside_which_an_option_is_set_are_imports(notebook: Callable[..., bytes], line: str) -> None:
    """As a step they would stand before every other step."""
    imports = f"import warnings\nimport numpy as np, pandas as pd\nimport matplotlib.pyplot as plt\n{line}"
    assert roles(suggest(notebook(imports, "df = pd.DataFrame({'x': [1]})", "print(df)"))) == {
        0: Role.IMPORTS
    }
    assert roles(suggest(notebook(f"{imports}\ndf = pd.read_csv('x.csv')", "print(df)"))) == {}
