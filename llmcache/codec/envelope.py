"""The envelope: one entry as one readable JSON object, for every store.

    {"llmcache":1,"check":"5f0c21aa","kind":"response","type":"json","made_at":1763800000.5,"model":"gpt-5.4-mini",
     "input_tokens":12,"output_tokens":345,"tags":["faq"],"value":{"answer":"..."}}

The format number comes first, so that a newer body is recognised before anything else in it is believed. The check is a
CRC-32 over the physical key and everything behind the check: a body that was damaged, or that lies under another key
than it was written for, does not fit it. It finds accidents; it is no defence against somebody who
can write to the store, for that there are seals. What is not known is left out, the value comes last, and unknown fields are
passed over: whatever changes the meaning of the others raises the format number (docs/decisions/0004).

Whatever the bytes are, reading them raises DataError or gives an entry. Its value is plain data (see `codec.plain`): no
class is looked up, nothing is imported, nothing is called.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

import orjson

from llmcache.codec.markers import revived
from llmcache.codec.plain import encode_marked, parsed, shallow
from llmcache.codec.squeeze import SQUEEZE_ABOVE, squeeze, unsqueeze
from llmcache.errors import DecodeError, SealError, UsageError, VersionError
from llmcache.model.entry import NOTHING_KNOWN, Entry, Provenance
from llmcache.model.key import Key
from llmcache.model.units import Instant, Plain

FORMAT = 1
MAX_BYTES = 64 * 1024 * 1024
"""Largest body that is read, before and after unsqueezing, unless the caller says otherwise."""

SEALED = b"llmcache-sealed:"
"""What a sealed body begins with, and no readable one can."""

_HEAD = b'{"llmcache":%d,"check":"%08x",'
_HEAD_BYTES = len(_HEAD % (FORMAT, 0))
_VALUE, _MARKED = b'"value"', b'"marked"'


@dataclass(frozen=True, slots=True)
class Header:
    """What a body says about itself, read without its key and therefore not checked against it.

    Attributes:
        kind: The `Kind.value` of the space it was written to.
        type: Which codec wrote the value.
        check: Eight hexadecimal digits over the key and what follows; only `unpack` can compare it.
        made_at: As in `Entry`, like the four below.
        text_bytes: Length of the JSON object; more than the body's where the body is squeezed.
        is_squeezed: True where the store's console shows a compressed frame.
    """

    kind: str
    type: str
    check: str
    made_at: Instant
    stale_at: Instant | None
    expires_at: Instant | None
    tags: tuple[str, ...]
    provenance: Provenance
    text_bytes: int
    is_squeezed: bool


def pack(entry: Entry, key: Key, *, squeeze_above: int | None = SQUEEZE_ABOVE) -> bytes:
    """Return the body of `entry` for keeping under `key`.

    Args:
        entry: Its value is plain data.
        key: Only a body that is read under the same key is an answer.
        squeeze_above: Bodies of more bytes are compressed if that makes them smaller; None never does.

    Raises:
        UsageError: The value is not plain data, or a field of the entry is of another type than it says.
    """
    value, is_marked = encode_marked(entry.value)
    rest = b"%b,%b:%b}" % (_header(entry, key)[1:-1], _MARKED if is_marked else _VALUE, value)
    return squeeze(_HEAD % (FORMAT, _check(key, rest)) + rest, above=squeeze_above)


def unpack(body: bytes, key: Key, *, max_bytes: int = MAX_BYTES) -> Entry:
    """Return the entry that was packed into `body` under `key`.

    Args:
        body: Any bytes.
        key: Where the body was found.
        max_bytes: Limit of the body's length, squeezed and not.

    Raises:
        VersionError: A newer release wrote it.
        SealError: It is sealed.
        DecodeError: It is damaged, too long, no envelope, or was written under another key.
    """
    text, fields = _read(body, max_bytes)
    if fields["check"] != f"{_check(key, text[_HEAD_BYTES:]):08x}":
        raise DecodeError(f"the body under {key.digest} does not fit its check: damaged, or written under another key")
    return Entry(
        value=shallow(fields["value"]) if "value" in fields else revived(fields["marked"]),
        made_at=fields["made_at"],
        type=fields["type"],
        stale_at=fields.get("stale_at"),
        expires_at=fields.get("expires_at"),
        tags=tuple(fields.get("tags") or ()),
        provenance=_provenance(fields),
        stamps=tuple(fields.get("stamps") or ()),
    )


def peek(body: bytes, *, max_bytes: int = MAX_BYTES) -> Header:
    """Return what `body` says about itself, for tools that list.

    Raises:
        VersionError: A newer release wrote it.
        SealError: It is sealed.
        DecodeError: It is damaged, too long or no envelope.
    """
    text, fields = _read(body, max_bytes)
    return Header(
        kind=fields["kind"],
        type=fields["type"],
        check=fields["check"],
        made_at=fields["made_at"],
        stale_at=fields.get("stale_at"),
        expires_at=fields.get("expires_at"),
        tags=tuple(fields.get("tags") or ()),
        provenance=_provenance(fields),
        text_bytes=len(text),
        is_squeezed=text is not body,
    )


def _header(entry: Entry, key: Key) -> bytes:
    """Return the JSON object of everything but format, check and value."""
    fields: dict[str, Plain] = {"kind": key.space.kind.value, "type": entry.type, "made_at": entry.made_at}
    if entry.stale_at is not None:
        fields["stale_at"] = entry.stale_at
    if entry.expires_at is not None:
        fields["expires_at"] = entry.expires_at
    if entry.provenance is not NOTHING_KNOWN:
        for name in _PROVENANCE:
            known = getattr(entry.provenance, name)
            if known is not None:
                fields[name] = known
    if entry.tags != ():
        fields["tags"] = list(entry.tags) if type(entry.tags) is tuple else entry.tags
    if entry.stamps != ():
        fields["stamps"] = list(entry.stamps) if type(entry.stamps) is tuple else entry.stamps
    misfit = _misfit(fields) or _not_finite(fields)
    if misfit is not None:
        raise UsageError(f"Entry: {misfit} is of another type than it should be, or not finite")
    try:
        return orjson.dumps(fields)
    except orjson.JSONEncodeError as error:
        raise UsageError(f"Entry: a field other than the value cannot be written: {error}") from error


def _read(body: bytes, max_bytes: int) -> tuple[bytes, dict[str, Plain]]:
    """Return the JSON text and the fields of an envelope of this format, each of the type it should be."""
    if type(body) is not bytes:
        raise DecodeError(f"a body is of type bytes, found {type(body).__name__}")
    text = unsqueeze(body, max_bytes=max_bytes)
    try:
        fields = parsed(text, max_bytes=max_bytes)
    except DecodeError:
        if body.startswith(SEALED):
            raise SealError(
                "the body is sealed, and this cache has no keys; give it `seal`, in a file or as an argument"
            ) from None
        raise
    number = fields.get("llmcache") if type(fields) is dict else None
    if type(number) is not int or number < FORMAT:
        raise DecodeError("the body is no envelope of llmcache")
    if number > FORMAT:
        raise VersionError(f"the body is of envelope format {number}, this release reads up to {FORMAT}")
    misfit = _misfit(fields)
    if misfit is not None:
        raise DecodeError(f"{misfit} of the envelope is missing or of another type than it should be")
    if type(fields.get("check")) is not str or ("value" in fields) is ("marked" in fields):
        raise DecodeError("the envelope has no check, no value, or two values")
    return text, fields


def _misfit(fields: Mapping[str, Plain]) -> str | None:
    """Return the name of a field that is of another type than it should be."""
    for name, types in _TYPES:
        if type(fields.get(name)) not in types:
            return name
    tags, stamps = fields.get("tags"), fields.get("stamps")
    if tags is not None and not _TEXT.issuperset(map(type, tags)):
        return "tags"
    # One beside each tag: of another number than those, nobody could tell which belongs to which.
    if stamps is not None and not (_TEXT.issuperset(map(type, stamps)) and len(stamps) == len(tags or ())):
        return "stamps"
    return None


def _not_finite(fields: Mapping[str, Plain]) -> str | None:
    """Return the name of a field that is nan or infinite; JSON has no such numbers, so none is ever read."""
    for name, value in fields.items():
        if type(value) is float and not math.isfinite(value):
            return name
    return None


def _provenance(fields: Mapping[str, Plain]) -> Provenance:
    known = tuple(map(fields.get, _PROVENANCE))
    return NOTHING_KNOWN if known == _UNKNOWN else Provenance(*known)


def _check(key: Key, rest: bytes) -> int:
    return crc32(rest, crc32(key.physical.encode("ascii")))


_NONE = type(None)
_TEXT = frozenset({str})

_TYPES: tuple[tuple[str, frozenset[type]], ...] = (
    ("kind", _TEXT),
    ("type", _TEXT),
    ("made_at", frozenset({int, float})),
    ("stale_at", frozenset({int, float, _NONE})),
    ("expires_at", frozenset({int, float, _NONE})),
    ("tags", frozenset({list, _NONE})),
    ("stamps", frozenset({list, _NONE})),
    ("model", frozenset({str, _NONE})),
    ("input_tokens", frozenset({int, _NONE})),
    ("output_tokens", frozenset({int, _NONE})),
    ("cost", frozenset({int, float, _NONE})),
    ("seconds", frozenset({int, float, _NONE})),
)
"""What each field may be; None where it may be missing."""

_PROVENANCE = ("model", "input_tokens", "output_tokens", "cost", "seconds")
"""The fields of `Provenance`, in its order."""

_UNKNOWN = (None,) * len(_PROVENANCE)
