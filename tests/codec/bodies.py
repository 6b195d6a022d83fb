"""Keys, entries, and bodies made by hand, without the code under test."""

import zlib

from llmcache.model.entry import Entry, Provenance
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace

KEY = Key(Space(Namespace.of("shop/prod"), Kind.RESPONSE), "9f86d081884c7d659a2feaa0c55ad015")
OTHER_KEY = Key(Space(Namespace.of("shop/prod"), Kind.RESPONSE), "8f86d081884c7d659a2feaa0c55ad015")

FULL = Entry(
    value={"answer": "four"},
    made_at=1763800000.5,
    type="json",
    stale_at=1763803600.5,
    expires_at=1763886400.5,
    tags=("faq", "ümlaut"),
    provenance=Provenance(model="gpt-5.4-mini", input_tokens=12, output_tokens=345, cost=0.0025, seconds=1.25),
)

FULL_REST = (
    '"kind":"response","type":"json","made_at":1763800000.5,"stale_at":1763803600.5,"expires_at":1763886400.5,'
    '"model":"gpt-5.4-mini","input_tokens":12,"output_tokens":345,"cost":0.0025,"seconds":1.25,'
    '"tags":["faq","ümlaut"],"value":{"answer":"four"}}'
)

LEAST_REST = '"kind":"response","type":"json","made_at":0,"value":null}'


def sealed(rest: str | bytes, key: Key = KEY, *, number: int | str = 1) -> bytes:
    """Return the body with a check that fits, for what stands behind the check."""
    raw = rest.encode() if isinstance(rest, str) else rest
    check = zlib.crc32(key.physical.encode() + raw)
    return f'{{"llmcache":{number},"check":"{check:08x}",'.encode() + raw
