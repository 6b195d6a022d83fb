"""The secrets of a sealed cache, as a value. What they do, `codec.seal` says."""

import binascii
from base64 import b64decode
from hashlib import sha256
from typing import Final

from llmcache.errors import UsageError

SECRET_BYTES = 32
MAKE_ONE: Final = "openssl rand -base64 32"
"""A command that prints a secret."""

# `secrets.token_urlsafe` writes these two instead, and leaves the padding out.
_OTHER_ALPHABET = str.maketrans("-_", "+/")


class Seal:
    """The secrets with which a cache seals what it keeps; equal where they are. It is never printed what they are.

    Args:
        keys: 32 random bytes each, or base64 of them. The first one seals, every one opens, so that a key is replaced
            by putting another before it.
        names: A further secret of that form, under which conversations, tags and the digests of requests are called in the
            store by names that say nothing without it. None leaves them readable.

    Raises:
        UsageError: None is given, one is not of that form, or one is given twice.
    """

    __slots__ = ("_keys", "_names")

    def __init__(self, *keys: str | bytes, names: str | bytes | None = None) -> None:
        if not keys:
            raise UsageError(f"a seal needs at least one key; make one with: {MAKE_ONE}")
        self._keys = tuple(read_secret(key) for key in keys)
        self._names = None if names is None else read_secret(names)
        if len({*self._keys, self._names}) <= len(self._keys):
            # Names under a key would change when the key is replaced, and conversations would not be found again.
            raise UsageError("each key of a seal, and the secret of its names, is another one; one was given twice")

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The keys; not for messages."""
        return self._keys

    @property
    def names(self) -> bytes | None:
        """The secret of the names, or None; not for messages."""
        return self._names

    @property
    def ids(self) -> tuple[str, ...]:
        """What the keys are called in sealed bodies, in messages and for people."""
        return tuple(map(id_of, self._keys))

    def __repr__(self) -> str:
        return f"<llmcache.Seal {', '.join(self.ids)}{', names hidden' if self._names else ''}>"

    def __eq__(self, other: object) -> bool:
        return (self._keys, self._names) == (other._keys, other._names) if isinstance(other, Seal) else NotImplemented

    def __hash__(self) -> int:
        return hash((self._keys, self._names))


def id_of(key: bytes) -> str:
    """Return what a key is called: eight hexadecimal digits that are always the same for it and tell nothing else of it."""
    return sha256(b"llmcache:seal:" + key).hexdigest()[:8]


def read_secret(given: object) -> bytes:
    """Return the bytes of a secret; UsageError, which does not show it, where it is not 32 bytes or base64 of them."""
    if not isinstance(given, str | bytes):
        raise UsageError(f"a secret of a seal is a text or bytes, found {type(given).__name__}")
    raw = given if isinstance(given, bytes) else _decoded(given)
    if len(raw) != SECRET_BYTES:
        raise UsageError(
            f"a secret of a seal is {SECRET_BYTES} random bytes, or base64 of them; make one with: {MAKE_ONE}"
        )
    return bytes(raw)


def _decoded(text: str) -> bytes:
    bare = text.strip().translate(_OTHER_ALPHABET).rstrip("=")
    try:
        return b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
