"""The secrets of a seal: which texts are one, and that they are never shown."""

import copy
import secrets
from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256

import pytest

from llmcache.errors import UsageError
from llmcache.model.seal import Seal, read_secret

A, B, C = (bytes([number]) * 16 + bytes(range(16)) for number in (0xFB, 0xFC, 0xFD))


def text(secret: bytes) -> str:
    """A secret as it stands in the environment."""
    return b64encode(secret).decode()


@pytest.mark.parametrize(
    "given",
    [
        A,
        text(A),
        f" {text(A)}\n",
        text(A).rstrip("="),
        urlsafe_b64encode(A).decode(),
        urlsafe_b64encode(A).decode()[:-1],
    ],
    ids=["bytes", "base64", "with space around", "without padding", "for URLs", "for URLs without padding"],
)
def test_every_form_is_the_same_secret(given: str | bytes) -> None:
    """What people's tools print."""
    assert A == read_secret(given)
    assert Seal(given) == Seal(A)
    assert hash(Seal(given)) == hash(Seal(A))


def test_a_secret_of_pythons_own_tool_is_one() -> None:
    """`secrets.token_urlsafe(32)`, too."""
    assert 32 == len(read_secret(secrets.token_urlsafe(32)))


@pytest.mark.parametrize(
    "given",
    [
        "",
        "hunter2",
        "hunter2" * 10,
        "hunter2hunter2hunter2hunter2hunter2hunter2!=",
        text(A[:31]),
        text(A + b"\0"),
        b"hunter2",
        "ä" * 43,
    ],
)
def test_anything_else_is_refused_and_not_shown(given: str | bytes) -> None:
    """The message says what it is and how to make one."""
    with pytest.raises(UsageError, match="32 random bytes, or base64 of them; make one with: openssl rand") as raised:
        Seal(given)

    assert "hunter2" not in str(raised.value)
    assert raised.value.__context__ is None


@pytest.mark.parametrize("given", [None, 5, ["x"], bytearray(A)])
def test_a_secret_of_another_type_is_refused(given: object) -> None:
    """By its type alone."""
    with pytest.raises(UsageError, match=f"a text or bytes, found {type(given).__name__}"):
        Seal(given)  # type: ignore[arg-type] # the point


def test_a_secret_serves_one_purpose() -> None:
    """No key twice, and none for the names: names must outlive the keys."""
    for keys, names in (((), None), ((A, A), None), ((A, B), A), ((A, text(A)), C)):
        with pytest.raises(UsageError):
            Seal(*keys, names=names)

    assert (A, B) == Seal(A, B, names=C).keys
    assert (C, None) == (Seal(A, B, names=C).names, Seal(A).names)


def test_a_seal_is_called_by_its_keys_and_shows_none() -> None:
    """Eight digits that are the same for one key, wherever it is used."""
    seal = Seal(A, B, names=C)
    shown = f"{seal!r} {seal} {[seal]}"

    assert seal.ids == (sha256(b"llmcache:seal:" + A).hexdigest()[:8], sha256(b"llmcache:seal:" + B).hexdigest()[:8])
    assert f"<llmcache.Seal {seal.ids[0]}, {seal.ids[1]}, names hidden>" == repr(seal)
    assert f"<llmcache.Seal {seal.ids[0]}>" == repr(Seal(A))
    assert [] == [
        secret for secret in (A, B, C) if repr(secret) in shown or text(secret) in shown or secret.hex() in shown
    ]


def test_seals_are_values() -> None:
    """Equal by what they are made of, in order."""
    assert Seal(A, B) != Seal(B, A)
    assert Seal(A) != Seal(A, names=B)
    assert Seal(A) != (A,)
    assert copy.copy(Seal(A, names=B)) == Seal(A, names=B)
