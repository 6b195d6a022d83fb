"""Vectors as bodies: float32 exactly, the others as wrong as the docs say, and what a model may answer."""

import math
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.codec import floats
from llmcache.codec.floats import (
    alike,
    consumed,
    empty,
    finite_rows,
    pack_vectors,
    require_numpy,
    rows_of,
    unpack_vectors,
)
from llmcache.codec.frames import CHECK_BYTES, HEAD_BYTES, WIDTHS, Form, Head, pack
from llmcache.errors import PluginError, UsageError
from llmcache.model.embedder import PRECISIONS, Precision
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace

KEY = Key(Space(Namespace.of("shop"), Kind.EMBEDDING), "9f86d081884c7d65")
FORMS: dict[Precision, Form] = {"float32": Form.FLOAT32, "float16": Form.FLOAT16, "int8": Form.INT8}
numbers = st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=40)


def there_and_back(values: list[float] | floats.Array, precision: Precision = "float32") -> floats.Array:
    """What is read of a vector that was kept."""
    body = packed(np.array(values, dtype="f4"), precision)
    row: floats.Array = unpack_vectors([body], [KEY]).rows[0]
    return row


def packed(row: floats.Array, precision: Precision = "float32") -> bytes:
    """The body of one vector."""
    (body,) = pack_vectors(row[None], [KEY], precision=precision, made_at=1.0)
    return body


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
    """At most 1/254 of the largest number, beside the rounding of float32 itself, which is coarse below 1e-38."""
    given_values = np.array(values, dtype="f4").astype("f8")
    most = np.abs(given_values).max()
    error = np.abs(there_and_back(values, "int8").astype("f8") - given_values)

    assert (error <= most / 254 * (1 + 1e-5) + 1e-40).all()


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
    sizes = [len(packed(row, one)) for one in ("float32", "float16", "int8")]

    assert [36 + 1536, 36 + 768, 36 + 384] == sizes
    assert HEAD_BYTES + CHECK_BYTES == 36


def test_what_is_kept_more_exactly_will_do() -> None:
    """And what is kept less exactly will not."""
    row, every = np.ones(3, dtype="f4"), PRECISIONS
    kept = {one: unpack_vectors([packed(row, one)], [KEY]) for one in every}

    assert {"float32": 3, "float16": 2, "int8": 1} == {
        one: sum(batch.is_at_least(wanted) for wanted in every) for one, batch in kept.items()
    }


@given(st.sampled_from(list(Form)), st.binary(max_size=64), st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_forged_vectors_are_vectors_or_an_error_of_ours(form: Form, raw: bytes, scale: float) -> None:
    """Whatever numbers stand in them."""
    count = len(raw) // WIDTHS[form]
    raw = raw[: count * WIDTHS[form]]
    body = pack(Head(form, count, 1.0, math.inf, scale), raw, KEY)
    batch = unpack_vectors([body], [KEY])

    assert (form is not Form.BYTES and count > 0) is (not batch.wrong)
    assert batch.wrong or ((1, count), "float32") == (batch.rows.shape, batch.rows.dtype.name)


def test_bytes_are_no_vector() -> None:
    """Nor is a vector of nothing."""
    for head, raw in ((Head(Form.BYTES, 4, 1.0), b"abcd"), (Head(Form.FLOAT32, 0, 1.0), b"")):
        batch = unpack_vectors([pack(head, raw, KEY)], [KEY])

        assert (0, 0) == (len(batch.rows), len(batch.places))
        assert "holds no vector" in str(batch.wrong[0])


OTHERS = [Key(KEY.space, f"{number}") for number in range(5)]


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("odd", [0, 2, 4])
def test_of_bodies_that_are_alike_the_sound_ones_are_read(precision: Precision, odd: int) -> None:
    """Wherever the others stand, and whatever is wrong with them; what they are is told as for one alone."""
    rows = np.arange(15).reshape(5, 3).astype("f4")
    bodies = pack_vectors(rows, OTHERS, precision=precision, made_at=2.0, expires_at=9.0)
    alone = unpack_vectors([bodies[odd - 1]], [OTHERS[odd - 1]]).rows
    ways = {
        "a bit": bytes([*bodies[odd][:40], bodies[odd][40] ^ 1, *bodies[odd][41:]])
        if len(bodies[odd]) > 40
        else b"\0" * len(bodies[odd]),
        "another key": bodies[odd - 1],
        "no magic": b"\0" * len(bodies[odd]),
        "newer": bodies[odd][:4] + b"\x02" + bodies[odd][5:],
        "older": bodies[odd][:4] + b"\x00" + bodies[odd][5:],
        "another form": pack(Head(Form.BYTES, len(bodies[odd]) - 36, 1.0), bodies[odd][32:-4], OTHERS[odd]),
        "endless": pack(Head(FORMS[precision], 3, math.inf), bodies[odd][32:-4], OTHERS[odd]),
        "never": pack(Head(FORMS[precision], 3, 1.0, math.nan), bodies[odd][32:-4], OTHERS[odd]),
        "no scale": pack(Head(FORMS[precision], 3, 1.0, scale=math.nan), bodies[odd][32:-4], OTHERS[odd]),
    }
    for way, body in ways.items():
        batch = unpack_vectors([*bodies[:odd], body, *bodies[odd + 1 :]], OTHERS)
        sound = [place for place in range(5) if place != odd]

        assert (way, [odd], sound) == (way, list(batch.wrong), list(batch.places))
        assert np.allclose(rows[sound], batch.rows, atol=0.06)
        assert ([2.0] * 4, [9.0] * 4) == (batch.made_at.tolist(), batch.expires_at.tolist())
    assert alone.tobytes() == unpack_vectors(bodies, OTHERS).rows[odd - 1].tobytes()


def test_nothing_sound_gives_nothing() -> None:
    """And says what is wrong with each."""
    batch = unpack_vectors([b"", b"x" * 40, bytes(40)], OTHERS[:3])

    assert ([0, 1, 2], 0) == (list(batch.wrong), len(batch.rows))
    assert {"DecodeError"} == {type(error).__name__ for error in batch.wrong.values()}


def test_what_is_alike_can_be_read_in_one_step() -> None:
    """Of one length and form."""
    one, other, coarse = packed(np.ones(3, "f4")), packed(np.zeros(3, "f4")), packed(np.ones(12, "f4"), "int8")

    assert len(one) == len(coarse)
    for bodies, groups in (
        ([one, other], [[0, 1]]),
        ([one, coarse, other], [[0, 2], [1]]),
        ([one, one[:-1], other], [[0, 2], [1]]),
        ([one[:4], other[:4]], [[0, 1]]),
        ([b"", one, b""], [[0, 2], [1]]),
        ([], []),
    ):
        assert groups == [list(places) for places in alike(bodies)]


def test_what_is_proven_is_not_checked_again() -> None:
    """Only that it is a frame of that kind, because a newer release may have written it."""
    rows = np.arange(15).reshape(5, 3).astype("f4")
    bodies = pack_vectors(rows, OTHERS, precision="float32", made_at=2.0)
    bodies[1:4] = bodies[1][:-1] + b"?", bodies[2][:4] + b"\x02" + bodies[2][5:], bodies[4]
    checked = unpack_vectors(bodies, OTHERS)
    proven = unpack_vectors(bodies, OTHERS, are_proven=True)

    assert ([0, 4], [1, 2, 3]) == (list(checked.places), sorted(checked.wrong))
    assert ([0, 1, 3, 4], ["VersionError"]) == (
        list(proven.places),
        [type(error).__name__ for error in proven.wrong.values()],
    )


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
        ([[1.0]], "answered 2 texts with a list of 1, each of 1,"),
        ([[1.0]] * 3, "a list of 3"),
        ([[1.0], [1.0, 2.0]], "no list of vectors of one length, but a list of 2, of 1 to 2 numbers"),
        ([[], []], "a list of 2"),
        ([1.0, 2.0], "a list of 2"),
        ([["a"], ["b"]], "no list of vectors"),
        (["ab", "cd"], "but a list of 2 str"),
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
    """And told by nobody but `finite_rows`: no warning."""
    rows = rows_of([[1e300, 1.0], [math.nan, 1.0], [1.0, 2.0]], 3, whole=True, dimensions=None)

    assert [False, False, True] == finite_rows(rows).tolist()
    assert ((0, 7), "float32") == (empty(0, 7).shape, empty(0, 7).dtype.name)


def test_a_missing_numpy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(PluginError, match=r"pip install 'llmcache-kit\[vectors\]'"):
        require_numpy()
