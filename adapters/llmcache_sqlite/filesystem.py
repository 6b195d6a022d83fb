"""What kind of file system a folder is on.

SQLite's write-ahead log needs memory that all processes share and locks that are kept. Network file systems offer
neither across machines, and some pretend to: the file is damaged later, without an error at the time. So they are
recognised by name, from the list of mounts that Linux gives. Elsewhere nothing is recognised.
"""

from pathlib import Path
from typing import Final

from llmcache.errors import ConfigError
from llmcache_sqlite.place import Place

_MOUNTINFO: Final = "/proc/self/mountinfo"

NETWORK: Final = frozenset((
    "nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "9p", "afs", "coda", "ncpfs", "davfs", "vboxsf", "prl_fs",
    "lustre", "gpfs", "mmfs", "beegfs", "ceph", "glusterfs", "gfs2", "ocfs2", "pvfs2", "orangefs",
    "fuse.sshfs", "fuse.s3fs", "fuse.gcsfuse", "fuse.goofys", "fuse.rclone", "fuse.blobfuse", "fuse.blobfuse2",
    "fuse.glusterfs", "fuse.ceph-fuse", "fuse.juicefs", "fuse.moosefs", "fuse.lizardfs", "fuse.mfs",
    "fuse.vmhgfs-fuse", "fuse.smbnetfs", "fuse.davfs",
))  # fmt: skip


def mounts() -> str:
    """Return Linux's list of mounts, or "" where there is none to read."""
    try:
        return Path(_MOUNTINFO).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def kind_at(folder: str, mountinfo: str) -> str:
    """Return the type of the file system that `folder`, an absolute path without links, is on; "" where it is unknown.

    Args:
        mountinfo: Text in the format of proc_pid_mountinfo(5): "36 35 98:0 /root /mount/point options [tags] - type source
            options", with space, tab, newline and backslash in paths as octal escapes.
    """
    best, kind = "", ""
    for line in mountinfo.splitlines():
        before, dash, after = line.partition(" - ")
        fields = before.split(" ")
        if not dash or len(fields) < 5:
            continue
        point = _unescaped(fields[4])
        # A later line for the same point lies over the earlier one.
        if len(point) >= len(best) and _is_under(folder, point):
            best, kind = point, after.split(" ")[0]
    return kind


def refuse_network(place: Place, kind: str) -> None:
    """Raise ConfigError where `kind` is a network file system."""
    if kind in NETWORK:
        raise ConfigError(
            f"{place.folder} is on a network file system ({kind}), where SQLite's locks cannot be relied on; "
            "choose a folder on a local disk, a server such as Redis for several machines, or, for one machine "
            "at a time and slower, network_ok=True"
        )


def _is_under(folder: str, point: str) -> bool:
    return folder == point or folder.startswith(point.rstrip("/") + "/")


def _unescaped(field: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field
