"""Ambient state: who changes it, who sees it, and what chance does to the order of steps."""

from __future__ import annotations

import pytest

from .flowing import arrows, codes, flow_of, others

PRELUDE = """
import os, sys, random, warnings, locale, decimal, logging
import numpy as np, pandas as pd, polars as pl, matplotlib as mpl, matplotlib.pyplot as plt, seaborn as sns, sklearn, torch, torch.nn as nn
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split, KFold, GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline, Pipeline
from sklearn.svm import SVC
from sklearn.datasets import make_blobs
from lib import X, y, thing
import lib
df = pd.DataFrame()
"""


def touched(source: str) -> tuple[set[str], set[str]]:
    flow = flow_of(source, prelude=[PRELUDE]).flows[0]
    return others(flow.reads), {r.removeprefix("ambient:") for r in others(flow.writes)}


@pytest.mark.parametrize(
    ("source", "keys"),
    [
        ("os.environ['A'] = '1'", "environ"),
        ("os.environ.update(A='1')", "environ"),
        ("del os.environ['A']", "environ"),
        ("os.putenv('A', '1')", "environ"),
        ("os.chdir('x')", "cwd"),
        ("sys.path.append('x')", "sys.path"),
        ("sys.path.insert(0, 'x')", "sys.path"),
        ("sys.path += ['x']", "sys.path"),
        ("sys.path[0] = 'x'", "sys.path"),
        ("sys.argv = ['a']", "settings"),
        ("sys.argv[1:] = ['a']", "settings"),
        ("sys.argv += ['a']", "settings"),
        ("sys.argv.append('a')", "settings"),
        ("sys.setrecursionlimit(10000)", "settings"),
        ("import csv; csv.field_size_limit(9)", "settings"),
        ("import time; time.tzset()", "timezone"),
        ("warnings.filterwarnings('ignore')", "warnings"),
        ("warnings.simplefilter('ignore')", "warnings"),
        ("np.set_printoptions(precision=2)", "numpy.printoptions"),
        ("np.seterr(all='ignore')", "numpy.errstate"),
        ("pd.set_option('display.max_rows', 3)", "pandas.options"),
        ("pd.options.display.max_rows = 3", "pandas.options"),
        ("pl.Config.set_tbl_rows(3)", "polars.config"),
        ("plt.style.use('ggplot')", "matplotlib.rcParams"),
        ("plt.rcParams['figure.dpi'] = 3", "matplotlib.rcParams"),
        ("mpl.rcParams.update({'figure.dpi': 3})", "matplotlib.rcParams"),
        ("plt.rc('font', size=3)", "matplotlib.rcParams"),
        ("sns.set_theme()", "matplotlib.rcParams"),
        ("sns.set()", "matplotlib.rcParams"),
        ("locale.setlocale(locale.LC_ALL, '')", "locale"),
        ("decimal.getcontext().prec = 3", "decimal.context"),
        ("logging.basicConfig(level=1)", "logging"),
        ("sklearn.set_config(display='text')", "sklearn.config"),
        ("lib.DEBUG = True", "module:lib"),
        ("from __future__ import annotations", "ipython.options"),
        ("setattr(lib, 'DEBUG', True)", "module:lib"),
        ("random.seed(1)", "random"),
        ("np.random.seed(1)", "numpy.random"),
        ("torch.manual_seed(1)", "torch.random"),
        ("def seed_everything(s):\n    random.seed(s)\n    np.random.seed(s)\n    os.environ['PYTHONHASHSEED'] = str(s)\nseed_everything(1)", "random numpy.random environ"),
        # put back, or nothing at all
        ("with warnings.catch_warnings():\n    warnings.simplefilter('ignore')", ""),
        ("with pd.option_context('display.max_rows', 3): print(df)", ""),
        ("with np.errstate(all='ignore'), plt.rc_context():\n    plt.rcParams['a'] = 1", ""),
        ("with plt.style.context('ggplot'): plt.plot([1])", ""),
        ("plt.plot([1]); plt.title('x'); plt.show()", ""),
        ("print(os.environ, sys.path, np.get_printoptions())", ""),
        ("warnings.warn('x')", ""),
        ("def f(): os.chdir('x')", ""),
        ("np.random.default_rng(0).normal()", ""),
    ],
)  # fmt: skip
def test_writers(source: str, keys: str) -> None:
    assert touched(source)[1] == set(keys.split())


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("os.environ['A']", "A"),
        ("os.environ.get('A', '')", "A"),
        ("os.getenv('A')", "A"),
        ("from os import environ, getenv\nenviron['A'], getenv('B')", "A B"),
        ("'A' in os.environ", ""),
        ("os.environ[thing]", ""),
        ("os.environ['A'] = '1'\nos.environ['A']", ""),
    ],
)
def test_environment_variables_of_the_caller(source: str, names: str) -> None:
    assert {r for r in touched(source)[0] if r.startswith("env:")} == {
        f"env:{name}" for name in names.split()
    }


def test_variables_set_in_the_notebook_are_not_the_callers() -> None:
    result = flow_of("os.environ['A'] = '1'", "os.environ['A']", "os.environ['B']", prelude=["import os"])
    assert others(result.flows[1].reads) == {"ambient:environ"}
    assert others(result.flows[2].reads) == {"ambient:environ", "env:B"}


def test_everybody_after_sees_it() -> None:
    result = flow_of(
        "x = 1", "warnings.filterwarnings('ignore')", "y = 2", "print(y)", prelude=["import warnings"]
    )
    assert [others(flow.reads) for flow in result.flows] == [
        set(),
        set(),
        {"ambient:warnings"},
        {"ambient:warnings"},
    ]
    assert arrows(result) == {"bc", "bd", "cd"}


def test_the_prelude_is_where_all_start() -> None:
    result = flow_of("x = 1", "y = 2", prelude=["import warnings\nwarnings.filterwarnings('ignore')"])
    assert arrows(result) == set()


# ---- chance


@pytest.mark.parametrize(
    ("source", "generators"),
    [
        ("random.random()", "random"),
        ("from random import shuffle\nshuffle([1])", "random"),
        ("np.random.rand(3)", "numpy.random"),
        ("np.random.default_rng().normal()", ""),
        ("train_test_split(X, y)", "numpy.random"),
        ("train_test_split(X, y, random_state=0)", ""),
        ("train_test_split(X, y, random_state=None)", "numpy.random"),
        ("train_test_split(X, y, shuffle=False)", ""),
        ("RandomForestClassifier().fit(X, y)", "numpy.random"),
        ("m = RandomForestClassifier()\nm.fit(X, y)", "numpy.random"),
        ("RandomForestClassifier()", ""),
        ("RandomForestClassifier(random_state=1).fit(X, y)", ""),
        ("LogisticRegression().fit(X, y)", ""),
        ("SVC().fit(X, y)", ""),
        ("SVC(probability=True).fit(X, y)", "numpy.random"),
        ("make_pipeline(thing, RandomForestClassifier()).fit(X, y)", "numpy.random"),
        ("Pipeline([('a', RandomForestClassifier())]).fit(X, y)", "numpy.random"),
        ("GridSearchCV(RandomForestClassifier(), {}).fit(X, y)", "numpy.random"),
        ("cross_val_score(RandomForestClassifier(), X, y)", "numpy.random"),
        ("cross_val_score(LogisticRegression(), X, y)", ""),
        ("list(KFold(shuffle=True).split(X))", "numpy.random"),
        ("list(KFold().split(X))", ""),
        ("make_blobs()", "numpy.random"),
        ("df.sample(3)", "numpy.random"),
        ("df.sample(3, random_state=1)", ""),
        ("torch.rand(3)", "torch.random"),
        ("torch.rand(3, generator=thing)", ""),
        ("nn.Linear(2, 2)", "torch.random"),
        ("nn.ReLU()", ""),
        ("class N(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.l = nn.Linear(1, 1)\nN()", "torch.random"),
        ("for b in torch.utils.data.DataLoader(thing, shuffle=True): pass", "torch.random"),
        ("for b in torch.utils.data.DataLoader(thing): pass", ""),
        ("def f(): return random.random()\nf()", "random"),
        ("def f(): return random.random()", ""),
        ("[random.random() for _ in range(3)]", "random"),
        ("df.apply(lambda r: random.random())", "random"),
    ],
)  # fmt: skip
def test_draws(source: str, generators: str) -> None:
    result = flow_of(source, prelude=[PRELUDE])
    flow = result.flows[0]
    assert flow.unseeded == set(generators.split())
    assert not any(r.startswith("ambient:") for r in flow.reads | flow.writes)
    assert codes(result) == ["info unseeded-random"] * len(generators.split())


def test_unseeded_steps_are_independent() -> None:
    result = flow_of("a = np.random.rand()", "b = np.random.rand()", prelude=["import numpy as np"])
    assert arrows(result) == set()
    assert [flow.unseeded for flow in result.flows] == [{"numpy.random"}, {"numpy.random"}]
    (problem,) = result.problems
    assert "steps a and b" in problem.message
    assert problem.fix is not None
    assert "serial" in problem.fix.title
    assert (problem.cell, problem.line, problem.step) == (1, 1, "a")


def test_serial_chains_them() -> None:
    result = flow_of(
        "a = np.random.rand()",
        "x = 1",
        "b = np.random.rand()",
        prelude=["import numpy as np"],
        random="serial",
    )
    assert arrows(result) == {"ac"}
    assert result.edges[0].kind == "ambient"
    assert all("ambient:numpy.random" in result.flows[i].reads & result.flows[i].writes for i in (0, 2))
    assert not result.flows[0].unseeded
    assert codes(result) == ["info serial-random"]


@pytest.mark.parametrize("where", ["prelude", "step", "same step"])
def test_seeded_generators_chain_those_who_draw(where: str) -> None:
    seed = "np.random.seed(0)"
    prelude = ["import numpy as np" + (f"\n{seed}" if where == "prelude" else "")]
    first = {"prelude": "x = 1", "step": seed, "same step": f"{seed}\nx = np.random.rand()"}[where]
    result = flow_of(first, "a = np.random.rand()", "y = 1", "b = np.random.rand()", prelude=prelude)
    assert arrows(result) == ({"bd"} if where == "prelude" else {"ab", "bd"})
    assert codes(result) == ["info serial-random"]
    assert ("ambient:numpy.random" in result.flows[0].reads) is False
    message = result.problems[0].message
    assert ("steps a, b and d" if where == "same step" else "steps b and d") in message


def test_a_step_that_seeds_first_reads_nothing_of_the_generator() -> None:
    result = flow_of(*["np.random.seed(0)\nx = np.random.rand()"] * 2, prelude=["import numpy as np"])
    assert arrows(result) == set()


def test_a_step_that_draws_before_it_seeds_reads_the_generator_that_was_seeded() -> None:
    result = flow_of(
        "np.random.seed(0)", "np.random.rand()\nnp.random.seed(1)", prelude=["import numpy as np"]
    )
    assert arrows(result) == {"ab"}


def test_a_generator_in_a_variable_is_that_variable() -> None:
    result = flow_of(
        "rng = np.random.default_rng(0)",
        "a = rng.normal()",
        "x = 1",
        "b = rng.normal()",
        prelude=["import numpy as np"],
    )
    assert "var:rng" in result.flows[1].mutates
    assert arrows(result) == {"ab", "bd"}
    assert codes(result) == []


def test_a_generator_given_as_random_state_is_changed() -> None:
    result = flow_of(
        "rng = np.random.RandomState(0)",
        "a = RandomForestClassifier(random_state=rng)\na.fit(X, y)",
        "train_test_split(X, random_state=rng)",
        prelude=[PRELUDE],
    )
    assert "var:rng" in result.flows[1].mutates
    assert arrows(result) == {"ab", "bc"}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("!echo $MODE", {"MODE"}),
        ("!echo ${MODE:-none} $$LEVEL", {"MODE", "LEVEL"}),
        ("text = !echo $MODE", {"MODE"}),
        ("mode = 'x'\n!echo $mode", set()),
        ("%%bash\necho $MODE", {"MODE"}),
        ("%%bash\nMODE=1\nfor f in a b; do echo $f $MODE; done", set()),
        ("%%bash\nMODE=$MODE:x\necho $MODE $PWD", {"MODE"}),
        ("import subprocess\nsubprocess.run('echo $MODE', shell=True)", {"MODE"}),
        ("import subprocess\nsubprocess.check_output(['sh', '-c', 'echo $MODE'])", {"MODE"}),
        ("import os\nos.system('echo $MODE')", {"MODE"}),
        ("!printenv MODE", {"MODE"}),
        ("import os\nos.environ['MODE'] = 'a'\n!echo $MODE", set()),
    ],
)
def test_variables_that_a_shell_puts_in(source: str, names: set[str]) -> None:
    reads = flow_of(source).flows[0].reads
    assert {name[4:] for name in reads if name.startswith("env:")} == names


def test_what_the_text_of_the_prelude_reads_is_the_preludes() -> None:
    found = flow_of("x = 1", prelude=["LINES = !cat $MODE.txt notes.txt", "import os\nos.getenv('LEVEL')"])
    assert {"env:MODE", "file:notes.txt", "env:LEVEL"} <= found.prelude.reads
    assert found.flows[0].reads == frozenset()


@pytest.mark.parametrize(
    "start",
    [
        "np.random.seed(2)",
        "'About.'\nimport random, pandas as pd\nn = 3\nrandom.seed(n); np.random.seed(n)",
        "from numpy.random import seed\nseed(2)",
        "from numpy import random as chance\nchance.seed(2)",
    ],
)
def test_a_step_that_seeds_first_waits_for_nobody(start: str) -> None:
    first = "import numpy as np\nnp.random.seed(1)\na = np.random.rand()"
    result = flow_of(first, f"{start}\nb = np.random.rand()")
    second = result.flows[1]
    assert "numpy.random" in second.seeded_first
    assert "ambient:numpy.random" in second.writes
    assert "ambient:numpy.random" not in second.reads
    assert codes(result) == []


@pytest.mark.parametrize(
    "start",
    [
        "x = load()\nnp.random.seed(2)",
        "import helper\nnp.random.seed(2)",
        "if a:\n    np.random.seed(2)",
        "np.random.seed(int(load()))",
        "%matplotlib inline\nnp.random.seed(2)",
    ],
)
def test_what_may_draw_before_the_seed_is_no_seeding_first(start: str) -> None:
    first = "import numpy as np\ndef load(): return open('n').read()\nnp.random.seed(1)\na = np.random.rand()"
    second = flow_of(first, f"{start}\nb = np.random.rand()").flows[1]
    assert second.seeded_first == frozenset()
    assert "ambient:numpy.random" in second.reads


@pytest.mark.parametrize("start", ["np = helper\nnp.random.seed(2)", "from helper import seed\nseed(2)"])
def test_the_seed_of_something_else_is_none(start: str) -> None:
    assert flow_of("import numpy as np, helper", start).flows[1].seeded_first == frozenset()
