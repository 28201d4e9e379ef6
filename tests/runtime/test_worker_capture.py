"""What cells print arrives, whole and in order, whoever writes it."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from tests.runtime.harness import Bench, cells


def test_text_streams_while_the_cell_runs(shared: Bench) -> None:
    attempt = shared.step("import time\nfor i in range(3):\n    print(i)\n    time.sleep(0.3)")
    attempt.until(type="cell", state="running")
    started = time.monotonic()
    assert attempt.until(type="log")["text"] == "0\n"
    assert time.monotonic() - started < 0.25
    attempt.result()
    assert [m["text"] for m in attempt.messages if m["type"] == "log"] == ["0\n", "1\n", "2\n"]


def test_order_of_python_and_descriptors(shared: Bench) -> None:
    shared.run(
        "import os, sys, subprocess\nprint('1')\nos.write(1, b'2\\n')\nprint('3', file=sys.stderr)\n"
        "subprocess.run(['sh', '-c', 'echo 4; echo 5 >&2'])\nprint('6')\nos.write(2, b'7\\n')\nprint('8')\ndisplay(9)\nprint('10')"
    )
    assert shared.last.text() == "1\n2\n4\n6\n8\n10\n"
    assert shared.last.text(name="stderr") == "3\n5\n7\n"
    found = [o.get("name") or o["output_type"] for o in shared.last.outputs()]
    assert found.index("display_data") == len(found) - 2
    assert shared.last.log() == "1\n2\n4\n6\n8\n10\n"


def test_c_code_that_buffers(shared: Bench) -> None:
    shared.run("import ctypes\n_ = ctypes.CDLL(None).printf(b'from C\\n')", "print('next')")
    assert shared.last.text() == "from C\n" and shared.last.text(1) == "next\n"


def test_bytes_that_are_no_text(shared: Bench) -> None:
    shared.run(
        "import os\n_ = os.write(1, b'caf\\xc3\\xa9 \\xff\\n')",
        "_ = os.write(1, b'half \\xc3')",
        "print('\\udcff\\ud800 ok')",
    )
    assert shared.last.text() == "café \ufffd\n"
    assert shared.last.text(1) == "half \ufffd"
    assert shared.last.text(2) == "?? ok\n"


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_of_multiprocessing(shared: Bench, method: str) -> None:
    (shared.workspace / "helper.py").write_text(
        "def work(i):\n    print(f'work {i}\\n', end='', flush=True)\n    return i * i\n"
    )
    record = shared.run(
        f"import multiprocessing as mp, helper\nwith mp.get_context('{method}').Pool(2) as pool:\n"
        "    print(sorted(pool.map(helper.work, range(3))))"
    )
    assert record.state == "succeeded", record.error
    lines = sorted(shared.last.text().split("\n"))
    assert lines == ["", "[0, 1, 4]", "work 0", "work 1", "work 2"]


def test_joblib(shared: Bench) -> None:
    record = shared.run(
        "from joblib import Parallel, delayed\ndef f(i):\n    print(f'job {i}\\n', end='', flush=True)\n    return i + k\nk = 10\n"
        "Parallel(n_jobs=2)(delayed(f)(i) for i in range(3))"
    )
    assert record.state == "succeeded", record.error
    results = [output["data"]["text/plain"] for output in shared.last.outputs() if "data" in output]
    assert results == [["[10, 11, 12]"]]  # what the helper processes print may come after it
    assert sorted(shared.last.text().split("\n"))[1:] == ["job 0", "job 1", "job 2"]


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="shared memory is elsewhere on this system")
def test_helper_processes_leave_nothing_in_shared_memory(shared: Bench) -> None:
    pytest.importorskip("numpy")
    record = shared.run(
        "import numpy, os\nfrom joblib import Parallel, delayed\ndef f(x): return x.sum()\n"
        "_ = Parallel(n_jobs=2)(delayed(f)(numpy.ones(300_000)) for i in range(2))\n"
        "print(len([name for name in os.listdir('/dev/shm') if str(os.getpid()) in name]))"
    )
    assert record.state == "succeeded", record.error
    assert int(shared.last.text()) > 0
    left = [name for name in os.listdir("/dev/shm") if str(shared.last.pid) in name]
    assert left == [] and not record.warnings


def test_a_fork_that_comes_out_of_its_cell_is_not_the_step(shared: Bench) -> None:
    record = shared.run(
        "import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)\nprint('both')", "print('one')"
    )
    assert record.state == "succeeded"
    assert shared.last.text() == "both\nboth\n" and shared.last.text(1) == "one\n"
    assert [m["type"] for m in shared.last.messages].count("record") == 1


def test_threads_that_print_after_their_cell(shared: Bench) -> None:
    shared.run(
        "import threading, time\ndef later():\n    time.sleep(0.1)\n    print('late')\nt = threading.Thread(target=later)\nt.start()",
        "t.join()\nprint('joined')\ndel t",
    )
    assert shared.last.text(1) == "late\njoined\n"


def test_much_output_is_bounded_in_the_notebook_and_whole_in_the_log(shared: Bench) -> None:
    attempt = shared.step(
        "line = 'x' * 99\nimport resource\nbefore = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for _ in range(30): print('\\n'.join([line] * 10_000))\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    record = attempt.result()
    assert record.state == "succeeded"
    text = attempt.log()
    assert len(text) > 30_000_000
    assert int(text.splitlines()[-1]) < 64  # MiB
    assert max(len(m["text"]) for m in attempt.messages if m["type"] == "log") <= 256 * 1024
    kept = attempt.outputs()
    assert sum(len("".join(o["text"])) for o in kept) < 21_000_000
    assert "the step's log has all" in "".join(kept[-1]["text"])


def test_a_slow_reader_slows_the_cell(shared: Bench) -> None:
    attempt = shared.step("for i in range(100): print('y' * 100_000)\nprint('end')")
    attempt.until(type="cell")
    time.sleep(0.3)
    attempt.result()
    assert len(attempt.log()) == 100 * 100_001 + 4


def test_huge_output_of_a_subprocess(shared: Bench) -> None:
    shared.run(
        "!head -c 3000000 /dev/zero | tr '\\0' z\nimport subprocess\n_ = subprocess.run('head -c 3000000 /dev/zero | tr \"\\\\0\" w', shell=True)"
    )
    text = shared.last.log()
    assert (text.count("z"), text.count("w")) == (3_000_000, 3_000_000)


def test_progress_bars(shared: Bench) -> None:
    shared.run("from tqdm.auto import tqdm\nfor i in tqdm(range(3), mininterval=0): pass")
    assert "3/3" in shared.last.text(name="stderr") or "3/3" in json.dumps(shared.last.outputs())


def test_replaced_streams(shared: Bench) -> None:
    shared.run(
        "import contextlib, io, sys\nwith contextlib.redirect_stdout(io.StringIO()) as got:\n    print('hidden')\nprint(got.getvalue().upper())\n"
        "print('original', file=sys.__stdout__)\nsys.stdout.close()\nprint('still open')\nsys.stdout.fileno(), sys.stderr.fileno()"
    )
    assert sorted(shared.last.text().split("\n")) == ["", "", "HIDDEN", "original", "still open"]
    assert [o["data"]["text/plain"] for o in shared.last.outputs() if "data" in o] == [["(1, 2)"]]


def test_the_imports_output_is_in_their_notebook(bench: Bench) -> None:
    bench.prelude(
        *cells("print('hello')\n!echo there", "import logging\nlogging.basicConfig()", role="imports")
    )
    document = json.loads((bench.root / "run" / "prelude.ipynb").read_text())
    assert document["cells"][0]["outputs"] == [
        {"output_type": "stream", "name": "stdout", "text": ["hello\n", "there\r\n"]}
    ]
    bench.run("logging.warning('kept handler')")
    assert bench.last.text(name="stderr") == "WARNING:root:kept handler\n"


def test_a_worker_ends_with_its_reader(shared: Bench) -> None:
    attempt = shared.step(
        "import subprocess, time\nchild = subprocess.Popen(['sleep', '60'])\nprint(child.pid, flush=True)\ntime.sleep(60)"
    )
    child = int(attempt.until(type="log")["text"])
    attempt._lines.close()
    attempt.connection.close()
    for pid in (attempt.pid, child):
        deadline = time.monotonic() + 5
        while alive(pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not alive(pid)


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().split(") ")[1][0] != "Z"
    except FileNotFoundError:
        return False


def test_a_crash_leaves_its_frames_in_the_process_log(shared: Bench) -> None:
    attempt = shared.step("import ctypes\nctypes.string_at(0)")
    while attempt.next() is not None:
        pass
    attempt.kill()
    assert not [m for m in attempt.messages if m["type"] == "record"]
    message = shared.answer()
    while message["type"] != "exited" or message["pid"] != attempt.pid:
        message = shared.answer()
    assert os.WTERMSIG(message["status"]) == signal.SIGSEGV
    assert "string_at" in (shared.root / "processes.log").read_text()
