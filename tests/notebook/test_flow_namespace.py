"""Variables reached without being named: through the module ``__main__``, frames, the shell, queries and the register of subclasses."""

from __future__ import annotations

import pytest

from .flowing import arrows, codes, flow_of, variables

PRELUDE = "import __main__, sys, inspect, unittest, doctest, pandas as pd\nfrom lib import frame, name\ndf = pd.DataFrame()\nclass Base: pass\ndef f(): return 1"


@pytest.mark.parametrize(
    "source",
    [
        "getattr(__main__, name, 0)",
        "vars(__main__)['x']",
        "dir(__main__)",
        "inspect.getmembers(__main__)",
        "__main__.__dict__['x']",
        "sys.modules['__main__'].__dict__.get('x')",
        "vars(sys.modules[__name__])",
        "sys._getframe().f_globals.get('x')",
        "inspect.currentframe().f_back.f_locals",
        "frame.f_globals",
        "f.__globals__['x']",
        "get_ipython().user_ns.get('x')",
        "get_ipython().user_global_ns",
        "unittest.main(argv=['a'], exit=False)",
        "doctest.testmod()",
        "Base.__subclasses__()",
        "def every(cls): return cls.__subclasses__()\nevery(Base)",
        "from __main__ import *",
    ],
)
def test_every_variable_is_read(source: str) -> None:
    result = flow_of("x = 1", source, "y = 2", prelude=[PRELUDE])
    assert result.flows[1].opaque and "var:*" in result.flows[1].reads
    assert arrows(result) == {"ab"}
    assert codes(result) == []


@pytest.mark.parametrize(
    "source",
    [
        "getattr(__main__, 'x', 0)",
        "sys.modules['__main__'].x",
        "__main__.x",
        "import importlib\nimportlib.import_module('__main__').x",
        "from __main__ import x as other",
        "df.query('a > @x')",
        "df.eval('b = a * @x', inplace=False)",
        "def rows(): return df.query('a > @x')\nrows()",
    ],
)
def test_one_variable_is_read(source: str) -> None:
    result = flow_of("x = 1", "y = 2", source, prelude=[PRELUDE])
    assert variables(result.flows[2].reads) & {"x", "y"} == {"x"}
    assert not result.flows[2].opaque
    assert codes(result) == []


@pytest.mark.parametrize(
    "source",
    [
        "getattr(__main__, 'nothing', 0)",
        "__main__.__name__",
        "df.query('a > @nothing')",
        "def rows(x): return df.query('a > @x')\nrows(3)",
        "df.__dict__",
    ],
)
def test_no_variable_is_read(source: str) -> None:
    result = flow_of("x = 1", source, prelude=[PRELUDE])
    assert variables(result.flows[1].reads) & {"x", "*"} == set()
    assert codes(result) == []
