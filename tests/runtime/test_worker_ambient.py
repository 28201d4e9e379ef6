"""Ambient state: what a step changes is seen, travels, and nothing else is taken for a change."""

from __future__ import annotations

import importlib.util

import pytest

from kfjlab.runtime.protocol import UNTOUCHED, StepRecord
from tests.runtime.harness import Bench, cells

CASES: dict[str, tuple[str, str, str, str]] = {
    # key: (source that changes it, source that shows it, what it shows afterwards, source before either that makes it available)
    "random": (
        "import random\nrandom.seed(3)\nrandom.random()",
        "import random\nprint(random.random())",
        "0.5442292252959519",
        "",
    ),
    "numpy.random": (
        "import numpy as np\nnp.random.seed(1)\nnp.random.randn()",
        "import numpy as np\nprint(np.random.randn())",
        "-0.611756",
        "",
    ),
    "environ": (
        "import os\nos.environ['SET'] = 'x'\nos.environ.pop('GONE')",
        "import os\nprint(os.environ.get('SET'), os.environ.get('GONE'))",
        "x None",
        "",
    ),
    "cwd": (
        "import os\nos.makedirs('sub', exist_ok=True)\nos.chdir('sub')",
        "import os\nprint(os.path.basename(os.getcwd()))",
        "sub",
        "",
    ),
    "sys.path": (
        "import sys\nsys.path.insert(0, '/nowhere')",
        "import sys\nprint(sys.path[0])",
        "/nowhere",
        "",
    ),
    "settings": (
        "import sys, csv, calendar\nsys.argv[1:] = ['--fast']\nsys.setrecursionlimit(4321)\ncsv.field_size_limit(99)\n"
        "calendar.setfirstweekday(6)",
        "import sys, csv, calendar\nprint(sys.argv[1:], sys.getrecursionlimit(), csv.field_size_limit(), calendar.firstweekday())",
        "['--fast'] 4321 99 6",
        "",
    ),
    "warnings": (
        "import warnings\nwarnings.filterwarnings('error', message='x+')",
        "import warnings\ntry:\n    warnings.warn('xx')\nexcept UserWarning:\n    print('raised')",
        "raised",
        "",
    ),
    "locale": (
        "import locale\nlocale.setlocale(locale.LC_ALL, 'C.UTF-8')",
        "import locale\nprint(locale.setlocale(locale.LC_ALL, None))",
        "C.UTF-8",
        "import locale\nlocale.setlocale(locale.LC_ALL, 'C')",
    ),
    "decimal.context": (
        "import decimal\ndecimal.getcontext().prec = 3\ndecimal.getcontext().traps[decimal.DivisionByZero] = False",
        "import decimal\nprint(decimal.Decimal(1) / 3, decimal.Decimal(1) / 0)",
        "0.333 Infinity",
        "",
    ),
    "logging": (
        "import logging, sys\nlogging.basicConfig(level=logging.DEBUG, stream=sys.stdout, format='%(levelname)s|%(message)s')\n"
        "logging.getLogger('quiet').setLevel(logging.ERROR)",
        "import logging\nlogging.debug('seen')\nlogging.getLogger('quiet').warning('unseen')",
        "DEBUG|seen",
        "",
    ),
    "numpy.printoptions": (
        "import numpy as np\nnp.set_printoptions(precision=2)",
        "import numpy as np\nprint(np.array([1/3]))",
        "[0.33]",
        "",
    ),
    "numpy.errstate": (
        "import numpy as np\nnp.seterr(divide='raise')",
        "import numpy as np\ntry:\n    np.array([1.0]) / 0\nexcept FloatingPointError:\n    print('raised')",
        "raised",
        "",
    ),
    "pandas.options": (
        "import pandas as pd\npd.set_option('display.max_rows', 7)\npd.options.display.float_format = '{:.1f}'.format",
        "import pandas as pd\nprint(pd.options.display.max_rows, pd.Series([0.25]).to_string(index=False))",
        "7 0.2",
        "",
    ),
    "polars.config": (
        "import polars as pl\npl.Config.set_tbl_rows(3)\npl.Config.set_fmt_float('full')",
        "import polars as pl\nprint('POLARS_FMT_MAX_ROWS' in __import__('os').environ)",
        "True",
        "",
    ),
    "matplotlib.rcParams": (
        "import matplotlib.pyplot as plt\nplt.style.use('ggplot')\nplt.rcParams['font.sans-serif'].insert(0, 'Mine')",
        "import matplotlib as mpl\nprint(mpl.rcParams['axes.grid'], mpl.rcParams['font.sans-serif'][0])",
        "True Mine",
        "",
    ),
    "sklearn.config": (
        "import sklearn\nsklearn.set_config(display='text')",
        "import sklearn\nprint(sklearn.get_config()['display'])",
        "text",
        "",
    ),
    "ipython.extensions": ("%load_ext autoreload", "%autoreload 2\nprint('loaded')", "loaded", ""),
    "ipython.options": (
        "get_ipython().ast_node_interactivity = 'all'\n%config InlineBackend.figure_format = 'svg'",
        "print(get_ipython().ast_node_interactivity)",
        "all",
        "",
    ),
    "ipython.magics": (
        "from IPython.core.magic import register_line_magic\n@register_line_magic\ndef shout(line):\n    print(line.upper())",
        "%shout hey",
        "HEY",
        "",
    ),
}


def ambient(record: StepRecord) -> dict[str, str]:
    return {name: digest for name, digest in record.writes.items() if name.startswith("ambient:")}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    made = Bench(tmp_path_factory.mktemp("bench"), env={"GONE": "there"})
    yield made
    made.close()


LIBRARIES = ("numpy", "pandas", "polars", "matplotlib", "sklearn")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """A bench whose prelude has imported the libraries: importing them in each step would take the tests most of their time."""
    made = Bench(tmp_path_factory.mktemp("bench"))
    there = [name for name in LIBRARIES if importlib.util.find_spec(name)]
    made.prelude(*cells("\n".join(f"import {name}" for name in there), role="imports"))
    yield made
    made.close()


@pytest.mark.parametrize("key", CASES)
def test_a_change_travels(plain: Bench, loaded: Bench, key: str) -> None:
    change, show, expected, before = CASES[key]
    if key.split(".")[0] in LIBRARIES:
        pytest.importorskip(key.split(".")[0])
        if not key.startswith("numpy"):
            plain = loaded
    first = plain.run(*filter(None, [before, change]))
    assert first.state == "succeeded", first.error
    assert set(ambient(first)) == {f"ambient:{key}"}
    second = plain.run(show, ambient={key: first.values[f"ambient:{key}"]})
    assert second.state == "succeeded", second.error
    assert plain.last.text().strip().startswith(expected)
    assert second.reads[f"ambient:{key}"] == first.writes[f"ambient:{key}"]
    again = plain.run(change if not before else f"{before}\n{change}")
    assert again.writes[f"ambient:{key}"] == first.writes[f"ambient:{key}"], (
        "the same state has the same digest"
    )
    if not key.endswith("random"):
        assert set(ambient(second)) <= {"ambient:logging"} & set(ambient(first)), "looking at it is no change"


def test_features_of_later_pythons_travel(plain: Bench) -> None:
    first = plain.run("from __future__ import annotations")
    assert set(ambient(first)) == {"ambient:ipython.options"}
    show = "def f(x: Nowhere): pass\nprint(f.__annotations__)"
    second = plain.follow(first, show)
    assert second.state == "succeeded" and plain.last.text() == "{'x': 'Nowhere'}\n"
    assert ambient(second) == {}
    assert plain.run(show).state == "failed"


def test_generators_are_read_only_by_who_draws(plain: Bench) -> None:
    record = plain.run("import random, numpy as np\nnp.random.default_rng().random()")
    assert not any("random" in name for name in record.reads)
    record = plain.run("import random\nrandom.random()")
    assert record.reads["ambient:random"] == UNTOUCHED and "ambient:random" in record.writes
    record = plain.run("import numpy as np\nnp.random.rand()")
    assert record.reads["ambient:numpy.random"] == UNTOUCHED and "ambient:numpy.random" in record.writes


def test_the_stream_of_a_generator_goes_on(bench: Bench) -> None:
    bench.prelude(
        *cells(
            "import random, numpy as np\nnp.random.seed(0)\nrandom.seed(0)\nnp.random.rand()", role="imports"
        )
    )
    one = bench.run("print(np.random.rand(), random.random(), np.random.randn())")
    first = bench.last.text()
    assert bench.run("print(np.random.rand(), random.random(), np.random.randn())").writes == one.writes
    assert bench.last.text() == first
    bench.follow(one, "print(np.random.rand(), random.random(), np.random.randn())")
    import random

    import numpy as np

    np.random.seed(0)
    random.seed(0)
    np.random.rand()
    assert first.split() == [str(v) for v in (np.random.rand(), random.random(), np.random.randn())]
    assert bench.last.text().split() == [
        str(v) for v in (np.random.rand(), random.random(), np.random.randn())
    ]


def test_a_fresh_generator_is_nobodys(bench: Bench) -> None:
    bench.prelude(*cells("import random, numpy as np\nnp.random.seed(0); random.seed(0)", role="imports"))
    options = {"fresh_random": ["random", "numpy.random"]}
    record = bench.run("print(np.random.rand(), random.random())", **options)
    first = bench.last.text()
    assert not any("random" in name for name in record.reads)
    bench.run("print(np.random.rand(), random.random())", **options)
    assert bench.last.text() != first


def test_imports_are_no_changes(plain: Bench) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("polars")
    record = plain.run(
        "import sklearn.ensemble, polars",
        "import pandas",
        "import matplotlib.pyplot as plt",
        "plt.plot([1])\nplt.show()",
    )
    assert record.state == "succeeded" and not ambient(record)


def test_what_is_put_back_is_untouched(bench: Bench) -> None:
    bench.prelude(*cells("import pandas as pd, os", role="imports"))
    first = bench.run("pd.set_option('display.max_rows', 5)\nos.environ['X'] = '1'")
    second = bench.follow(first, "pd.reset_option('display.max_rows')\ndel os.environ['X']")
    assert second.writes == {"ambient:pandas.options": UNTOUCHED, "ambient:environ": UNTOUCHED}
    same = bench.run(
        "pd.set_option('display.max_rows', 5)\npd.reset_option('display.max_rows')\nwith pd.option_context('display.width', 9): pass"
    )
    assert not ambient(same)
    assert same.reads["ambient:pandas.options"] == UNTOUCHED


def test_changes_of_the_prelude_are_the_base(bench: Bench) -> None:
    ready = bench.prelude(
        *cells(
            "import decimal, numpy as np, os, warnings\ndecimal.getcontext().prec = 4\nnp.seterr(all='ignore')\nos.environ['P'] = 'p'\nwarnings.simplefilter('ignore')",
            role="imports",
        )
    )
    assert {"environ", "random", "numpy.errstate", "decimal.context", "warnings"} <= ready["record"][
        "ambient"
    ].keys()
    record = bench.run(
        "print(decimal.Decimal(1) / 3, np.geterr()['divide'], os.environ['P'])\nwarnings.warn('unseen')"
    )
    assert bench.last.text() == "0.3333 ignore p\n" and not bench.last.text(name="stderr")
    assert not ambient(record)


def test_unsupported_handlers_are_reported(plain: Bench) -> None:
    record = plain.run(
        "import logging\nclass Mine(logging.Handler):\n    def emit(self, record): pass\nlogging.getLogger('a').addHandler(Mine())"
    )
    (warning,) = [
        w for w in record.warnings if w["code"] == "cannot-travel" and w["name"] == "ambient:logging"
    ]
    assert "Mine" in warning["message"]


def test_attributes_of_modules(bench: Bench) -> None:
    (bench.workspace / "settings.py").write_text(
        "level = 1\nnames = []\n_cache = {}\ndef show(): return level, names\n"
    )
    first = bench.run("import settings\nsettings.level = 2\nsettings.names.append('a')\nsettings.extra = 'e'")
    assert set(ambient(first)) == {"ambient:module:settings"}
    second = bench.follow(first, "print(settings.show(), settings.extra)")
    assert bench.last.text() == "(2, ['a']) e\n" and not ambient(second)
    third = bench.follow(first, "import settings\ndel settings.extra\nsettings._cache['k'] = 1")
    fourth = bench.follow(
        third, "import settings\nprint(settings.show(), hasattr(settings, 'extra'), settings._cache)"
    )
    assert bench.last.text() == "(2, ['a']) False {'k': 1}\n"
    assert fourth.reads["ambient:module:settings"] == third.writes["ambient:module:settings"]
    assert not ambient(bench.run("import settings\nsettings.show()"))


def test_assigned_attributes_of_libraries(plain: Bench) -> None:
    first = plain.run(
        "import json\njson.mine = 5\ndef patch():\n    json.later = 6",
        "patch()\nimport math as m\nsetattr(m, 'tau2', 2 * m.tau)",
    )
    assert set(ambient(first)) == {"ambient:module:json", "ambient:module:math"}
    second = plain.follow(
        first, "import json, math\nprint(json.mine, json.later, math.tau2 == 2 * math.tau)", "json.mine = 7"
    )
    assert plain.last.text() == "5 6 True\n"
    assert set(ambient(second)) == {"ambient:module:json"}
    plain.follow(second, "import json\nprint(json.mine, json.later)")
    assert plain.last.text() == "7 6\n"


STAYING = {
    "sys.stdout": "import sys, io\nsys.stdout = io.StringIO()",
    "the garbage collector's switch": "import gc\ngc.disable()",
    "multiprocessing's start method": "import multiprocessing\nmultiprocessing.set_start_method('spawn')",
    "formatter of complex": "get_ipython().display_formatter.formatters['text/html'].for_type(complex, lambda x: '<b>')",
    "callback done of IPython's post_run_cell": "def done(*_): pass\nget_ipython().events.register('post_run_cell', done)",
}


@pytest.mark.parametrize("what", STAYING)
def test_what_stays_in_the_process_is_told(shared: Bench, what: str) -> None:
    (warning,) = shared.run(STAYING[what]).warnings
    assert warning["code"] == "stays-in-step" and what in warning["message"]


@pytest.mark.parametrize(
    "source",
    [
        "import sys, io\nold, sys.stdout = sys.stdout, io.StringIO()\nsys.stdout = old\ndel old",
        "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()): print(1)",
        "import multiprocessing\nmultiprocessing.get_start_method()",
        "import gc\ngc.collect()",
    ],
)
def test_what_is_put_back_is_no_change(shared: Bench, source: str) -> None:
    assert shared.run(source).warnings == []


def test_arguments_that_are_bound_anew_and_then_changed(bench: Bench) -> None:
    first = bench.run("import sys\nsys.argv = ['train.py']")
    second = bench.follow(first, "import sys\nsys.argv.append('--fast')")
    ambient = {**first.values, **second.values}
    bench.run(
        "import sys\nprint(sys.argv)",
        ambient={name[8:]: value for name, value in ambient.items() if name.startswith("ambient:")},
    )
    assert bench.last.text() == "['train.py', '--fast']\n"


def test_the_time_zone(bench: Bench) -> None:
    first = bench.run("import os, time\nos.environ['TZ'] = 'JST-9'\ntime.tzset()")
    assert "ambient:timezone" in first.writes
    bench.follow(first, "import time\nprint(time.tzname[0], time.localtime(0).tm_hour)")
    assert bench.last.text() == "JST 9\n"
