"""The reader of weights: views within the file, and a `DecodeError` for whatever is none."""

import json
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.errors import DecodeError
from llmcache.model.units import Plain
from llmcache_minilm.safetensors import read_floats


def packed(header: Plain, body: bytes = b"") -> bytes:
    """Return a file with this header."""
    raw = json.dumps(header).encode()
    return len(raw).to_bytes(8, "little") + raw + body


def tensor(shape: Plain, offsets: Plain, dtype: str = "F32") -> Mapping[str, Plain]:
    """Return a header of one tensor."""
    return {"t": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


def test_tensors_are_read_and_cannot_be_written() -> None:
    """Shape and numbers are as written; other types and the metadata are passed over; the file is not to be changed."""
    numbers = np.arange(6, dtype="<f4")
    header = {"__metadata__": {"format": "pt"}, **tensor([2, 3], [0, 24]), "ids": {"dtype": "I64"}}
    found = read_floats(packed(header, numbers.tobytes()))

    assert {"t": numbers.reshape(2, 3).tolist()} == {name: array.tolist() for name, array in found.items()}
    with pytest.raises(ValueError, match="read-only"):
        found["t"][0, 0] = 1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00" * 8,
        b"\xff" * 8,
        (1 << 62).to_bytes(8, "little") + b"{}",
        packed([]),
        packed({"t": []}),
        packed({"t": {"dtype": "F32"}}),
        packed(tensor([2], [0, 8]), b"\x00" * 7),
        packed(tensor([2], [-8, 0]), b"\x00" * 8),
        packed(tensor([2], [8, 0]), b"\x00" * 8),
        packed(tensor([3], [0, 8]), b"\x00" * 8),
        packed(tensor([-1, -2], [0, 8]), b"\x00" * 8),
        packed(tensor(["2"], [0, 8]), b"\x00" * 8),
        packed(tensor([2.0], [0, 8]), b"\x00" * 8),
        packed(tensor([True, 2], ["0", "8"]), b"\x00" * 8),
        packed(tensor([2**40, 2**40], [0, 8]), b"\x00" * 8),
        packed(tensor([2], [0, 8, 9]), b"\x00" * 8),
    ],
)
def test_damage_is_told(raw: bytes) -> None:
    """A length, a shape or an offset that cannot be is an error that says so, whichever it is."""
    with pytest.raises(DecodeError):
        read_floats(raw)


@given(st.binary(max_size=200), st.binary(max_size=64))
def test_no_bytes_do_harm(header: bytes, body: bytes) -> None:
    """Whatever stands there gives tensors that lie in the file, or `DecodeError`."""
    try:
        found = read_floats(len(header).to_bytes(8, "little") + header + body)
    except DecodeError:
        return

    assert sum(array.nbytes for array in found.values()) <= len(body) * len(found)
