"""Outputs are those that ipykernel and nbclient store for the same cells, apart from times, addresses and process ids."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.harness import Bench, versions

SHOWN: dict[str, str] = {
    "print": "print('one'); print('two', end='')",
    "value": "6 * 7",
    "quiet value": "6 * 7;",
    "underscore and Out": "print(_ , sorted(Out)[-1:], _oh is Out); In[-1]",
    "stderr": "import sys\nprint('to stderr', file=sys.stderr)\nprint('to stdout')",
    "warning": "import warnings\nwarnings.warn('careful')\nwarnings.warn('old', DeprecationWarning)",
    "display": "display('a', {'b': 1})\nprint('between')\ndisplay({'text/html': '<b>x</b>'}, raw=True)",
    "display id": "h = display('first', display_id='here')\nprint('x')\nh.update('second')",
    "update of an earlier cell": "from IPython.display import update_display\nupdate_display('third', display_id='here')",
    "clear_output": "from IPython.display import clear_output\nprint('gone')\nclear_output()\nprint('stays')",
    "clear_output wait": "for i in range(3):\n    clear_output(wait=True)\n    print(i)",
    "clear_output then nothing": "print('stays too')\nclear_output(wait=True)",
    "html": "from IPython.display import HTML, Markdown, Latex\ndisplay(Markdown('# x'))\nHTML('<i>y</i>')",
    "repr protocols": (
        "class Rich:\n    def _repr_html_(self): return '<p>'\n    def _repr_mimebundle_(self, include=None, exclude=None):\n"
        "        return {'application/x-y+json': {'k': [1, None]}}, {'application/x-y+json': {'m': 1}}\nRich()"
    ),
    "bytes in a bundle": "display({'image/png': b'\\x89PNG\\r\\n'}, raw=True)",
    "pandas": "import pandas as pd, numpy as np\npd.DataFrame({'a': [1, 2], 'b': ['x', None]})",
    "pandas series": "pd.Series(np.arange(3.0), name='s')",
    "numpy": "np.linspace(0, 1, 30).reshape(5, 6)",
    "figure": "import matplotlib.pyplot as plt\nfig, ax = plt.subplots(figsize=(1, 1))\nax.plot([1, 2])\nprint('before it')",
    "two figures": "plt.figure(figsize=(1, 1)); plt.plot([1]); plt.show(); plt.figure(figsize=(1, 2)); plt.plot([2]); plt.title('t')",
    "inline": "%matplotlib inline\nplt.figure(figsize=(1, 1)); plt.plot([3]);",
    "figure format": "%config InlineBackend.figure_format = 'svg'\nplt.rcParams['svg.hashsalt'] = 'x'\nplt.rcParams['interactive']",
    "shell": "!echo out; echo err >&2",
    "shell assigned": "x = !printf 'a\\nb'\nx",
    "shell exit code": "!exit 3\nprint(_exit_code)",
    "bash": "%%bash\necho from bash\necho err >&2",
    "script to variable": "%%bash --out got\necho kept",
    "capture": "%%capture cap\nprint('hidden')\ndisplay('also')",
    "captured": "print(cap.stdout); cap.show()",
    "time": "%time sum(range(10))",
    "cell time": "%%time\nprint('in')\n1 + 1",
    "writefile": "%%writefile note.txt\nhello",
    "cat": "!cat note.txt",
    "cd": "%cd /",
    "pwd": "%pwd",
    "who": "zz = 1\n%who int",
    "await": "import asyncio\nawait asyncio.sleep(0.01)\nprint('awaited')\n'value'",
    "running loop": "asyncio.get_running_loop().is_running()",
    "task over cells": "async def later():\n    await asyncio.sleep(0.01)\n    return 'done'\ntask = asyncio.create_task(later())",
    "task result": "await task",
    "help": "len?",
    "source": "def documented():\n    'Text.'\n    return 1\nimport inspect\nprint(inspect.getsource(documented))",
    "interactivity": "from IPython.core.interactiveshell import InteractiveShell\n"
    "get_ipython().ast_node_interactivity = 'all'",
    "all values": "1\n2\nprint('three')\n4",
    "last value again": "get_ipython().ast_node_interactivity = 'last_expr'",
    "stdout interleaved": "print('a'); display(1); print('b'); print('c', file=sys.stderr); print('d')",
    "fd level": "import os\nos.write(1, b'raw\\n'); print('py'); _ = os.write(2, b'raw err\\n')",
    "subprocess": "import subprocess\nprint('first')\nsubprocess.run(['echo', 'second'])\nprint('third')",
    "carriage return": "print('10%\\r20%\\rdone')",
    "surrogates": "print('caf\\u00e9 \\U0001f600')",
    "class name": "type(get_ipython()).__name__, 'IPKernelApp' in get_ipython().config",
    "main": "__name__, '__file__' in globals(), type(__builtins__).__name__, sys.modules['__main__'].__dict__ is globals()",
    "path": "[p for p in sys.path if 'site-packages' not in p and 'python' not in p and '.zip' not in p]",
    "environment": "{k: os.environ.get(k) for k in ('TERM', 'CLICOLOR', 'FORCE_COLOR', 'PAGER', 'GIT_PAGER', 'MPLBACKEND')}",
    "stream": "sys.stdout.isatty(), hasattr(sys.stdout, 'buffer'), sys.stdout.encoding, sys.stdout.name",
    "tags": "%autosave 0",
    "alias": "%alias_magic t timeit\n%precision 3\n3.14159",
    "precision back": "%precision\n3.14159",
    "logging": "import logging\nlogging.warning('logged')\nlogging.getLogger('x').error('%s', 'named')",
    "decimal": "import decimal\ndecimal.getcontext().prec = 5",
    "decimal kept": "decimal.Decimal(1) / 3",
    "tqdm": "from tqdm import tqdm\nfor _i_ in tqdm(range(2), mininterval=0, desc='t'): pass",
    "nested run_cell": "_r = get_ipython().run_cell('print(\"nested\"); 5')",
    "display javascript": "from IPython.display import Javascript\nJavascript('1')",
    "json": "display({'application/json': {'x': None, 'y': [1, 2.5]}}, raw=True)",
    "exit code of fork": "pid = os.fork()\nif pid == 0:\n    print('child', flush=True)\n    os._exit(0)\n_ = os.waitpid(pid, 0)",
}

FAILING: dict[str, str] = {
    "exception": "def f(x):\n    return 1 / x\nf(0)",
    "syntax error": "x = (1\ny = 2 +",
    "name error": "print(nothing_here)",
    "library": "import json\njson.loads('{')",
    "missing file": "open('nowhere.txt')",
    "missing size": "import os\nos.path.getsize('nowhere.txt')",
    "chained": "try:\n    {}['k']\nexcept KeyError as e:\n    raise ValueError('wrong') from e",
    "sys.exit": "import sys\nsys.exit(3)",
    "usage": "%nosuchmagic 1",
    "input": "input('name? ')",
    "getpass": "import getpass\ngetpass.getpass()",
    "async": "import asyncio\nasync def g():\n    await asyncio.sleep(0)\n    raise RuntimeError('in a coroutine')\nawait g()",
    "bash": "%%bash\nexit 4",
    "timed": "%%time\n1/0",
    "repr": "class Bad:\n    def __repr__(self): raise ValueError('no repr')\nBad()",
    "keyboard": "raise KeyboardInterrupt",
    "asyncio.run": "import asyncio\nasync def g(): pass\nasyncio.run(g())",
    "background": "!sleep 1 &",
}


def normal(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Outputs without what differs from process to process; of adjacent text, that of each stream as one, stdout first.

    (ipykernel does not keep the order of stdout and stderr; the worker does.)
    """
    result: list[dict[str, Any]] = []
    for output in json.loads(json.dumps(outputs)):
        for key in ("text", "evalue"):
            if isinstance(output.get(key), list):
                output[key] = "".join(output[key])
        if "data" in output:
            output["data"] = {
                k: "".join(v) if isinstance(v, list) and "json" not in k else v
                for k, v in output["data"].items()
            }
        if "traceback" in output:
            output["traceback"] = "\n".join(output["traceback"])
        result.append(output)
        if output["output_type"] == "stream":
            start = len(result)
            while start and result[start - 1]["output_type"] == "stream":
                start -= 1
            streams = {"stdout": "", "stderr": ""}
            for piece in result[start:]:
                streams[piece["name"]] += piece["text"]
            result[start:] = [
                {"output_type": "stream", "name": n, "text": t} for n, t in streams.items() if t
            ]
    text = json.dumps(result, sort_keys=True)
    for pattern, replacement in (
        (r"/tmp/ipykernel_\d+/\d+\.py", "CELL"),
        (r"0x[0-9a-f]{6,}", "ADDRESS"),
        (r"\(\d+\.py, line", "(CELL, line"),
        (r"[\d.]+(e[+-]\d+)? (\\u00b5|\\u03bc|m|n|)s\b", "TIME"),
        (r"[\d.?]+ ?(it/s|s/it)\] *", "RATE]"),
        (r"\d\d:\d\d", "CLOCK"),
        (r"pid=\d+", "PID"),
    ):
        text = re.sub(pattern, replacement, text)
    loaded: list[dict[str, Any]] = json.loads(text)
    return loaded


def by_kernel(sources: list[str], folder: Path, allow_errors: bool = False) -> list[list[dict[str, Any]]]:
    """What nbclient stores for cells with these sources."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    os.environ.pop("PYTEST_CURRENT_TEST", None)  # with it, ipykernel does not watch the file descriptors
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    client = nbclient.NotebookClient(
        notebook,
        timeout=60,
        allow_errors=allow_errors,
        resources={"metadata": {"path": str(folder)}},
        kernel_name="python3",
    )
    client.execute()
    return [cell["outputs"] for cell in notebook["cells"]]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Any], list[Any]]:
    pytest.importorskip("matplotlib")
    pytest.importorskip("pandas")
    folder = tmp_path_factory.mktemp("kernel")
    theirs = by_kernel(list(SHOWN.values()), folder)
    bench = Bench(tmp_path_factory.mktemp("bench"))
    try:
        record = bench.run(*SHOWN.values(), start=0)
        assert record.state == "succeeded", record.error
        ours = [cell["outputs"] for cell in bench.last.notebook()["cells"]]
    finally:
        bench.close()
    return theirs, ours


@pytest.mark.parametrize("name", SHOWN)
def test_a_cell_puts_out_what_a_kernel_does(shown: tuple[list[Any], list[Any]], name: str) -> None:
    position = list(SHOWN).index(name)
    ours, theirs = normal(shown[1][position]), normal(shown[0][position])
    if name == "fd level":  # ipykernel loses the order here
        assert [o["text"] for o in ours] == ["raw\npy\n", "raw err\n"]
        assert [sorted(o["text"]) for o in ours] == [sorted(o["text"]) for o in theirs]
    elif name == "subprocess":
        assert [o["text"] for o in ours] == ["first\nsecond\nthird\n"]
    else:
        assert ours == theirs


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Any], list[Any]]:
    theirs = by_kernel(list(FAILING.values()), tmp_path_factory.mktemp("kernel"), allow_errors=True)
    bench = Bench(tmp_path_factory.mktemp("bench"))
    ours = []
    try:
        for position, (name, source) in enumerate(FAILING.items()):
            record = bench.run(source, start=position)
            assert record.state == "failed" or name == "timed", (
                source
            )  # %%time of IPython 8 shows errors only
            ours.append(bench.last.outputs())
    finally:
        bench.close()
    return theirs, ours


@pytest.mark.parametrize("name", FAILING)
def test_an_error_looks_as_in_a_kernel(failed: tuple[list[Any], list[Any]], name: str) -> None:
    position = list(FAILING).index(name)
    theirs, ours = normal(failed[0][position]), normal(failed[1][position])
    by_chance = name == "repr" and versions()[0] < (3, 10)  # 3.9 shows the line above, or not
    if by_chance or name in (
        "background",
        "input",
        "getpass",
    ):  # a kernel shows a frame of ipykernel's own file
        assert [o["evalue"] for o in ours if "evalue" in o] == [o["evalue"] for o in theirs if "evalue" in o]
    else:
        assert ours == theirs


FIGURES: dict[str, list[str]] = {
    "of an earlier step": ["import matplotlib.pyplot as plt\nfig, ax = plt.subplots(figsize=(1, 1)); ax.plot([1, 2]);", "fig"],
    "displayed": ["import matplotlib.pyplot as plt\nfigures = [plt.subplots(figsize=(1, 1))]", "display(figures[0][0])"],
    "another format": [
        "%config InlineBackend.figure_format = 'jpeg'\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots(figsize=(1, 1))",
        "fig",
    ],
    "not of pyplot": ["from matplotlib.figure import Figure\nfig = Figure()\nfig.subplots();", "fig"],
    "another back end": [
        "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nplt.close(fig)",
        "fig",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_figures_of_earlier_steps_look_as_in_a_kernel(name: str, bench: Bench, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    make, show = FIGURES[name]
    theirs = by_kernel([make, show], tmp_path)
    made = bench.run(make, start=0)
    assert bench.follow(made, show, start=1).state == "succeeded"
    assert normal(bench.last.outputs()) == normal(theirs[1])


def test_showing_a_figure_changes_no_ambient_state(bench: Bench) -> None:
    pytest.importorskip("matplotlib")
    made = bench.run("import matplotlib.pyplot as plt\nfig, ax = plt.subplots(figsize=(1, 1))")
    shown = bench.follow(made, "fig")
    assert "image/png" in bench.last.outputs()[0]["data"]
    assert [name for name in shown.writes if name.startswith("ambient:")] == []


def test_displays_of_other_steps_are_noted(bench: Bench) -> None:
    made = bench.run("h = display('a', display_id='here'); h.update('b')")
    assert bench.last.notebook()["metadata"]["kfjlab_displays"] == {"here": {"outputs": [[0, 0]]}}
    assert bench.follow(made, "h.update('c')").state == "succeeded"
    content = {"data": {"text/plain": ["'c'"]}, "metadata": {}}
    assert bench.last.notebook()["metadata"]["kfjlab_displays"] == {"here": {"content": content}}


def test_the_notebook_is_valid(tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    bench = Bench(tmp_path)
    try:
        bench.run("print(1)\n2", "display('x')", "1/0", "never")
        document = bench.last.notebook()
        nbformat.validate(document)
        assert [cell["execution_count"] for cell in document["cells"]] == [11, 12, 13, None]
    finally:
        bench.close()


def test_widgets_are_kept_as_by_nbclient(bench: Bench, tmp_path: Path) -> None:
    pytest.importorskip("ipywidgets")
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    sources = [
        "from tqdm.notebook import tqdm\nfor i in tqdm(range(3), desc='bar'): pass",
        "import ipywidgets as w\ns = w.IntSlider(3, description='s')\nprint('x')\ns",
        "s.value = 7\nw.Image(value=b'abc')",
    ]
    theirs = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nbclient.NotebookClient(theirs, timeout=60, kernel_name="python3").execute()
    assert bench.run(*sources, start=0).state == "succeeded", bench.last.text()
    ours = bench.last.notebook()

    def plain(document: Any) -> tuple[Any, list[str]]:
        states = document["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
        outputs = [normal(cell["outputs"]) for cell in document["cells"]]
        texts = [json.dumps(value, sort_keys=True) for value in (outputs, *states.values())]
        texts = [re.sub(r"[0-9a-f]{32}", "ID", re.sub(r"[\d.]+it/s", "RATE", text)) for text in texts]
        return json.loads(texts[0]), sorted(texts[1:])

    assert plain(ours) == plain(json.loads(nbformat.writes(theirs)))
    assert '"value": 7' in json.dumps(ours["metadata"]["widgets"])
    nbformat.validate(ours)
