"""Digests: from canonical pieces to a key.

The digest is SHA-256 over parts that each stand behind their length (eight bytes, big-endian), so that
`("ab", "c")` and `("a", "bc")` never meet:

    "llmcache:<format>" · the number of namespace parts · each part · the kind · the sort · each piece

The *sort* says what the pieces are made of ("request", "langchain"), so that two sorts never meet either.
Changing anything here changes every key: raise `KEY_FORMAT` and the golden vectors (docs/decisions/0003).
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from struct import Struct

from llmcache.model.key import KEY_FORMAT, Key, Keys, Kind, Space
from llmcache.model.namespace import Namespace

_length = Struct(">Q").pack
_TAG = f"llmcache:{KEY_FORMAT}".encode("ascii")


def utf8(text: str) -> bytes:
    """Return `text` as UTF-8; injective over every `str`, lone surrogates included."""
    return text.encode("utf-8", "surrogatepass")


def key_of(namespace: Namespace, kind: Kind, sort: str, pieces: Iterable[bytes]) -> Key:
    """Return the key whose name is the digest of `pieces`: 64 hexadecimal characters."""
    space, start = _start(namespace, kind, sort)
    return Key(space, sha256(_joined(start, pieces)).hexdigest())


def keys_of(namespace: Namespace, kind: Kind, sort: str, first: bytes, lasts: Iterable[bytes]) -> Keys:
    """Return the keys that `key_of` makes of the pieces `(first, last)`, one for each of `lasts`.

    What they have in common is hashed once: for a thousand short texts that is a quarter of the time.
    """
    space, start = _start(namespace, kind, sort)
    copy = sha256(_joined(start, (first,))).copy
    digests: list[str] = []
    for last in lasts:
        hashed = copy()
        hashed.update(_length(len(last)) + last)
        digests.append(hashed.hexdigest())
    return Keys(space, digests)


def fingerprint(kind: Kind, sort: str, pieces: Iterable[bytes]) -> str:
    """Return the digest of `pieces` in no namespace at all, to compare what two namespaces were asked."""
    return sha256(_joined(_head((), kind, sort), pieces)).hexdigest()


def _joined(start: bytes, parts: Iterable[bytes]) -> bytes:
    """Return `start`, and each part behind its length."""
    out = [start]
    for part in parts:
        out.append(_length(len(part)))
        out.append(part)
    return b"".join(out)


def _head(namespace: tuple[str, ...], kind: Kind, sort: str) -> bytes:
    path = _joined(_length(len(namespace)), map(utf8, namespace))
    return _joined(_joined(b"", (_TAG,)) + path, (utf8(kind.value), utf8(sort)))


# A process asks in few namespaces, and escaping and encoding one costs as much as hashing a short prompt.
@lru_cache(maxsize=1024)
def _start(namespace: Namespace, kind: Kind, sort: str) -> tuple[Space, bytes]:
    return Space(namespace, kind), _head(namespace.parts, kind, sort)
