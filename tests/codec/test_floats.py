"""Vectors as bodies: float32 exactly, the others as wrong as the docs say, and what a model may answer."""

import math
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.codec import floats
from llmcache.codec.floats import consumed, is_finite, pack_vector, require_numpy, rows_of, stacked, unpack_vector
from llmcache.codec.frames import HEAD_BYTES, Form, Head, pack
from llmcache.errors import DataError, DecodeError, PluginError, UsageError
from llmcache.model.embedder import Precision
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace

KEY = Key(Space(Namespace.of("shop"), Kind.EMBEDDING), "9f86d081884c7d65")
numbers = st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=40)


def there_and_back(values: list[float] | floats.Array, precision: Precision = "float32") -> floats.Array:
    """What is read of a vector that was kept."""
    body = pack_vector(np.array(values, dtype="f4"), KEY, precision=precision, made_at=1.0)
    return unpack_vector(body, KEY).values


@given(numbers)
def test_float32_comes_back_to_the_last_bit(values: list[float]) -> None:
    """The sign of zero included."""
    assert np.array(values, dtype="f4").tobytes() == there_and_back(values).tobytes()


@given(numbers)
def test_float16_is_as_wrong_as_documented(values: list[float]) -> None:
    """At most 1/2048 of each number, or 3e-8; a vector that is too large for it is exact."""
    given_values = np.array(values, dtype="f4").astype("f8")
    error = np.abs(there_and_back(values, "float16").astype("f8") - given_values)

    assert (error <= np.maximum(np.abs(given_values) / 2048, 3e-8)).all()


@given(numbers)
def test_int8_is_as_wrong_as_documented(values: list[float]) -> None:
    """At most 1/254 of the largest number, beside the rounding of float32 itself."""
    given_values = np.array(values, dtype="f4").astype("f8")
    most = np.abs(given_values).max()
    error = np.abs(there_and_back(values, "int8").astype("f8") - given_values)

    assert (error <= most / 254 * (1 + 1e-5) + 2e-43).all()


def test_directions_survive() -> None:
    """Of unit vectors of 384 dimensions, as sentence embeddings are, the angle changes by less than anybody measures."""
    rng = np.random.default_rng(7)
    rows = rng.standard_normal((200, 384)).astype("f4")
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    worst: dict[Precision, float] = {}
    for precision in ("float16", "int8"):
        read = np.stack([there_and_back(row, precision) for row in rows]).astype("f8")
        cosines = (read * rows).sum(axis=1) / np.linalg.norm(read, axis=1) / np.linalg.norm(rows.astype("f8"), axis=1)
        worst[precision] = float(1 - cosines.min())

    assert worst["float16"] < 1e-7
    assert worst["int8"] < 1e-4


def test_bodies_are_no_longer_than_they_must_be() -> None:
    """A head of 36 bytes, and four, two or one byte a dimension."""
    row = np.ones(384, dtype="f4")
    sizes = [len(pack_vector(row, KEY, precision=one, made_at=1.0)) for one in ("float32", "float16", "int8")]

    assert [36 + 1536, 36 + 768, 36 + 384] == sizes
    assert HEAD_BYTES == 36


def test_what_is_kept_more_exactly_will_do() -> None:
    """And what is kept less exactly will not."""
    row = np.ones(3, dtype="f4")
    kept = {
        one: unpack_vector(pack_vector(row, KEY, precision=one, made_at=1.0), KEY)
        for one in ("float32", "float16", "int8")
    }

    assert {"float32": 3, "float16": 2, "int8": 1} == {
        one: sum(vector.is_at_least(wanted) for wanted in ("float32", "float16", "int8"))
        for one, vector in kept.items()
    }


@given(st.sampled_from(list(Form)), st.binary(max_size=64), st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_forged_vectors_are_vectors_or_an_error_of_ours(form: Form, raw: bytes, scale: float) -> None:
    """Whatever numbers stand in them."""
    count = len(raw) // {Form.FLOAT32: 4, Form.FLOAT16: 2}.get(form, 1)
    body = pack(Head(form, count, 1.0, math.inf, scale), raw, KEY)
    try:
        values = unpack_vector(body, KEY).values
    except DataError:
        return

    assert (form is not Form.BYTES, count) == (True, values.size)
    assert np.float32 == values.dtype


def test_bytes_are_no_vector() -> None:
    """Nor is a vector of nothing."""
    for head, raw in ((Head(Form.BYTES, 4, 1.0), b"abcd"), (Head(Form.FLOAT32, 0, 1.0), b"")):
        with pytest.raises(DecodeError, match="holds no vector"):
            unpack_vector(pack(head, raw, KEY), KEY)


@pytest.mark.parametrize(
    "answer",
    [
        [[1.0, 2.0], [3.0, 4.0]],
        ((1, 2), (3, 4)),
        np.array([[1, 2], [3, 4]]),
        np.array([[1, 2], [3, 4]], dtype="f4").T.copy().T,
        [np.array([1.0, 2.0]), [3.0, 4.0]],
    ],
    ids=["lists", "tuples of whole numbers", "array", "array in another order", "list of arrays"],
)
def test_whatever_numpy_makes_an_array_of_is_an_answer(answer: object) -> None:
    """In memory of its own, so that who holds the answer cannot change what is kept."""
    rows = rows_of(answer, 2, whole=True, dimensions=None)

    assert [[1.0, 2.0], [3.0, 4.0]] == rows.tolist()
    assert ("float32", True) == (rows.dtype.name, rows.flags.c_contiguous)
    assert not np.shares_memory(rows, np.asarray(answer))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "a NoneType"),
        ([], "a list of 0"),
        ([[1.0]], "answered 2 texts with a list of 1 of 1 to 1 numbers"),
        ([[1.0]] * 3, "a list of 3"),
        ([[1.0], [1.0, 2.0]], "no list of vectors of one length, but a list of 2 of 1 to 2 numbers"),
        ([[], []], "a list of 2"),
        ([1.0, 2.0], "a list of 2"),
        ([["a"], ["b"]], "no list of vectors"),
        ("ab", "a str"),
        (np.zeros((2, 2, 2)), r"an array of shape \(2, 2, 2\)"),
        ({"a": [1.0]}, "a dict"),
        ([[1.0, 2.0, 3.0]] * 2, "vectors of 3 dimensions, expected 2"),
    ],
)
def test_any_other_answer_is_refused(answer: object, said: str) -> None:
    """With its shape and nothing of what is in it."""
    with pytest.raises(UsageError, match=said):
        rows_of(answer, 2, whole=True, dimensions=2 if said.endswith("expected 2") else None)


def test_a_part_of_an_answer_may_be_short() -> None:
    """Or nothing at all; it is never longer."""
    assert (0, 0) == rows_of([], 2, whole=False, dimensions=None).shape
    assert (1, 2) == rows_of([[1.0, 2.0]], 2, whole=False, dimensions=2).shape
    with pytest.raises(UsageError):
        rows_of([[1.0]] * 3, 2, whole=False, dimensions=None)


def test_what_an_iterator_gave_before_it_failed_is_there() -> None:
    """With what it raised."""

    def model() -> Iterator[list[float]]:
        yield [1.0]
        yield [2.0]
        raise KeyError("quota")

    given_rows, error = consumed(model())

    assert ([[1.0], [2.0]], "KeyError('quota')") == (given_rows, repr(error))
    assert ([[1.0]], None) == consumed([[1.0]])


def test_numbers_beyond_float32_are_not_finite() -> None:
    """And told by nobody but `is_finite`: no warning."""
    (row,) = rows_of([[1e300, 1.0]], 1, whole=True, dimensions=None)

    assert [False, False, True] == [is_finite(row), is_finite(np.array([math.nan], "f4")), is_finite(np.ones(2, "f4"))]


def test_rows_are_put_together_in_any_order() -> None:
    """Each copied; none give no rows of the dimensions that are asked for."""
    rows: list[Any] = [np.array([1.0, 2.0], "f4"), np.array([3.0, 4.0], "f4")]
    whole = stacked(rows, [1, 0, 1], 0)

    assert [[3.0, 4.0], [1.0, 2.0], [3.0, 4.0]] == whole.tolist()
    assert not np.shares_memory(whole, rows[0])
    assert ((0, 7), "float32") == (stacked([], None, 7).shape, stacked([], None, 7).dtype.name)


def test_a_missing_numpy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(PluginError, match=r"pip install 'llmcache-kit\[vectors\]'"):
        require_numpy()
