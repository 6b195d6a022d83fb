"""A reader of the safetensors format: the length of a header, the header as JSON, and the tensors' bytes.

"8 bytes: N, an unsigned little-endian 64-bit integer, containing the size of the header; N bytes: a JSON UTF-8 string"
(https://github.com/huggingface/safetensors#format). The header's offsets count from its own end.
Arrays are views: nothing is copied, and nothing outside of what they were read from can be reached.
"""

import json
import math
from mmap import mmap
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from llmcache.errors import DecodeError
from llmcache.model.units import Plain

Floats: TypeAlias = NDArray[np.float32]

_LENGTH_BYTES = 8
_MOST_HEADER_BYTES = 1_000_000  # of a model of this size; the format allows a hundred times that
_FLOAT = np.dtype("<f4")


def read_floats(raw: bytes | mmap) -> dict[str, Floats]:
    """Return every float32 tensor of a file by its name, as an array that cannot be written to.

    Raises:
        DecodeError: The header is not one, or a tensor does not lie within the file as its shape says.
    """
    size = int.from_bytes(raw[:_LENGTH_BYTES], "little")
    start = _LENGTH_BYTES + size
    if size > _MOST_HEADER_BYTES or start > len(raw):
        raise DecodeError(f"a safetensors header of {size:,} bytes in a file of {len(raw):,}")
    try:
        header = json.loads(raw[_LENGTH_BYTES:start])
        tensors = {name: entry for name, entry in header.items() if entry.get("dtype") == "F32"}
        return {name: _view(raw, start, entry) for name, entry in tensors.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DecodeError("the header of a safetensors file is damaged") from error


def _view(raw: bytes | mmap, start: int, entry: Plain) -> Floats:
    begin, end = entry["data_offsets"]
    shape = tuple(entry["shape"])
    if min(shape, default=0) < 0 or not 0 <= begin <= end <= len(raw) - start:
        raise ValueError("a tensor outside of the file")
    if math.prod(shape) * _FLOAT.itemsize != end - begin:
        raise ValueError("a tensor of another size than its shape")
    array = np.frombuffer(raw, _FLOAT, count=math.prod(shape), offset=start + begin).reshape(shape)
    array.flags.writeable = False
    return array
