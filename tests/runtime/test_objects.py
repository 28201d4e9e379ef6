"""The content-addressed store."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from kfjlab.runtime.mappings import MAPPINGS, address_of
from kfjlab.runtime.objects import CorruptObject, ObjectStore


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(str(tmp_path / "objects"))


@pytest.mark.parametrize("size", [0, 1, 70_000, 9_000_000])
def test_bytes_buffers_and_files_come_back(store: ObjectStore, tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    digest = hashlib.sha256(data).hexdigest()
    (tmp_path / "file").write_bytes(data)
    assert (
        store.put_file(str(tmp_path / "file"))
        == store.put_bytes(data)
        == store.put_buffer(memoryview(data))
        == digest
    )
    assert store.get_bytes(digest) == data
    store.restore_file(digest, str(tmp_path / "copy"))
    assert (tmp_path / "copy").read_bytes() == data
    assert list(tmp_path.rglob(".writing-*")) == []


def test_a_mapping_is_private_and_knows_whether_it_was_written_to(store: ObjectStore) -> None:
    data = os.urandom(1_000_000)
    digest = store.put_bytes(data)
    view = store.map(digest, len(data))
    assert bytes(view) == data
    assert MAPPINGS.untouched(view) == digest
    view[700_000] ^= 1
    assert MAPPINGS.untouched(view) is None
    assert store.get_bytes(digest) == data


def test_a_forked_child_sees_its_own_and_its_parents_writes(store: ObjectStore) -> None:
    data = os.urandom(500_000)
    digest = store.put_bytes(data)
    view, other = store.map(digest, len(data)), store.map(digest, len(data))
    view[0] ^= 1
    child = os.fork()
    if child == 0:
        right = MAPPINGS.untouched(view) is None and MAPPINGS.untouched(other) == digest
        other[1] ^= 1
        os._exit(0 if right and MAPPINGS.untouched(other) is None else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert MAPPINGS.untouched(other) == digest


def test_a_damaged_object_is_named_moved_aside_and_can_be_made_again(store: ObjectStore) -> None:
    digest = store.put_bytes(b"x" * 1000)
    path = Path(store.path(digest))
    path.write_bytes(b"x" * 999)
    with pytest.raises(CorruptObject, match=digest):
        store.get_bytes(digest)
    assert not store.contains(digest)
    assert store.put_bytes(b"x" * 1000) == digest
    path.write_bytes(b"y" * 1000)
    with pytest.raises(CorruptObject):
        store.restore_file(digest, str(path.with_name("out")))
    assert not path.with_name("out").exists()
    with pytest.raises(CorruptObject, match="missing"):
        store.map(digest, 1000)


def test_read_only_memory_has_an_address_too(store: ObjectStore) -> None:
    data = os.urandom(100_000)
    view = store.map(store.put_bytes(data), len(data))
    assert address_of(view.toreadonly()) == address_of(view) != 0
    assert MAPPINGS.untouched(view.toreadonly()) is not None


def test_a_mapping_that_nobody_uses_is_unmapped(store: ObjectStore) -> None:
    data = os.urandom(100_000)
    digest = store.put_bytes(data)
    view = store.map(digest, len(data))
    address = address_of(view)
    assert digest[2:] in Path("/proc/self/maps").read_text()
    del view
    assert digest[2:] not in Path("/proc/self/maps").read_text()
    assert address not in MAPPINGS._known


def test_an_object_that_is_stored_again_is_young_again(store: ObjectStore) -> None:
    data = os.urandom(100_000)
    digest = store.put_bytes(data)
    path = Path(store.path(digest))
    os.utime(path, (1, 1))
    store.put_bytes(data)
    assert path.stat().st_mtime > 1
    os.utime(path, (1, 1))
    assert store.put_buffer(store.map(digest, len(data))) == digest
    assert path.stat().st_mtime > 1


def test_restoring_keeps_permissions_and_links(store: ObjectStore, tmp_path: Path) -> None:
    script, link = tmp_path / "script.sh", tmp_path / "link"
    script.write_text("old")
    script.chmod(0o750)
    link.symlink_to(script)
    store.restore_file(store.put_bytes(b"new"), str(link))
    assert link.is_symlink()
    assert script.read_text() == "new"
    assert script.stat().st_mode & 0o777 == 0o750


def test_a_full_disk_leaves_nothing_behind(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write

    def full(fd: int, data: memoryview) -> int:
        if len(data) < 4_000_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(fd, data)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        store.put_buffer(memoryview(bytearray(9_000_000)))
    assert [p for p in Path(store.root).rglob("*") if p.is_file()] == []


def test_what_is_no_digest_names_no_file(store: ObjectStore) -> None:
    assert not hasattr(store, "missing")
    with pytest.raises(ValueError, match="no sha256"):
        store.get_bytes("../../etc/passwd")


@pytest.mark.parametrize("damage", ["changed", "short", "unreadable"])
def test_an_object_found_in_place_is_written_anew_if_it_is_not_what_it_should_be(
    store: ObjectStore, damage: str
) -> None:
    data = os.urandom(100_000)
    digest = store.put_bytes(data)
    path = Path(store.path(digest))
    if damage == "unreadable":
        path.chmod(0)
    path.write_bytes(b"x" * (100_000 if damage == "changed" else 10))
    assert not store.verify(digest)
    path.write_bytes(b"x" * 100_000)
    assert store.put_buffer(memoryview(data)) == digest
    assert store.verify(digest) and store.get_bytes(digest) == data
    assert path.stat().st_mode & 0o400


def test_an_object_that_is_stored_again_is_as_young_as_a_new_one(store: ObjectStore) -> None:
    """So that garbage collection leaves it to whoever relies on it."""
    data = os.urandom(5_000_000)
    digest = store.put_bytes(data)
    view = store.map(digest, len(data))
    for put in (store.put_bytes, store.put_buffer, lambda data: store.put_buffer(view)):
        os.utime(store.path(digest), (1.0, 1.0))
        assert put(memoryview(data)) == digest
        assert os.stat(store.path(digest)).st_mtime > 1e9


def test_the_version_of_an_object_tells_whether_it_was_written_to(store: ObjectStore) -> None:
    digest = store.put_bytes(b"abc")
    version = store.version(digest)
    assert version == store.version(digest)
    os.utime(store.path(digest), (1.0, 1.0))
    assert store.version(digest) != version
    os.unlink(store.path(digest))
    assert store.version(digest) is None
