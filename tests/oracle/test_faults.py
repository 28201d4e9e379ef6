"""Processes killed at any instant, damaged objects, a full disk: ``resume`` goes on, and the result still agrees with the oracle."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from kfjlab.notebook.analyze import analyze
from kfjlab.runs.model import Run, RunState
from kfjlab.runs.store import RunStore
from kfjlab.targets.base import RunOptions
from kfjlab.targets.local import LocalTarget

from .cases import program
from .conftest import SOAK
from .oracle import (
    NOTEBOOK,
    Outcome,
    Schedule,
    disagreements,
    finished,
    from_top_to_bottom,
    prepare,
    restore_folder,
    states,
    wait,
)

PROGRAM = program(
    """
    import random, time
    #%%
    random.seed(3)
    data = [random.random() for _ in range(5)]
    #%%
    time.sleep(0.2)
    left = sorted(data)
    #%%
    time.sleep(0.3)
    with open("right.txt", "w") as file:
        file.write(str(sum(data)))
    del file
    #%%
    left.append(random.random())
    same = left
    #%%
    time.sleep(0.2)
    total = sum(same) + float(open("right.txt").read())
    print(total)
    """,
    imports=1,
)
SCHEDULE = Schedule((0, 1, 2, 3, 4, 5), (0.0,) * 6, 2)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("reference")
    dump = folder / "dump.json"
    return from_top_to_bottom(prepare(PROGRAM, SCHEDULE, folder / "work", dump), dump)


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    return prepare(PROGRAM, SCHEDULE, tmp_path / "work", tmp_path / "dump.json")


def _start(notebook: Path) -> str:
    return LocalTarget().start(analyze(notebook), RunOptions(max_parallel=2))


def _supervisor(run_id: str, timeout: float = 20) -> psutil.Process:
    """The run's supervisor, as soon as it is there."""
    deadline = time.monotonic() + timeout
    with RunStore() as store:
        while time.monotonic() < deadline:
            pid = store.supervisor_pid(run_id)
            if pid is not None:
                return psutil.Process(pid)
            time.sleep(0.01)
    raise AssertionError("no supervisor has come")


def _ended(run_id: str, timeout: float = 60) -> Run:
    """The run once it is over; one whose supervisor was killed is interrupted."""
    deadline = time.monotonic() + timeout
    with RunStore() as store:
        while time.monotonic() < deadline:
            store.mark_interrupted()
            run = store.get_run(run_id)
            if run.state.final:
                return run
            time.sleep(0.05)
        raise AssertionError(f"the run has not ended: {states(store, run_id)}")


def _resumed(run_id: str) -> Run:
    LocalTarget().resume(run_id)
    return wait(run_id)


def _agrees(run: Run, notebook: Path, reference: Outcome) -> None:
    assert run.state is RunState.SUCCEEDED, run.error
    outcome = finished(run, notebook, notebook.parents[1] / "dump.json").outcome
    # A resumed run need not execute the prelude, whose cell then has no output.
    assert disagreements(reference, outcome, reused=True) == []


def _processes(supervisor: psutil.Process, what: str) -> Iterator[psutil.Process]:
    """Zygotes are the supervisor's children, workers theirs."""
    try:
        zygotes = supervisor.children()
        if what == "zygote":
            yield from zygotes
        for zygote in zygotes if what == "worker" else ():
            yield from zygote.children()
    except psutil.NoSuchProcess:
        return


@pytest.mark.parametrize("instant", range(20 if SOAK else 3))
@pytest.mark.parametrize("victim", ["supervisor", "zygote", "worker"])
def test_killed_at_a_random_instant(
    victim: str, instant: int, notebook: Path, reference: Outcome, rng: random.Random
) -> None:
    run_id = _start(notebook)
    supervisor = _supervisor(run_id)
    time.sleep(rng.random() * 1.5)
    if victim == "supervisor":
        with contextlib.suppress(psutil.NoSuchProcess):  # it may have done its work
            supervisor.kill()
    else:
        deadline = time.monotonic() + 3
        while not (found := list(_processes(supervisor, victim))) and time.monotonic() < deadline:
            if not supervisor.is_running():
                break
            time.sleep(0.01)
        for process in found:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
    run = _ended(run_id)
    if run.state is not RunState.SUCCEEDED:
        assert run.state in (RunState.INTERRUPTED, RunState.FAILED)
        assert run.error, "a run that did not succeed says why"
        run = _resumed(run_id)
    _agrees(run, notebook, reference)


def test_nothing_of_a_killed_run_lives_on(notebook: Path) -> None:
    run_id = _start(notebook)
    supervisor = _supervisor(run_id)
    deadline = time.monotonic() + 10
    while not (workers := list(_processes(supervisor, "worker"))) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert workers, "no step has started"
    others = [*workers, *_processes(supervisor, "zygote")]
    supervisor.kill()
    _, alive = psutil.wait_procs(others, timeout=10)
    assert alive == []


def test_the_caller_is_killed(notebook: Path, reference: Outcome) -> None:
    code = (
        "import sys, time; from kfjlab.notebook.analyze import analyze; from kfjlab.targets.base import RunOptions;"
        "from kfjlab.targets.local import LocalTarget;"
        "print(LocalTarget().start(analyze(sys.argv[1]), RunOptions(max_parallel=2)), flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(notebook)], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as caller:
        assert caller.stdout is not None
        run_id = caller.stdout.readline().strip()
        os.killpg(caller.pid, signal.SIGKILL)
    _agrees(wait(run_id), notebook, reference)


@pytest.mark.parametrize("damage", ["truncated", "changed", "gone"])
def test_damaged_objects_are_made_again(
    damage: str, notebook: Path, reference: Outcome, rng: random.Random
) -> None:
    _agrees(wait(_start(notebook)), notebook, reference)
    with RunStore() as store:
        objects = [path for path in store.objects.rglob("*") if path.is_file()]
    assert objects
    for path in objects:
        if rng.random() < 0.5:
            continue
        path.chmod(0o600)
        content = path.read_bytes()
        if damage == "gone":
            path.unlink()
        elif damage == "truncated":
            path.write_bytes(content[: len(content) // 2])
        else:
            path.write_bytes(bytes([content[0] ^ 1]) + content[1:] if content else b"x")
    restore_folder(PROGRAM, notebook.parent)
    (notebook.parents[1] / "dump.json").unlink()
    run = wait(_start(notebook))
    for _ in range(3):
        if run.state is RunState.SUCCEEDED:
            break
        assert run.error and "damaged" in str(run.error), run.error
        run = _resumed(run.id)
    _agrees(run, notebook, reference)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root on Linux")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "kfjlab-test", str(folder)],
        capture_output=True,
        timeout=20,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no small file system can be mounted: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], timeout=20, check=True)


def test_a_full_disk(small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KFJLAB_DATA", str(small_disk / "store"))
    big = program(
        """
        small = 1
        #%%
        large = bytes(range(256)) * 60_000
        #%%
        print(small + len(large))
        """
    )
    notebook = prepare(big, Schedule((0, 1, 2), (0.0,) * 3, 1), tmp_path / "work", None)
    run_id = LocalTarget().start(analyze(notebook), RunOptions(max_parallel=1))
    run = _ended(run_id)
    assert run.state is RunState.FAILED
    assert run.error and ("disk" in str(run.error).lower() or "space" in str(run.error).lower()), run.error
    with RunStore() as store:
        assert states(store, run_id)["s0"] == "succeeded"
    subprocess.run(["mount", "-o", "remount,size=100m", str(small_disk)], timeout=20, check=True)
    run = _resumed(run_id)
    assert run.state is RunState.SUCCEEDED, run.error
    assert finished(run, notebook).outcome.outputs[2]["stdout"] == "15360001\n"
    assert (notebook.parent / NOTEBOOK).exists()
