"""Where a store lies: one folder, and the names of the files in it."""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from llmcache_sqlite.schema import FORMAT

Identity: TypeAlias = tuple[int, ...]
"""What tells one file from another at the same path; see `Place.identity`."""


@dataclass(frozen=True, slots=True)
class Place:
    """The folder and the file names, as absolute text.

    The format number is part of the file's name: a release with another layout opens another file and leaves this one alone.
    """

    folder: str
    file: str = field(init=False)
    wal: str = field(init=False)
    lock: str = field(init=False)
    ballast: str = field(init=False)

    def __post_init__(self) -> None:
        stem = os.path.join(self.folder, f"llmcache-{FORMAT}")  # noqa: PTH118 -- text throughout: stat() of a Path costs twice as much
        object.__setattr__(self, "file", stem + ".sqlite")
        object.__setattr__(self, "wal", stem + ".sqlite-wal")
        object.__setattr__(self, "lock", stem + ".lock")
        object.__setattr__(self, "ballast", stem + ".ballast")

    @classmethod
    def at(cls, folder: Path | str) -> "Place":
        """Return the place in `folder`, with links resolved and "~" expanded."""
        return cls(str(Path(folder).expanduser().resolve()))

    def identity(self) -> Identity:
        """Return device and inode of the file that is there now.

        Only `stat` is used. To open and close the file would drop every lock this process holds on it: that is how
        POSIX defines them, and the first entry on SQLite's list of ways to corrupt a database.

        Raises:
            FileNotFoundError: Nothing is there.
        """
        found = os.stat(self.file)  # noqa: PTH116 -- as above
        return (found.st_dev, found.st_ino)

    def frozen_identity(self) -> Identity:
        """As `identity`, with size and time of change, for a file that is read without any lock."""
        found = os.stat(self.file)  # noqa: PTH116 -- as above
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, self.wal_bytes())

    def wal_bytes(self) -> int:
        """Return the size of the write-ahead log; 0 where there is none."""
        return _size(self.wal)

    def file_bytes(self) -> int:
        """Return the size of the main file; 0 where there is none."""
        return _size(self.file)

    def ballast_bytes(self) -> int:
        """Return the size of the ballast; 0 where there is none."""
        return _size(self.ballast)

    def is_writable(self) -> bool:
        """True where this process may write the file and make others beside it."""
        return os.access(self.folder, os.W_OK | os.X_OK) and os.access(self.file, os.W_OK)

    def set_aside_files(self) -> list[Path]:
        """Return the files that were set aside, oldest first, without their logs."""
        stem = Path(self.file).name + ".corrupt-"
        found = [path for path in Path(self.folder).glob(stem + "*") if path.name.removeprefix(stem).isdigit()]
        return sorted(found, key=lambda path: int(path.name.removeprefix(stem)))


def _size(path: str) -> int:
    try:
        found = os.stat(path)  # noqa: PTH116 -- as above
    except FileNotFoundError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0
