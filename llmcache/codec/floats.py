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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from llmcache.codec.frames import FORMAT, MAGIC, WIDTHS, Form, Head, fits, framed, start_of, unpack
from llmcache.errors import DataError, DecodeError, PluginError, UsageError
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
_LAYOUT: Final = (
    ("magic", "S4"), ("number", "u1"), ("form", "u1"), ("", "V2"), ("count", "<u4"), ("scale", "<f4"),
    ("made_at", "<f8"), ("expires_at", "<f8"),
)  # fmt: skip
"""The head of a frame, as numpy reads many at once; `frames` says what it means."""
_MOST_FLOAT16 = 65504.0
_STEPS = 127


@dataclass(frozen=True, slots=True)
class Batch:
    """Vectors that were kept, as far as they could be read: arrays of m rows.

    Attributes:
        places: Which of the bodies each row is of.
        rows: Shape (m, d), float32.
        made_at: When each was made.
        expires_at: From when on each must not be served; infinite where never.
        form: How exactly all of them were kept.
        wrong: The bodies that hold no vector, by place, with what is wrong.
    """

    places: Sequence[int]
    rows: Array
    made_at: "npt.NDArray[np.float64]"
    expires_at: "npt.NDArray[np.float64]"
    form: Form
    wrong: dict[int, DataError]

    def is_at_least(self, precision: Precision) -> bool:
        """True where they were kept as exactly as `precision` or better."""
        return _EXACTNESS[self.form] >= _EXACTNESS[_FORMS[precision]]


def require_numpy() -> None:
    """Raise PluginError where numpy is not installed."""
    if importlib.util.find_spec("numpy") is None:
        raise PluginError("vectors need numpy; install with: pip install 'llmcache-kit[vectors]'")


def pack_vectors(
    rows: Array, keys: Sequence[Key], *, precision: Precision, made_at: Instant, expires_at: Instant = math.inf
) -> list[bytes]:
    """Return the body of each of finite vectors, shape (n, d), for keeping under its key."""
    import numpy as np  # noqa: PLC0415 -- see the head of this file

    form, scales, kept = _FORMS[precision], np.zeros(len(rows), "f4"), rows
    if form is not Form.FLOAT32 and len(rows):
        most = np.abs(rows).max(axis=1)
        if form is Form.INT8:
            # Rounded down, so that the largest of all numbers does not come back as infinite.
            scales = np.nextafter(most / np.float32(_STEPS), np.float32(0))
            kept = np.rint(rows / np.where(scales, scales, np.inf)[:, None]).clip(-_STEPS, _STEPS)
        elif most.max() > _MOST_FLOAT16:
            form = Form.FLOAT32  # of the whole batch: whoever reads it takes what is better, too
    raw, width = kept.astype(_TYPES[form], order="C", copy=False).tobytes(), rows.shape[1] * WIDTHS[form]
    starts = {scale: start_of(Head(form, rows.shape[1], made_at, expires_at, scale)) for scale in set(scales.tolist())}
    return [
        framed(starts[scale], raw[at * width : (at + 1) * width], key)
        for at, (key, scale) in enumerate(zip(keys, scales.tolist(), strict=True))
    ]


def unpack_vectors(bodies: Sequence[bytes], keys: Sequence[Key], *, are_proven: bool = False) -> Batch:
    """Return the vectors in bodies that are alike, in one step: a row by itself takes five times as long.

    Args:
        bodies: At least one; all are `alike`.
        keys: Where each was found.
        are_proven: They are known to be as they were written, and under these keys: no check is computed.
    """
    import numpy as np  # noqa: PLC0415 -- see the head of this file

    first, wrong = _first_sound(bodies, keys, are_proven=are_proven)
    if first is None:
        none = np.empty(0)
        return Batch([], np.empty((0, 0), "f4"), none, none, Form.BYTES, wrong)
    whole = b"".join(bodies)
    layout = np.dtype([*_LAYOUT, ("values", _TYPES[first.form], (first.count,)), ("check", "<u4")])
    found = np.frombuffer(whole, layout)
    right = _has_head_like(found, first)
    if not are_proven:
        right &= np.fromiter(map(fits, bodies, keys), bool, len(bodies))
    places: Sequence[int] = range(len(bodies))
    if not right.all():
        places = np.flatnonzero(right).tolist()
        for place in np.flatnonzero(~right).tolist():
            wrong.setdefault(place, _problem(bodies[place], keys[place]))
        found = found[right]
    return Batch(places, _as_float32(found, first.form), found["made_at"], found["expires_at"], first.form, wrong)


def alike(bodies: Sequence[bytes]) -> list[Sequence[int]]:
    """Return the places of bodies that can be read in one step, together: those of one length and form."""
    if len(set(map(len, bodies))) == 1 and len(bodies[0]) > 5 and len({body[5] for body in bodies}) == 1:
        return [range(len(bodies))]  # nearly always, and it takes a third of the time
    groups: dict[tuple[int, bytes], list[int]] = {}
    for place, body in enumerate(bodies):
        groups.setdefault((len(body), body[5:6]), []).append(place)
    return list(groups.values())


def _first_sound(
    bodies: Sequence[bytes], keys: Sequence[Key], *, are_proven: bool
) -> tuple[Head | None, dict[int, DataError]]:
    """Return the head of the first body that holds a vector, and what is wrong with those before it."""
    wrong: dict[int, DataError] = {}
    for place, body in enumerate(bodies):
        key = keys[place]
        try:
            head, _ = unpack(body, key, is_proven=are_proven)
        except DataError as error:
            wrong[place] = error
        else:
            if head.form is not Form.BYTES and head.count:
                return head, wrong
            wrong[place] = DecodeError(f"the frame under {key.digest} holds no vector")
    return None, wrong


def _has_head_like(found: Any, first: Head) -> Any:
    """Return for each of frames whether its head is one that `unpack` would take, with the form and count of the first."""
    import numpy as np  # noqa: PLC0415 -- see the head of this file

    is_frame = (found["magic"] == MAGIC) & (found["number"] == FORMAT) & (found["form"] == first.form)
    is_finite = np.isfinite(found["made_at"]) & np.isfinite(found["scale"]) & ~np.isnan(found["expires_at"])
    return is_frame & (found["count"] == first.count) & is_finite


def _problem(body: bytes, key: Key) -> DataError:
    try:
        unpack(body, key)
    except DataError as error:
        return error
    return DecodeError(f"the frame under {key.digest} is of another kind than it seems")


def _as_float32(found: Any, form: Form) -> Array:
    """Return the numbers of frames, in memory of their own."""
    import numpy as np  # noqa: PLC0415 -- see the head of this file

    rows: Array = found["values"].astype("f4", order="C")
    if form is Form.INT8:
        with np.errstate(over="ignore"):  # somebody may have written any scale
            rows *= found["scale"][:, None]
    return rows


def empty(count: int, dimensions: int) -> Array:
    """Return room for vectors, shape (n, d)."""
    import numpy as np  # noqa: PLC0415 -- see the head of this file

    return np.empty((count, dimensions), dtype="f4")


def finite_rows(rows: Array) -> "npt.NDArray[np.bool_]":
    """Return for each row whether no number in it is nan or infinite."""
    import numpy as np  # noqa: PLC0415 -- see the head of this file

    return cast("npt.NDArray[np.bool_]", np.isfinite(rows).all(axis=1))


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


def _shape(answer: object) -> str:
    """Describe an answer without its content."""
    shape = getattr(answer, "shape", None)
    if shape is not None:
        return f"an array of shape {tuple(shape)}"
    if isinstance(answer, Sequence) and not isinstance(answer, str | bytes):
        lengths = sorted({len(row) for row in answer if hasattr(row, "__len__") and not isinstance(row, str | bytes)})
        kind = f" {type(answer[0]).__name__}" if answer and not lengths else ""
        each = f", each of {lengths[0]:,}" if len(lengths) == 1 else ""
        some = f", of {lengths[0]:,} to {lengths[-1]:,} numbers" if len(lengths) > 1 else ""
        return f"a {type(answer).__name__} of {len(answer):,}{kind}{each}{some}"
    return f"a {type(answer).__name__}"
