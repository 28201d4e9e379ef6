"""The process that executes the prelude: how it starts, forks and ends."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kfjlab.runtime.protocol import CellSource
from tests.runtime.harness import BOOTSTRAP, PATIENCE, Bench, cells, versions


def gone(pid: int, seconds: float = 5) -> bool:
    """Whether a process ends within some time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().split(") ")[1][0] == "Z":
                    return True
        except FileNotFoundError:
            return True
        time.sleep(0.01)
    return False


def test_the_prelude_and_what_it_leaves(bench: Bench) -> None:
    ready = bench.prelude(
        CellSource(0, "a", 1, "import json\nrate = 0.5\nnames = ['a']", "imports"),
        CellSource(
            2,
            "b",
            2,
            "def scaled(x):\n    return x * rate\nclass Box:\n    def get(self): return scaled(1)",
            "functions",
        ),
    )
    record = ready["record"]
    assert ready["can_fork"] and not ready["why"]
    assert set(record["values"]) == {"rate", "names"}
    assert record["needs"]["scaled"] == ["rate"] and "scaled" in record["needs"]["Box"]
    document = json.loads((bench.root / "run" / "prelude.ipynb").read_text())
    assert [c["execution_count"] for c in document["cells"]] == [1, 2]
    step = bench.run("print(Box().get(), json.dumps(names))")
    assert bench.last.text() == '0.5 ["a"]\n' and not step.writes
    changed = bench.run("rate = 2\nnames.append('b')")
    assert set(changed.writes) == {"var:rate", "var:names"}
    bench.follow(changed, "print(Box().get(), names)")
    assert bench.last.text() == "2 ['a', 'b']\n"


def test_a_prelude_that_fails(bench: Bench) -> None:
    answer = bench.prelude(*cells("x = 1", "import json\njson.nothing", role="imports"))
    assert answer["type"] == "failed"
    assert (answer["error"]["kind"], answer["error"]["cell"], answer["error"]["line"]) == (
        "AttributeError",
        1,
        2,
    )
    assert (bench.root / "run" / "prelude.ipynb").exists()
    assert bench.zygote is not None and bench.zygote.wait(PATIENCE) == 0


def test_parameters_are_assigned_after_their_cells(bench: Bench) -> None:
    ready = bench.prelude(
        CellSource(0, "a", 1, "n = 1\nnames = ['x']", "pipeline-parameters"),
        CellSource(1, "b", 2, "double = n * 2", "imports"),
        CellSource(2, "c", 3, "m = double + 1\nn", "pipeline-parameters"),
        parameters={"n": 10, "m": 5, "extra": {"k": 1}, "names": ["y"]},
    )
    assert {"n", "m", "extra", "names", "double"} <= set(ready["record"]["values"])
    bench.run("print(n, double, m, extra, names)")
    assert bench.last.text() == "10 20 5 {'k': 1} ['y']\n"


def test_parameters_without_a_cell_come_first(bench: Bench) -> None:
    bench.prelude(CellSource(0, "b", 1, "double = n * 2", "imports"), parameters={"n": 4})
    bench.run("print(double)")
    assert bench.last.text() == "8\n"


def test_an_earlier_prelude_is_restored(tmp_path: Path) -> None:
    source = "import random, os\nnumber = random.SystemRandom().random()\nshared = [number]\nalias = shared\nos.environ['N'] = str(number)\nrandom.random()"
    first = Bench(tmp_path)
    record = first.prelude(*cells(source, role="imports"))["record"]
    first.run("print(number, random.random(), os.environ['N'], alias is shared)")
    text = first.last.text()
    first.close()
    second = Bench(tmp_path)
    second.prelude(*cells(source, role="imports"), restore=record)
    step = second.run("print(number, random.random(), os.environ['N'], alias is shared)")
    second.close()
    assert second.last.text() == text
    assert set(step.writes) == {"ambient:random"} and step.reads["ambient:random"] == "untouched"


def test_context_variables_of_the_prelude_are_the_workers(bench: Bench) -> None:
    bench.prelude(
        *cells(
            "import contextvars\nv = contextvars.ContextVar('v')\nv.set(5)",
            "import asyncio\nawait asyncio.sleep(0)",
            role="imports",
        )
    )
    bench.run("print(v.get())", "import asyncio\nawait asyncio.sleep(0)\nprint(v.get())")
    assert bench.last.text() == "5\n" and bench.last.text(1) == "5\n"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (
            "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True, name='mine').start()",
            "mine",
        ),
        ("import socket\ns = socket.create_server(('127.0.0.1', 0))", "network connections"),
        ("f = open('data.txt')", "data.txt"),
    ],
)
def test_what_makes_forking_unsafe(bench: Bench, source: str, why: str) -> None:
    (bench.workspace / "data.txt").write_text("d")
    ready = bench.prelude(*cells(source, role="imports"))
    assert ready["can_fork"] is False and why in ready["why"]


@pytest.mark.parametrize("mode", ["w", "a"])
def test_files_that_the_prelude_writes_are_shared(bench: Bench, mode: str) -> None:
    """As in one process: who writes goes on where the one before has ended."""
    ready = bench.prelude(*cells(f"log = open('log.txt', {mode!r})\n_ = log.write('start ')", role="imports"))
    assert ready["can_fork"], ready["why"]
    bench.run("log.write('one ')\nlog.flush()")
    bench.run("open('log.txt', 'a').write('two ')")
    assert (bench.workspace / "log.txt").read_text() == "start one two "


def test_native_thread_pools(bench: Bench) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("polars")
    ready = bench.prelude(
        *cells(
            "import numpy, scipy.linalg, sklearn.ensemble, pandas, matplotlib.pyplot, polars, lightgbm",
            role="imports",
        )
    )
    assert ready["can_fork"], ready["why"]
    attempt = bench.step(
        "import polars as pl\nprint(pl.DataFrame({'a': [1, 2]}).lazy().group_by('a').len().collect().shape, (numpy.ones((300, 300)) @ numpy.ones((300, 300)))[0, 0])"
    )
    attempt.result()
    assert attempt.text() == "(2, 2) 300.0\n"


def test_a_used_pool_makes_forking_unsafe(bench: Bench) -> None:
    pytest.importorskip("polars")
    ready = bench.prelude(
        *cells(
            "import polars as pl\npl.DataFrame({'a': [1, 2]}).lazy().group_by('a').len().collect()",
            role="imports",
        )
    )
    assert ready["can_fork"] is False and "polars" in ready["why"]


def test_a_worker_without_fork(bench: Bench) -> None:
    source = "import threading, time, random\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\nnumber = random.SystemRandom().random()"
    ready = bench.prelude(*cells(source, role="imports"))
    assert not ready["can_fork"]
    first = bench.run("print(number, random.random())\nx = 1", alone=True)
    text = bench.last.text()
    assert first.state == "succeeded" and "var:x" in first.writes and "var:number" not in first.writes
    second = bench.run("print(number, random.random())", alone=True)
    assert bench.last.text() == text and second.state == "succeeded"
    assert bench.last.messages[0]["type"] == "started"
    assert list((bench.root / "run").glob("prelude.ipynb*")) == [bench.root / "run" / "prelude.ipynb"]


def test_forks_run_at_the_same_time(bench: Bench) -> None:
    bench.prelude()
    meet = "import os, time\nos.makedirs('here', exist_ok=True)\nopen(f'here/{%d}', 'w').close()\n"
    meet += "while len(os.listdir('here')) < 4: time.sleep(0.01)"
    attempts = [bench.step(meet % i, name=f"s{i}") for i in range(4)]
    assert all(attempt.result().state == "succeeded" for attempt in attempts)
    statuses: dict[int, int] = {}
    while len(statuses) < 4:
        message = bench.answer()
        if message["type"] == "exited":
            statuses[message["pid"]] = message["status"]
    assert set(statuses) == {attempt.pid for attempt in attempts}


def test_workers_lead_their_groups_and_hold_nothing_of_others(bench: Bench) -> None:
    bench.prelude()
    other = bench.step("import time\ntime.sleep(30)")
    attempt = bench.step(
        "import os, stat, signal\nprint(os.getpid() == os.getpgrp() == os.getsid(0), signal.getsignal(signal.SIGINT) is signal.default_int_handler)\n"
        "print(sum(stat.S_ISSOCK(os.fstat(int(fd)).st_mode) for fd in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + fd)))"
    )
    attempt.result()
    assert attempt.text() == "True True\n3\n"  # its own, and the two of its event loop
    other.kill()


def test_workers_outlive_a_killed_zygote(bench: Bench) -> None:
    bench.prelude()
    attempt = bench.step("import time\nprint('on', flush=True)\ntime.sleep(0.3)\nx = 1")
    attempt.until(type="log")
    assert bench.zygote is not None
    bench.zygote.send_signal(signal.SIGKILL)
    bench.zygote.wait()
    assert attempt.result().state == "succeeded"


def test_a_zygote_ends_with_its_control_channel(bench: Bench) -> None:
    bench.prelude()
    assert bench.zygote is not None and bench.control is not None
    bench._answers.close()
    bench.control.close()
    assert bench.zygote.wait(PATIENCE) == 0


def test_a_zygote_of_a_process_with_many_open_files(tmp_path: Path) -> None:
    """Its control channel has a number that select() refuses."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1300:
        pytest.skip("this system does not allow so many open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1300), hard))
    bench = Bench(tmp_path)
    try:
        with contextlib.ExitStack() as opened:
            for _ in range(1030):
                opened.enter_context(open(os.devnull))
            assert bench.run("print('here')").state == "succeeded"
            assert bench.control is not None and bench.control.fileno() > 1023
            assert bench.last.text() == "here\n"
            bench.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_zygote_stops_when_told(bench: Bench) -> None:
    bench.prelude()
    assert bench.zygote is not None and bench.control is not None
    bench.control.sendall(b'{"op": "stop"}\n')
    assert bench.zygote.wait(PATIENCE) == 0


def test_a_killed_worker_is_reported(bench: Bench) -> None:
    bench.prelude()
    attempt = bench.step("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    while attempt.next() is not None:
        pass
    message = bench.answer()
    assert (message["type"], message["pid"], message["status"]) == ("exited", attempt.pid, signal.SIGKILL)
    attempt.kill()


def test_children_of_a_step_are_in_its_group(bench: Bench) -> None:
    bench.prelude()
    attempt = bench.step("import subprocess\np = subprocess.Popen(['sleep', '60'])\nprint(p.pid)\nx = 1")
    attempt.result()
    assert gone(int(attempt.log()))


def test_the_overhead_of_a_step(bench: Bench) -> None:
    bench.prelude(*cells("import json", role="imports"))
    times = []
    for _ in range(9):
        started = time.perf_counter()
        bench.run("x = 1")
        times.append(time.perf_counter() - started)
    assert sorted(times)[2] < 0.1, times  # about 0.02 s on an idle machine


def test_an_interpreter_that_lacks_packages(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True, timeout=60
    )
    (tmp_path / "spec.json").write_text(json.dumps({"workspace": str(tmp_path)}))
    for arguments in (["zygote", "spec.json"], ["worker", "spec.json", "step.json"]):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            subprocess.run(
                [str(tmp_path / "bare" / "bin" / "python"), str(BOOTSTRAP), *arguments, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=tmp_path,
                env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
                timeout=PATIENCE,
                check=True,
            )
            answer = json.loads(ours.recv(65536))
        assert answer["error"]["kind"] == "MissingPackage"
        assert "IPython" in answer["error"]["message"] and "pip install" in answer["error"]["fix"]


@pytest.mark.skipif(versions()[0] < (3, 10), reason="only kfjlab.runtime supports Python 3.9")
def test_kfjlab_itself_can_be_imported(bench: Bench) -> None:
    bench.prelude(*cells("import kfjlab", role="imports"))
    bench.run(
        "print(kfjlab.runtime.__name__, callable(getattr(kfjlab, 'load', None)) or 'no load', hasattr(kfjlab, 'nonsense'))"
    )
    assert bench.last.text().endswith("False\n") and bench.last.text().startswith("kfjlab.runtime ")


def test_installed_packages_are_the_interpreters_own(bench: Bench) -> None:
    bench.prelude()
    bench.run(
        "import sys\nprint([p for p in sys.path if 'kfjlab' in p and 'site-packages' not in p and 'dist-packages' not in p])"
    )
    assert bench.last.text() == "[]\n"


def test_what_the_imports_made_and_nobody_can_look_into_is_reported_to_who_changes_it(bench: Bench) -> None:
    bench.prelude(
        *cells("import csv, io, zlib\nw = csv.writer(io.StringIO())\nz = zlib.compressobj()", role="imports")
    )
    record = bench.run("w.writerow([1])\n", consumers={"w": "later"})
    assert record.state == "succeeded"
    assert [(w["code"], w["cell"]) for w in record.warnings] == [("unseen-change", 10)]
    assert "'later'" in record.warnings[0]["message"]
    assert bench.run("print(w)", consumers={"x": "later"}).warnings == []
