"""Where runs are kept, and on what kind of file system."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from kfjlab.runs.location import default_location, is_network, is_network_type, mount_type, parse_mountinfo

TABLE = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
40 27 0:40 / /home rw,relatime shared:7 - nfs4 files:/home rw,vers=4.2,local_lock=none
41 40 8:1 / /home/jo/scratch rw,relatime - xfs /dev/sda1 rw
42 27 0:42 / /mnt/my\040bucket rw,nosuid - fuse.s3fs s3fs rw
43 27 0:43 / /mnt/twice rw - nfs files:/old rw
44 43 8:2 / /mnt/twice rw - ext4 /dev/sda2 rw
45 27 0:45 / /mnt/half"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/x", "ext4"),
        ("/", "ext4"),
        ("/home", "nfs4"),
        ("/home/jo/.local/share/jupyter/kfjlab", "nfs4"),
        ("/home/jo/scratch/data", "xfs"),
        ("/home/jo/scratchy", "nfs4"),
        ("/homestead", "ext4"),
        ("/mnt/my bucket/data", "fuse.s3fs"),
        ("/mnt/twice/data", "ext4"),
    ],
)
def test_the_longest_mount_point_decides_and_of_equal_ones_the_last(path: str, kind: str) -> None:
    assert mount_type(path, parse_mountinfo(TABLE)) == kind


def test_a_path_that_no_mount_point_is_above_has_no_type() -> None:
    assert mount_type("/x", [("/home", "nfs")]) is None
    assert not is_network_type(None)


@pytest.mark.parametrize(
    "kind",
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "lustre",
        "gpfs",
        "ceph",
        "9p",
        "fuse.s3fs",
        "fuse.gcsfuse",
        "fuse.sshfs",
        "fuse",
    ],
)
def test_file_systems_of_networks(kind: str) -> None:
    assert is_network_type(kind)


@pytest.mark.parametrize(
    "kind",
    ["ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "apfs", "NTFS", "fuseblk", "fuse.fuse-overlayfs"],
)
def test_file_systems_of_one_machine(kind: str) -> None:
    assert not is_network_type(kind)


def test_the_mount_table_is_asked_for_the_real_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "far"
    target.mkdir()
    link = tmp_path / "near"
    link.symlink_to(target)
    table = f"1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:9 / {target} rw - nfs4 files:/x rw\n"
    read = Path.read_text

    def read_text(self: Path, *args: str) -> str:
        return table if str(self) == "/proc/self/mountinfo" else read(self, *args)

    monkeypatch.setattr(Path, "read_text", read_text)
    assert is_network(link / "not" / "there" / "yet")
    assert not is_network(tmp_path)


def test_without_proc_the_partitions_are_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    table = [
        SimpleNamespace(device="disk", mountpoint="/", fstype="apfs", opts="rw"),
        SimpleNamespace(device="files:/x", mountpoint=str(tmp_path), fstype="nfs", opts="rw,remote"),
    ]
    monkeypatch.setattr("kfjlab.runs.location.sys.platform", "darwin")
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: table)
    assert is_network(tmp_path / "data")
    assert not is_network(tmp_path.parent / "elsewhere")


def test_the_environment_says_where_else_jupyter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KFJLAB_DATA", str(tmp_path / "mine"))
    assert default_location() == tmp_path / "mine"
    monkeypatch.delenv("KFJLAB_DATA")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    assert default_location() == tmp_path / "jupyter" / "kfjlab"
