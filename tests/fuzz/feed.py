"""The bytes of one fuzzed input, taken apart: whatever they are, there is always a next part."""


class Feed:
    """Hands out the parts of an input from its front; an empty one hands out zeros and empty parts."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def is_empty(self) -> bool:
        """True where nothing is left."""
        return not self._data

    def byte(self) -> int:
        """Take one byte, to choose by."""
        first, self._data = self._data[:1], self._data[1:]
        return first[0] if first else 0

    def chunk(self) -> bytes:
        """Take what stands before the next byte 0xff, which stands in no text of UTF-8; else all that is left."""
        part, _, self._data = self._data.partition(b"\xff")
        return part

    def text(self) -> str:
        """Take a chunk as text; bytes that are no UTF-8 become lone surrogates, which a text of Python may hold."""
        return as_text(self.chunk())

    def rest(self) -> bytes:
        """Take all that is left."""
        rest, self._data = self._data, b""
        return rest


def as_text(data: bytes) -> str:
    """Return any bytes as a text, one for one."""
    return data.decode("utf-8", "surrogateescape")
