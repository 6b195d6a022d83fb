"""Vectors of floats as bodies, and what a model gave as vectors. The one file of the core that knows numpy besides those that search.

numpy is imported where it is first needed, because most caches never meet a vector.

How exactly a vector is kept, of one of d numbers whose largest has the size m:

- float32: 4d bytes; exact for what is float32, and what is given out is float32.
- float16: 2d bytes; each number is wrong by at most 1/2048 of itself, or by 3e-8 where it is smaller than 6e-5. A vector with
  a number beyond 65504 is kept as float32.
- int8: d bytes; each number is wrong by at most m/254.
"""

import importlib.util
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from llmcache.codec.frames import Form, Head, pack, unpack
from llmcache.errors import DecodeError, PluginError, UsageError
from llmcache.model.embedder import Precision
from llmcache.model.key import Key
from llmcache.model.units import Instant

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array: TypeAlias = npt.NDArray[np.float32]
else:
    Array = Any

_FORMS: Final[dict[Precision, Form]] = {"float32": Form.FLOAT32, "float16": Form.FLOAT16, "int8": Form.INT8}
_TYPES: Final = {Form.FLOAT32: "<f4", Form.FLOAT16: "<f2", Form.INT8: "i1"}
_EXACTNESS: Final = {Form.INT8: 0, Form.FLOAT16: 1, Form.FLOAT32: 2}
_MOST_FLOAT16 = 65504.0
_STEPS = 127


@dataclass(frozen=True, slots=True)
class Vector:
    """A vector that was kept.

    Attributes:
        head: When it was made and ends, and how exactly it was kept.
        values: Shape (d,); may share the memory of the body, and is not to be written to.
    """

    head: Head
    values: Array

    def is_at_least(self, precision: Precision) -> bool:
        """True where it was kept as exactly as `precision` or better."""
        return _EXACTNESS[self.head.form] >= _EXACTNESS[_FORMS[precision]]


def require_numpy() -> None:
    """Raise PluginError where numpy is not installed."""
    if importlib.util.find_spec("numpy") is None:
        raise PluginError("vectors need numpy; install with: pip install 'llmcache-kit[vectors]'")


def pack_vector(
    values: Array, key: Key, *, precision: Precision, made_at: Instant, expires_at: Instant = math.inf
) -> bytes:
    """Return the body of one vector, shape (d,), finite, for keeping under `key`."""
    import numpy as np  # noqa: PLC0415 -- see the head of this file

    form, scale, kept = _FORMS[precision], 0.0, values
    if form is not Form.FLOAT32:
        most = float(np.max(np.abs(values)))
        if form is Form.INT8:
            # Rounded down, so that the largest of all numbers does not come back as infinite.
            scale = float(np.nextafter(np.float32(most / _STEPS), np.float32(0)))
            kept = np.rint(values / scale if scale else values * 0).clip(-_STEPS, _STEPS)
        elif most > _MOST_FLOAT16:
            form = Form.FLOAT32
    raw = kept.astype(_TYPES[form]).tobytes()
    return pack(Head(form, values.size, made_at, expires_at, scale), raw, key)


def unpack_vector(body: bytes, key: Key) -> Vector:
    """Return the vector in `body`; DataError, and nothing else, for any other bytes."""
    import numpy as np  # noqa: PLC0415 -- see the head of this file

    head, raw = unpack(body, key)
    if head.form is Form.BYTES or head.count == 0:
        raise DecodeError(f"the frame under {key.digest} holds no vector")
    values = np.frombuffer(raw, _TYPES[head.form])
    if head.form is not Form.FLOAT32:
        values = values.astype("f4")
        if head.form is Form.INT8:
            with np.errstate(over="ignore"):  # somebody may have written any scale
                values *= np.float32(head.scale)
    return Vector(head, values)


def is_finite(values: Array) -> bool:
    """True where no number is nan or infinite."""
    import numpy as np  # noqa: PLC0415 -- see the head of this file

    return bool(np.isfinite(values).all())


def consumed(answer: object) -> tuple[object, Exception | None]:
    """Return what a model answered, an iterator as a list of what it gave; and what it raised in the middle, if anything."""
    if not isinstance(answer, Iterator):
        return answer, None
    given: list[Any] = []
    try:
        given.extend(answer)
    except Exception as error:  # noqa: BLE001 -- raised again by the caller, when what came before it is kept
        return given, error
    return given, None


def rows_of(answer: object, most: int, *, whole: bool, dimensions: int | None) -> Array:
    """Return what a model answered as float32, shape (n, d), in memory of its own.

    Args:
        answer: An array, or anything that numpy makes one of, such as a list of lists.
        most: How many texts the model was given.
        whole: One vector for each of them must be there; otherwise fewer may.
        dimensions: What d must be; None for any.

    Raises:
        UsageError: It is of another shape.
    """
    import numpy as np  # noqa: PLC0415 -- see the head of this file

    try:
        with np.errstate(over="ignore"):  # a number beyond float32 becomes infinite, and such a vector is not kept
            rows = np.array(answer, dtype="f4", order="C")
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"the model's answer to {most:,} texts is no list of vectors of one length, but {_shape(answer)}"
        ) from error
    if rows.ndim == 1 and rows.size == 0 and not whole:
        return cast(Array, rows.reshape(0, 0))
    if rows.ndim != 2 or rows.shape[1] == 0 or len(rows) > most or (whole and len(rows) != most):
        raise UsageError(f"the model answered {most:,} texts with {_shape(answer)}, not with one vector for each")
    if dimensions is not None and rows.shape[1] != dimensions:
        raise UsageError(f"the model answered with vectors of {rows.shape[1]:,} dimensions, expected {dimensions:,}")
    return cast(Array, rows)


def stacked(rows: Sequence[Array], places: Iterable[int] | None, dimensions: int) -> Array:
    """Return rows of one length as an array of the caller's own, shape (n, d).

    Args:
        rows: Shape (d,) each.
        places: Which row stands where; None means each where it is.
        dimensions: What d is where there are no rows.
    """
    import numpy as np  # noqa: PLC0415 -- see the head of this file

    if not rows:
        return np.empty((0, dimensions), dtype="f4")
    return np.stack(rows if places is None else [rows[place] for place in places])


def _shape(answer: object) -> str:
    """Describe an answer without its content."""
    shape = getattr(answer, "shape", None)
    if shape is not None:
        return f"an array of shape {tuple(shape)}"
    if isinstance(answer, Sequence) and not isinstance(answer, str | bytes):
        lengths = sorted({len(row) for row in answer if hasattr(row, "__len__")})
        inner = f" of {lengths[0]:,} to {lengths[-1]:,} numbers" if lengths else ""
        return f"a {type(answer).__name__} of {len(answer):,}{inner}"
    return f"a {type(answer).__name__}"
