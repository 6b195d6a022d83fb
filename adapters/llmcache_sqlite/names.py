"""Names as they are stored: 32 bytes for a digest, escaped text for anything else.

Answers and embeddings are named by a SHA-256 digest in hexadecimal. As bytes it takes half the room, in the row and in
the index. Within a space keys are ordered by the escaped name, and bytes are ordered as their hexadecimal is; only
where a space holds both kinds must two ordered lists be merged.
"""

from typing import Final, TypeAlias

from llmcache.model.key import Key, Space

StoredName: TypeAlias = bytes | str

_DIGEST_BYTES: Final = 32
_HEX: Final = "0123456789abcdef"


def stored_name(key: Key) -> StoredName:
    """Return how the name of `key` is stored; different names never give the same."""
    name = key.name
    if len(name) == 2 * _DIGEST_BYTES:
        try:
            digest = bytes.fromhex(name)
        except ValueError:
            return key.physical[len(key.space.prefix) :]
        # `fromhex` also reads capitals and spaces, which are other names.
        if digest.hex() == name:
            return digest
    return key.physical[len(key.space.prefix) :]


def key_of(space: Space, name: StoredName) -> Key:
    """Return the key that is stored under `name` in `space`; UsageError where `stored_name` cannot have made it."""
    return Key.from_physical(space.prefix + text_of(name))


def text_of(name: StoredName) -> str:
    """Return the escaped text of a stored name."""
    return name.hex() if isinstance(name, bytes) else name


def first_digest_behind(text: str) -> bytes | None:
    """Return the smallest digest whose hexadecimal is greater than `text`, an escaped name; None where there is none.

    "" gives the smallest of all.
    """
    width = 2 * _DIGEST_BYTES
    head = text[:width]
    known = next((number for number, letter in enumerate(head) if letter not in _HEX), len(head))
    if known < len(head):
        # Greater are: the same start and a greater digit here, or a greater start.
        digit = next((digit for digit in _HEX if digit > head[known]), None)
        if digit is not None:
            return bytes.fromhex((head[:known] + digit).ljust(width, "0"))
        return _next(head[:known])
    if len(text) < width:
        # A longer text with this start is greater than the start itself.
        return bytes.fromhex(text.ljust(width, "0"))
    return _next(head)


def _next(head: str) -> bytes | None:
    """Return the smallest digest greater than all that start with `head`."""
    following = int(head, 16) + 1 if head else 1
    if not head or following == 16 ** len(head):
        return None
    return bytes.fromhex(f"{following:0{len(head)}x}".ljust(2 * _DIGEST_BYTES, "0"))
