"""Bodies already opened, so that a repeated hit does not open them again.

Never a source of staleness: an entry is used only where the store has just returned the very same bytes. Bounded
by bytes, in the order of opening.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable

from llmcache.codec.envelope import unpack
from llmcache.model.entry import Entry
from llmcache.model.key import Key, Kind

Revive = Callable[[Entry], Entry]
"""Turns an entry of JSON-like data into one whose value is an integration's own objects; DecodeError where it is not one."""


class Decoded:
    """Opens envelopes and remembers the last ones.

    Args:
        revive: Is applied to entries of answers; None leaves them as JSON-like data.
        max_bytes: Most bytes of bodies to remember; a body over an eighth of it is not remembered. The decoded
            objects take several times as much memory.
    """

    def __init__(self, revive: Revive | None = None, *, max_bytes: int = 8 << 20) -> None:
        self._revive = revive
        self._max_bytes = max_bytes
        self._held = 0
        self._lock = threading.Lock()
        self._opened: OrderedDict[str, tuple[bytes, Entry]] = OrderedDict()

    def __call__(self, body: bytes, key: Key) -> Entry:
        """Return the entry in `body`; its value is shared between calls and must be copied before it is handed out.

        Raises DataError as `unpack` does.
        """
        remembered = self._opened.get(key.physical)
        if remembered is not None and remembered[0] == body:
            return remembered[1]
        entry = unpack(body, key)
        if self._revive is not None and key.space.kind is Kind.RESPONSE:
            entry = self._revive(entry)
        self._remember(key.physical, body, entry)
        return entry

    def _remember(self, name: str, body: bytes, entry: Entry) -> None:
        if len(body) > self._max_bytes // 8:
            return
        with self._lock:
            replaced = self._opened.pop(name, None)
            self._opened[name] = (body, entry)
            self._held += len(body) - (len(replaced[0]) if replaced else 0)
            while self._held > self._max_bytes:
                _, (oldest, _) = self._opened.popitem(last=False)
                self._held -= len(oldest)
