"""The Disk that stores text keys and inline bytes, and refuses all else."""

import io

import pytest

from llmcache_disk.bytes_disk import BytesDisk, ForeignRowError


class Text(str):
    """Text of a type of one's own."""

    __slots__ = ()


class Bytes(bytes):
    """Bytes of a type of one's own."""


@pytest.mark.parametrize(
    "value", [None, True, 1, 1.5, "text", bytearray(b"x"), memoryview(b"x"), [], {}, Bytes(b"x"), object()]
)
def test_only_bytes_are_stored(value: object) -> None:
    """Everything that diskcache would pickle, or keep as another type, is refused."""
    with pytest.raises(ForeignRowError):
        BytesDisk().store(value, False)


@pytest.mark.parametrize("key", [None, True, 1, 1.5, b"key", ("a", 1), Text("key"), object()])
def test_only_text_is_a_key(key: object) -> None:
    """Everything that diskcache would pickle, or keep as another type, is refused."""
    with pytest.raises(ForeignRowError):
        BytesDisk().put(key)


@pytest.mark.parametrize("row", [("a", 0), (b"a", 1), (7, 1), (None, 1), ("a", None)])
def test_only_text_is_read_as_a_key(row: tuple[object, object]) -> None:
    """A key that is marked as a pickle, or is no text, is refused."""
    with pytest.raises(ForeignRowError):
        BytesDisk().get(*row)


def test_bytes_of_any_size_stand_in_the_row() -> None:
    """No file is ever made, so none can be left behind."""
    large = b"x" * 2**21

    assert (0, 1, None, large) == BytesDisk().store(large, False)
    assert large == BytesDisk().fetch(1, None, large, False)


def test_streams_are_refused() -> None:
    """Neither is a file written from a stream nor handed out as one."""
    with pytest.raises(ForeignRowError):
        BytesDisk().store(io.BytesIO(b"x"), True)
    with pytest.raises(ForeignRowError):
        BytesDisk().fetch(1, None, b"x", True)
    with pytest.raises(ForeignRowError):
        BytesDisk().filename()


def test_settings_are_ignored() -> None:
    """What stands in the file as an argument of the Disk changes nothing."""
    assert {} == vars(BytesDisk("/etc", min_file_size=0, pickle_protocol=0, evil="x"))
