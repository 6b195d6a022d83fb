"""The one place where a product answers before it starts any steps.

A hit in a store whose reads are inline, or in a near tier, takes a few microseconds, of which steps and driver would be half. So
a plain hit or miss (no options in force, no tags on the entry, not expired) is answered here. Everything else, and every
failure, is left to the flow, which answers as if this file did not exist: `tests/api/test_shortcut.py` holds
the two beside each other.
"""

from typing import Final

from llmcache.api.setup import Setup
from llmcache.flows.looking import Found
from llmcache.model.key import Key
from llmcache.policy.freshness import Freshness, judge


class NotAnswered:
    """Says that the flow must answer."""


NOT_ANSWERED: Final = NotAnswered()


def quick_look(setup: Setup, key: Key) -> Found | NotAnswered | None:
    """Return a plain hit, None for a plain miss, or `NOT_ANSWERED`; nothing was counted in the last case."""
    if setup.listener is not None:
        return NOT_ANSWERED
    store, near = setup.pair.blocking, setup.pair.near
    try:
        if near is not None:
            body = near.look(key)
            if body is None:
                return NOT_ANSWERED
        elif store is None or not store.capabilities.inline_reads:
            return NOT_ANSWERED
        else:
            (body,) = store.get_many((key,))
        if body is None:
            setup.counters.add_miss()
            return None
        entry = setup.decoded.unpack(body, key)
    except Exception:  # noqa: BLE001 -- whatever it was, the flow meets it again and answers for it
        return NOT_ANSWERED
    if entry.tags or judge(entry, setup.now()) is not Freshness.FRESH:
        return NOT_ANSWERED
    setup.counters.add_hit(entry.provenance, is_near=near is not None)
    return Found(entry)
