"""The `Disk` that closes diskcache's pickles off: rows of text keys and inline bytes, and nothing else.

diskcache's own `Disk` believes what stands in a row. A row that somebody planted makes it run a pickle (as a value, or as a
key), read any file, or delete any file. This one never pickles, never opens a file and never deletes one: bodies stand in
the row, whatever their size, so a row that names a file is not ours.
"""

from typing import Any, Final, Literal

from diskcache import UNKNOWN, Disk  # type: ignore[import-untyped]  # diskcache has no types

MODE_RAW: Final = 1
"""diskcache's number for a value that stands in the row as it is; 0 and 2 to 4 are none, a file, text and a pickle."""


class ForeignRowError(Exception):
    """A row, key or value that this store does not write; never leaves this package."""


class BytesDisk(Disk):  # type: ignore[misc]  # diskcache has no types
    """Keys are `str`, values are `bytes`; all else is refused with ForeignRowError, both ways.

    Args:
        directory: Ignored, as are all settings: no file is ever read, written or deleted.
    """

    def __init__(self, directory: str = "", **settings: object) -> None:
        # Not `super().__init__`: rows of the table Settings become its arguments.
        pass

    def put(self, key: object) -> tuple[Any, Literal[True]]:
        """Return the columns `key` and `raw`."""
        if type(key) is not str:
            raise ForeignRowError
        return key, True

    def get(self, key: object, raw: object) -> str:
        """Return the key of a row."""
        if raw != 1 or type(key) is not str:
            raise ForeignRowError
        return key

    def store(self, value: object, read: object, key: object = UNKNOWN) -> tuple[Literal[0], Literal[1], None, Any]:
        """Return the columns `size`, `mode`, `filename` and `value`."""
        if read or type(value) is not bytes:
            raise ForeignRowError
        return 0, MODE_RAW, None, value

    def fetch(self, mode: object, filename: object, value: object, read: object) -> bytes:
        """Return the value of a row."""
        if mode != MODE_RAW or filename is not None or read or type(value) is not bytes:
            raise ForeignRowError
        return value

    def filename(self, key: object = UNKNOWN, value: object = UNKNOWN) -> tuple[str, str]:
        """Refuse: no value has a file."""
        raise ForeignRowError

    def remove(self, file_path: object) -> None:
        """Do nothing: a row that names a file is not ours, and neither is the file."""
