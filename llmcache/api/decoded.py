"""Envelopes already opened, so that a repeated hit does not open them again.

Never a source of staleness: an entry is used only where the store has just returned the very same bytes. Bounded
by bytes, in the order of opening.
"""

from collections import OrderedDict
from collections.abc import Callable

from llmcache.codec.envelopes import READABLE, Envelopes
from llmcache.memory.forking import lock_across_forks
from llmcache.model.entry import Entry
from llmcache.model.key import Key, Kind

Revive = Callable[[Entry, bool], Entry]
"""Turns an entry of JSON-like data into one whose value is an integration's own objects; DecodeError where it is not one.

The second argument is True where the result will be remembered and serve several callers.
"""


class Decoded:
    """Envelopes that are remembered where they were met twice: most answers are asked for once, and remembering has a price.

    Attributes:
        envelopes: The same without a memory, for logs, whose bodies share a key.

    Args:
        revive: Is applied to entries of answers; None leaves them as JSON-like data.
        max_bytes: Most bytes of bodies to remember; a body over an eighth of it is not remembered.
        max_entries: Most bodies to remember, because decoded objects take several kilobytes however short their bodies are.
    """

    def __init__(
        self,
        envelopes: Envelopes = READABLE,
        revive: Revive | None = None,
        *,
        max_bytes: int = 8 << 20,
        max_entries: int = 2_000,
    ) -> None:
        self.envelopes = envelopes
        self.pack, self.peek = envelopes.pack, envelopes.peek
        self.named, self.named_many = envelopes.named, envelopes.named_many
        self.wrap, self.unwrap, self.unwrap_many = envelopes.wrap, envelopes.unwrap, envelopes.unwrap_many
        self._unpack = envelopes.unpack
        self._revive = revive
        self._max_bytes = max_bytes
        self._max_entries = max_entries
        self._held = 0
        self._lock = lock_across_forks()
        self._met: OrderedDict[str, tuple[bytes, Entry | None]] = OrderedDict()

    def unpack(self, body: bytes, key: Key, /) -> Entry:
        """Return the entry in `body`; its value may be shared between calls and must be copied before it is handed out.

        Raises DataError as the envelopes themselves do.
        """
        met = self._met.get(key.physical)
        is_known = met is not None and met[0] == body
        if met is not None and is_known and met[1] is not None:
            return met[1]
        entry = self._unpack(body, key)
        if self._revive is not None and key.space.kind is Kind.RESPONSE:
            entry = self._revive(entry, is_known)
        self._remember(key.physical, body, entry if is_known else None)
        return entry

    def _remember(self, name: str, body: bytes, entry: Entry | None) -> None:
        if len(body) > self._max_bytes // 8:
            return
        with self._lock:
            replaced = self._met.pop(name, None)
            self._met[name] = (body, entry)
            self._held += len(body) - (len(replaced[0]) if replaced else 0)
            while self._held > self._max_bytes or len(self._met) > self._max_entries:
                _, (oldest, _) = self._met.popitem(last=False)
                self._held -= len(oldest)
