"""Where a store lies: one folder, whose files are never followed anywhere else."""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from llmcache.errors import ConfigError, StoreRefused, UnsupportedError
from llmcache_disk.errors import DATABASE, NAME

Identity: TypeAlias = tuple[int, ...]
"""Device and inode, and what else tells one state of our path from another."""

_BESIDE: Final = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Place:
    """The folder and its database file, as absolute text."""

    folder: str
    file: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "file", os.path.join(self.folder, DATABASE))  # noqa: PTH118 -- text: stat() of a Path costs twice as much

    @classmethod
    def at(cls, folder: Path | str) -> "Place":
        """Return the place in `folder`, with links resolved and "~" expanded; ConfigError where it cannot be one."""
        if os.name != "posix":
            raise UnsupportedError(f"{NAME}: the store needs POSIX file modes and forks; this system is {os.name}")
        try:
            resolved = Path(folder).expanduser().resolve()
            is_taken = resolved.exists() and not resolved.is_dir()
        except (ValueError, RuntimeError, OSError) as error:
            raise ConfigError(f"{NAME}: the folder's path cannot be used: {type(error).__name__}") from error
        if is_taken:
            raise ConfigError(f"{NAME}: {resolved} is a file; name a folder for the store")
        return cls(str(resolved))

    def make(self) -> None:
        """Make the folder (0700) and an empty file (0600) in it, where they are missing.

        Not left to diskcache and SQLite, which make them readable for everybody. A folder that was there keeps its mode.
        """
        os.makedirs(self.folder, mode=0o700, exist_ok=True)  # noqa: PTH103 -- as above
        if self.identity() is None:
            try:
                os.close(os.open(self.file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            except FileExistsError:
                return  # another process was quicker, or it is a link that leads nowhere: `refuse_links` is next

    def refuse_links(self) -> None:
        """Raise StoreRefused where a file of the database is a link or anything but a plain file.

        SQLite follows links, so that one planted here would have it write into a database elsewhere.
        """
        for path in (self.file, *(self.file + ending for ending in _BESIDE)):
            try:
                mode = os.lstat(path).st_mode
            except FileNotFoundError:
                continue
            if not stat.S_ISREG(mode):
                raise StoreRefused(f"{NAME}: {path} is a link or no plain file, and is not followed; remove it")

    def identity(self) -> Identity | None:
        """Return which file is at our path now; None where there is none."""
        try:
            found = os.stat(self.file)  # noqa: PTH116 -- as above
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def frozen_identity(self) -> Identity | None:
        """As `identity`, with size and time of change, and whether there is a log: for a file that is read without locks."""
        try:
            found = os.stat(self.file)  # noqa: PTH116 -- as above
        except FileNotFoundError:
            return None
        has_log = os.path.exists(self.file + "-wal")  # noqa: PTH110 -- as above
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, has_log

    def is_writable(self) -> bool:
        """True where this process may write the file and make others beside it."""
        return os.access(self.folder, os.W_OK | os.X_OK) and os.access(self.file, os.W_OK)
