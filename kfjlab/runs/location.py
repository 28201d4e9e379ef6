"""Where runs are kept, and what kind of file system that is.

Layout of the folder::

    runs.sqlite        the database (beside it -wal and -shm, or on network file systems -journal)
    network            present when the database is used in the way that network file systems need
    reserve            room to work in when the disk is full
    objects/           content-addressed objects (kfjlab.runtime.objects)
    runs/RUN_ID/       each run's files: logs/, executed notebooks, specs
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

DATABASE = "runs.sqlite"
NETWORK_MARK = "network"
RESERVE = "reserve"
OBJECTS = "objects"
RUNS = "runs"

NETWORK_TYPES = frozenset(
    [
        "nfs", "nfs3", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afs", "afpfs", "auristorfs",
        "webdav", "davfs", "ncpfs", "coda", "9p", "virtiofs", "ceph", "lustre", "gpfs", "beegfs",
        "glusterfs", "orangefs", "pvfs2", "panfs", "wekafs", "gfs", "gfs2", "ocfs2", "acfs", "vboxsf",
        "vmhgfs", "prl_fs", "fakeowner", "grpcfuse", "osxfuse", "macfuse"
    ]
)  # fmt: skip
"""File systems where several machines can meet, or whose locks and shared mappings are not those of a local
disk. 9p, virtiofs and the like are the shared folders of WSL, Docker Desktop and virtual machines, where host
and guest do not share a page cache."""

LOCAL_FUSE = frozenset(
    ["fuse.fuse-overlayfs", "fuse.ntfs", "fuse.ntfs-3g", "fuse.exfat", "fuse.gocryptfs", "fuse.encfs"]
)
"""FUSE file systems (others are taken for remote: s3fs, gcsfuse, rclone, sshfs, …) that are backed by a disk of
this machine alone."""


def default_location() -> Path:
    """The folder of the runs: environment variable ``KFJLAB_DATA``, else ``kfjlab`` in the Jupyter data directory."""
    given = os.environ.get("KFJLAB_DATA")
    if given:
        return Path(given).expanduser().absolute()
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "kfjlab"


def is_network(folder: Path) -> bool:
    """Whether ``folder`` (or, when it does not exist, its first parent that does) is on a file system where
    SQLite's WAL is not safe.

    WAL needs memory shared between all users of the file (https://sqlite.org/wal.html, "all processes using a
    database must be on the same host"), so what counts is whether another machine could have it mounted, not
    whether that is so now.
    """
    real = os.path.realpath(folder)
    if sys.platform == "linux":
        try:
            table = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
        except OSError:
            pass  # hidden by a sandbox; ask the other way
        else:
            return is_network_type(mount_type(real, parse_mountinfo(table)))
    return _from_partitions(real)


def is_network_type(kind: str | None) -> bool:
    """Whether a file system's type, as the mount table spells it, is one of a network."""
    if kind is None:
        return False
    kind = kind.lower()
    return (
        kind.split(".")[-1] in NETWORK_TYPES
        or (kind.startswith("fuse.") and kind not in LOCAL_FUSE)
        or kind == "fuse"
    )


def parse_mountinfo(table: str) -> list[tuple[str, str]]:
    """``/proc/PID/mountinfo`` (proc(5)) → (mount point, type) in the order of the table."""
    found = []
    for line in table.split("\n"):
        before, separator, after = line.partition(" - ")
        fields = before.split(" ")
        if separator and len(fields) >= 5:
            point = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), fields[4])
            found.append((point, after.split(" ")[0]))
    return found


def mount_type(path: str, mounts: list[tuple[str, str]]) -> str | None:
    """The type of the file system that holds ``path`` (absolute, without symbolic links): that of the longest
    mount point above it, and of several mounts on one point the last, which hides the others. None when none is
    above it."""
    best, found = -1, None
    for point, kind in mounts:
        prefix = point.rstrip("/")
        if len(prefix) >= best and (path == prefix or path.startswith(prefix + "/")):
            best, found = len(prefix), kind
    return found


def _from_partitions(real: str) -> bool:
    """Where there is no ``/proc``: macOS, BSD, Windows."""
    import psutil

    if sys.platform == "win32" and real.startswith("\\\\"):
        return True
    mounts, remote = [], set()
    for partition in psutil.disk_partitions(all=True):
        point = partition.mountpoint.replace("\\", "/")
        mounts.append((point, partition.fstype))
        if "remote" in partition.opts.split(","):
            remote.add(point.rstrip("/"))
    slashed = real.replace("\\", "/")
    if any(slashed == point or slashed.startswith(point + "/") for point in remote):
        return True
    return is_network_type(mount_type(slashed, mounts))
