"""Namespaces: paths that keep applications, environments and tenants apart.

A namespace is a tuple of non-empty parts. Its text joins the parts by "/", and every character of a part
outside `A-Z a-z 0-9 . _ ~ -` is percent-encoded as UTF-8 bytes. So no part can contain a separator, two
namespaces never have the same text, and nothing in one is special to a glob, a path or a query language.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Union

from llmcache.errors import UsageError

_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-")
MAX_PART_BYTES = 200
MAX_NAMESPACE_BYTES = 500
"""Longest text of a whole namespace, escaped, slashes included: with it a physical key stays under 1 KiB (`model.key`)."""


def escape(text: str) -> str:
    """Return `text` with every character outside the safe set percent-encoded; injective, ASCII only.

    Lone surrogates are encoded as their three-byte form, so that any `str` has an escape.
    """
    # Digests, which are most names, are letters and digits: asking for these first takes a tenth of the time.
    if text.isascii() and (text.isalnum() or _SAFE.issuperset(text)):
        return text
    raw = text.encode("utf-8", "surrogatepass")
    return "".join(chr(byte) if chr(byte) in _SAFE else f"%{byte:02X}" for byte in raw)


def unescape(text: str) -> str:
    """Return what `escape` was given; UsageError for a text that `escape` cannot have made."""
    try:
        head, *rest = text.encode("ascii").split(b"%")
        raw = head + b"".join(bytes([int(piece[:2], 16)]) + piece[2:] for piece in rest)
        original = raw.decode("utf-8", "surrogatepass")
    except (ValueError, UnicodeError) as error:
        raise UsageError(f"not an escaped name: {len(text)} characters, expected %XX escapes in ASCII") from error
    if escape(original) != text:
        raise UsageError(f"not an escaped name: {len(text)} characters, not in the form that escape() writes")
    return original


@dataclass(frozen=True, slots=True)
class Namespace:
    """A path of parts such as application, environment, tenant. The empty path is not a namespace.

    Escaped, a part is at most `MAX_PART_BYTES` bytes and the whole path at most `MAX_NAMESPACE_BYTES`.
    """

    parts: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise UsageError("a namespace needs at least one part, for example 'shop' or 'shop/prod'")
        for part in self.parts:
            if not isinstance(part, str):
                raise UsageError(f"a namespace part is a text, found {type(part).__name__}")
            if not part:
                raise UsageError("a namespace part is empty; parts are separated by single slashes, as in 'shop/prod'")
            _check_length("a namespace part", len(escape(part)), MAX_PART_BYTES)
        _check_length("a namespace", len(self.text), MAX_NAMESPACE_BYTES)

    @classmethod
    def of(cls, given: Union["Namespace", str, Iterable[str]]) -> "Namespace":
        """Read a namespace from itself, from text with "/" between raw parts, or from raw parts."""
        if isinstance(given, Namespace):
            return given
        if isinstance(given, str):
            return cls(tuple(given.split("/")))
        return cls(tuple(given))

    def child(self, below: Union["Namespace", str, Iterable[str]]) -> "Namespace":
        """Return the namespace `below` this one; a child can never climb out of its parent."""
        return Namespace(self.parts + Namespace.of(below).parts)

    @property
    def text(self) -> str:
        """The escaped path, as it stands in physical keys."""
        return "/".join(map(escape, self.parts))

    @property
    def shown(self) -> str:
        """The path for people, as they write it and `of` reads it; only a slash inside of a part stays escaped."""
        return "/".join(part.replace("/", "%2F") for part in self.parts)

    @classmethod
    def from_text(cls, text: str) -> "Namespace":
        """Read back what `text` wrote; UsageError for anything else."""
        return cls(tuple(unescape(part) for part in text.split("/")))

    def __str__(self) -> str:
        return self.text


def _check_length(what: str, found: int, limit: int) -> None:
    if found > limit:
        raise UsageError(f"{what} is {found:,} bytes when escaped, limit {limit}")
