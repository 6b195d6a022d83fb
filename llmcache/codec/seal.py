"""Sealed envelopes: whoever can read the store learns nothing from it but lengths and times, and can plant nothing.

A sealed body is a whole readable envelope (header, tags, times and value; squeezed where it is long), or whatever else was
wrapped, encrypted and authenticated by XAES-256-GCM, behind a head that can be read on the store's console:

    llmcache-sealed:1:3f2a91bc:<24 bytes of nonce><what is sealed><16 bytes of tag>
                    |     `-- which key (`Seal.ids`)
                    `-------- the format of the frame

Head and physical key are bound to it: a body under another key, of another kind or in another namespace, or with another head, does
not open. A body that is not sealed is refused, whatever it says, because somebody who can write to the store may have put it there.

Squeezing comes before sealing, so the length of a long body tells how well it squeezes (docs/explanation/security.md).
"""

import hmac
import importlib.util
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final

from llmcache.codec import envelope
from llmcache.codec.envelope import MAX_BYTES, SEALED, Header
from llmcache.errors import DataError, DecodeError, PluginError, SealError, VersionError
from llmcache.model.entry import Entry
from llmcache.model.key import Key
from llmcache.model.seal import Seal, id_of

if TYPE_CHECKING:
    from llmcache.codec.xaes import Xaes

FORMAT = 1
_HEAD: Final = SEALED + b"%d:%b:"
_HEAD_BYTES = len(_HEAD % (FORMAT, id_of(b"").encode()))
_NONCE_BYTES = 24
_TEXT_AT = _HEAD_BYTES + _NONCE_BYTES
_MOST_OVERHEAD = _TEXT_AT + 16


class SealedEnvelopes:
    """Envelopes under a seal.

    Args:
        seal: The secrets.
        chance: Returns as many bytes as it is asked for, from a source fit for secrets; `os.urandom`.

    Raises:
        PluginError: The package that encrypts is not installed.
    """

    def __init__(self, seal: Seal, chance: Callable[[int], bytes]) -> None:
        self._chance = chance
        # The same few keys are asked again and again, and an HMAC takes longer than finding it.
        self._hidden = None if seal.names is None else lru_cache(maxsize=1_024)(partial(hidden, secret=seal.names))
        self._ids = seal.ids
        self._ciphers = {_HEAD % (FORMAT, id_of(key).encode()): _cipher(key) for key in seal.keys}
        self._head, self._cipher = next(iter(self._ciphers.items()))

    def pack(self, entry: Entry, key: Key) -> bytes:
        return self.wrap(envelope.pack(entry, key), key)

    def unpack(self, body: bytes, key: Key) -> Entry:
        return envelope.unpack(self.unwrap(body, key), key)

    def peek(self, body: bytes, key: Key) -> Header:
        return envelope.peek(self.unwrap(body, key))

    def wrap(self, raw: bytes, key: Key) -> bytes:
        nonce = self._chance(_NONCE_BYTES)
        return self._head + nonce + self._cipher.seal(nonce, raw, _bound(self._head, key))

    def unwrap(self, body: bytes, key: Key) -> bytes:
        """Return what was sealed for `key`; SealError, VersionError or DecodeError for any other bytes."""
        if type(body) is not bytes:
            raise DecodeError(f"a body is of type bytes, found {type(body).__name__}")
        if len(body) > MAX_BYTES + _MOST_OVERHEAD:
            raise DecodeError(f"the body is {len(body):,} bytes, limit {MAX_BYTES + _MOST_OVERHEAD:,}")
        head = body[:_HEAD_BYTES]
        cipher = self._ciphers.get(head)
        if cipher is None:
            raise self._no_key(body, key)
        text = cipher.open(body[_HEAD_BYTES:_TEXT_AT], body[_TEXT_AT:], _bound(head, key))
        if text is None:
            raise SealError(
                f"the seal of the body under {key.digest} does not open: changed, or written under another key"
            )
        return text

    def unwrap_many(self, bodies: Sequence[bytes], keys: Sequence[Key]) -> tuple[list[bytes], dict[int, DataError]]:
        opened: list[bytes] = []
        wrong: dict[int, DataError] = {}
        for place, (body, key) in enumerate(zip(bodies, keys, strict=True)):
            try:
                opened.append(self.unwrap(body, key))
            except DataError as error:
                wrong[place] = error
        return opened, wrong

    def named(self, key: Key) -> Key:
        return key if self._hidden is None else self._hidden(key)

    def named_many(self, keys: Sequence[Key]) -> Sequence[Key]:
        return keys if self._hidden is None else list(map(self._hidden, keys))

    def _no_key(self, body: bytes, key: Key) -> DataError:
        """Return why no cipher fits the head of `body`."""
        if not body.startswith(SEALED):
            return SealError(f"the body under {key.digest} is not sealed, and this cache takes sealed ones only")
        number, _, rest = body[len(SEALED) : len(SEALED) + 32].partition(b":")
        if number.isdigit() and int(number) > FORMAT:
            return VersionError(f"the body is sealed in format {int(number)}, this release reads up to {FORMAT}")
        name = rest.partition(b":")[0]
        # Shown only where it can be an id: anything may stand in a store.
        shown = name.decode("ascii", "replace") if len(name) == 8 and name.isalnum() else "that has no id"
        known = ", ".join(self._ids)
        return SealError(
            f"the body under {key.digest} is sealed with a key {shown}; the keys of this cache are {known}"
        )


def hidden(key: Key, secret: bytes) -> Key:
    """Return the key in the same space whose name is HMAC-SHA-256 of the whole `key`: nobody without `secret` can guess it."""
    return Key(key.space, hmac.digest(secret, key.physical.encode("ascii"), "sha256").hex())


def _bound(head: bytes, key: Key) -> bytes:
    """Return what is bound to a body beside its content: no head contains another, so the two cannot run into each other."""
    return head + key.physical.encode("ascii")


def _cipher(key: bytes) -> "Xaes":
    if importlib.util.find_spec("cryptography") is None:
        raise PluginError("sealing needs cryptography; install with: pip install 'llmcache-kit[seal]'")
    from llmcache.codec.xaes import Xaes  # noqa: PLC0415 -- imports `cryptography`, which only sealed caches need

    return Xaes(key)
