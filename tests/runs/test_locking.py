"""The lock made of a file."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from pathlib import Path

import pytest

from kfjlab.runs import processes
from kfjlab.runs.locking import LockTimeout, PathLock
from tests.runs.helpers import run_python, running_python, start_python

HOLD = """
import sys, time
from pathlib import Path
from kfjlab.runs.locking import PathLock
lock = PathLock(Path(sys.argv[1]))
lock.acquire(5)
print("ready", flush=True)
time.sleep(60)
"""

COUNT = """
import sys
from pathlib import Path
from kfjlab.runs.locking import PathLock
lock, number = PathLock(Path(sys.argv[1])), Path(sys.argv[2])
for _ in range(int(sys.argv[3])):
    lock.acquire(30)
    number.write_text(str(int(number.read_text()) + 1))
    lock.release()
lock.close()
"""


def foreign(path: Path) -> None:
    """A lock of a process of another machine."""
    path.write_text(
        json.dumps({"pid": 1, "start": 1.0, "host": "elsewhere", "place": "elsewhere", "token": "ab"})
    )


def only_lock_files(path: Path) -> list[str]:
    return sorted(p.name for p in path.parent.iterdir())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@pytest.fixture(params=["links", "no links"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "no links":

        def link(*_: object) -> None:
            raise OSError(errno.EPERM, "not permitted")

        monkeypatch.setattr(os, "link", link)


@pytest.mark.usefixtures("links")
def test_one_at_a_time(path: Path) -> None:
    first, second = PathLock(path), PathLock(path)
    first.acquire(1)
    with pytest.raises(LockTimeout) as caught:
        second.acquire(0.05)
    assert str(os.getpid()) in caught.value.holder
    first.release()
    second.acquire(1)
    assert second.still_held()
    second.close()
    first.close()
    assert only_lock_files(path) == []


def test_processes_take_turns(path: Path, tmp_path: Path) -> None:
    number = tmp_path / "number"
    number.write_text("0")
    workers = [start_python(COUNT, path, number, 150) for _ in range(3)]
    for worker in workers:
        assert worker.communicate(timeout=40)[1] == ""
    assert number.read_text() == "450"


def test_the_lock_of_a_killed_process_is_broken_at_once(path: Path) -> None:
    lock = PathLock(path)
    with running_python(HOLD, path) as holder:
        with pytest.raises(LockTimeout, match=f"process {holder.pid}"):
            lock.acquire(0.1)
        holder.kill()  # and not waited for: a zombie counts as dead
        began = time.monotonic()
        lock.acquire(5)
    assert time.monotonic() - began < 2
    lock.close()
    assert only_lock_files(path) == []


def test_a_pid_that_was_used_again_is_not_its_owner(path: Path) -> None:
    path.write_text(json.dumps({**processes.identity(), "start": 1.0, "token": "ab"}))
    lock = PathLock(path)
    lock.acquire(1)
    assert json.loads(path.read_text())["token"] != "ab"
    lock.close()


def test_the_lock_of_another_machine_is_broken_when_it_was_not_renewed(path: Path) -> None:
    foreign(path)
    lock = PathLock(path, stale_after=0.3)
    began = time.monotonic()
    lock.acquire(5)
    assert 0.3 <= time.monotonic() - began < 3
    lock.close()


def test_the_lock_of_another_machine_that_is_renewed_stays(path: Path) -> None:
    foreign(path)
    stop = threading.Event()

    def renew() -> None:
        while not stop.wait(0.05):
            os.utime(path)

    thread = threading.Thread(target=renew)
    thread.start()
    try:
        with pytest.raises(LockTimeout, match="elsewhere"):
            PathLock(path, stale_after=0.3).acquire(1)
    finally:
        stop.set()
        thread.join(5)


def test_the_owner_renews(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = PathLock(path)
    lock.acquire(1)
    os.utime(path, (1, 1))
    lock.renew()
    assert path.stat().st_mtime == 1  # not so soon
    monkeypatch.setattr("kfjlab.runs.locking.RENEW_EVERY", 0)
    lock.renew()
    assert path.stat().st_mtime > 1
    lock.close()


def test_a_lock_without_an_owner_goes_by_age(path: Path) -> None:
    path.touch()  # its maker was killed between creating and writing, where links are not supported
    with pytest.raises(LockTimeout, match="did not leave a name"):
        PathLock(path, stale_after=60).acquire(0.1)
    lock = PathLock(path, stale_after=0.2)
    lock.acquire(3)
    lock.close()


def test_an_answer_that_was_lost_on_the_way(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def link_and_lose(source: Path, target: Path) -> None:
        link(source, target)
        raise FileExistsError(errno.EEXIST, "the second try finds the first's result")

    monkeypatch.setattr(os, "link", link_and_lose)
    lock = PathLock(path)
    lock.acquire(0.2)
    assert lock.still_held()
    lock.close()


def test_who_lost_the_lock_knows(path: Path) -> None:
    lock = PathLock(path)
    lock.acquire(1)
    path.unlink()
    foreign(path)
    assert not lock.still_held()
    lock.close()
    assert path.exists()


def test_the_guard_of_a_process_that_was_killed_while_it_broke_a_lock(path: Path) -> None:
    for name in ("lock", "lock.break"):
        path.with_name(name).write_text(json.dumps({**processes.identity(), "start": 1.0, "token": "ab"}))
    lock = PathLock(path)
    lock.acquire(1)
    lock.close()
    assert only_lock_files(path) == []


def test_one_process_that_breaks_keeps_others_from_it(path: Path) -> None:
    path.write_text(json.dumps({**processes.identity(), "start": 1.0, "token": "ab"}))
    guard = path.with_name("lock.break")
    guard.touch()
    lock = PathLock(path, stale_after=60)
    with pytest.raises(LockTimeout):
        lock.acquire(0.1)
    os.utime(guard, (time.time() - 100,) * 2)  # its maker was killed too
    lock.acquire(2)
    lock.close()
    assert only_lock_files(path) == []


def test_a_lock_taken_meanwhile_is_not_broken(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The classic mistake: two see the same stale lock, the slower one removes the lock of the faster."""
    path.write_text(json.dumps({**processes.identity(), "start": 1.0, "token": "ab"}))
    slow, fast = PathLock(path), PathLock(path)
    judge = PathLock._is_stale

    def judge_slowly(self: PathLock, owner: dict[str, object], seen: object) -> bool:
        stale = judge(self, owner, seen)
        if self is slow and not fast.still_held():
            fast.acquire(1)
        return stale

    monkeypatch.setattr(PathLock, "_is_stale", judge_slowly)
    with pytest.raises(LockTimeout):
        slow.acquire(0.1)
    assert fast.still_held()
    fast.close()


def test_a_folder_that_is_gone_is_told(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        PathLock(path.parent / "gone" / "lock").acquire(1)


def test_identities_of_processes() -> None:
    mine = processes.identity()
    assert processes.is_here(mine) and processes.is_alive(mine)
    other = json.loads(
        run_python("import json; from kfjlab.runs import processes; print(json.dumps(processes.identity()))")
    )
    assert processes.is_here(other) and not processes.is_alive(other)
    assert not processes.is_here({**mine, "place": "another"})
