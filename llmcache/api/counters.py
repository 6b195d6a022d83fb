"""Counters of one open cache: what `stats()` shows."""

from dataclasses import asdict, dataclass

from llmcache.memory.forking import lock_across_forks
from llmcache.model.entry import Provenance
from llmcache.model.event import Event, Happening
from llmcache.model.units import Seconds


@dataclass(frozen=True, slots=True)
class Stats:
    """What one open cache has done in this process since it was opened.

    Attributes:
        hits: Answers served from the store.
        misses: Nothing was kept under the key.
        coalesced: Misses that waited for the call of another caller and got its answer.
        expired: Something was kept, but its time was over, or it was older than `max_age`.
        refreshed_early: Something was kept that ends soon, and this caller asked anew and waited for it.
        refreshed_behind: The same, but behind the back of a caller who got what was kept, and is counted as a hit.
        refresh_failed: Of those behind the caller's back, the ones whose call failed.
        served_stale: The model failed, and an old answer stood in.
        cleared: Something was kept, but one of its tags has been cleared.
        unreadable: Something was kept, but it was damaged, of a newer format, or its seal does not open.
        bypassed: Calls that asked for neither reading nor keeping.
        kept: Answers written.
        not_admitted: Answers not worth keeping: empty, cut off, filtered, failed.
        not_encodable: Answers that are not JSON-like.
        too_large: Answers over a limit of the store, or a full store.
        store_failed: Reads and writes that failed and were answered as a miss or dropped.
        timed_out: Calls of the store that did not end within their deadline.
        dropped: Answers that waited to be written behind, and never were.
        breaker_opened: Times that a store failed and was asked no more for a while.
        breaker_probed: Reads that were let through then, to see whether it is back.
        breaker_closed: Times that it was.
        embedding_hits: Texts whose vector was served from the store. Each text counts, a repeated one once in a call.
        embedding_misses: Texts of which no vector was kept, or its time was over, or it was kept less exactly than wanted.
        embedding_coalesced: Of these, the ones whose vector came from the call of another caller.
        embedding_unreadable: Texts of which something was kept that was damaged, sealed otherwise, or of other dimensions.
        embedding_kept: Vectors written.
        semantic_hits: Misses that were answered by what is kept for a question that means the same.
        semantic_near_misses: Questions that some kept one was near to, but not surely enough.
        semantic_refused: Questions that some kept one was near enough to, but for the guard.
        semantic_rejected: Times that `verify` said no.
        semantic_promoted: Near misses that were confirmed behind the caller's back, and got the answer they were near to.
        semantic_failed: Times that the embedding model or `verify` raised, took too long, or gave something of another shape.
        near_hits: Entries that were at hand in the near tier, and so not asked of the store.
        near_dropped: Changes told by the store for which copies were dropped from the near tier; one's own are told, too.
        near_deaf: Times that the store could not tell of changes any more, so that only the near time to live bounds staleness.
        near_bytes: What the copies of the near tier weigh now.
        input_tokens_saved: Prompt tokens of hits and shared calls, as counted when they were paid.
        output_tokens_saved: Answer tokens of them.
        seconds_saved: Time the calls behind the hits had taken.
    """

    hits: int = 0
    misses: int = 0
    coalesced: int = 0
    expired: int = 0
    refreshed_early: int = 0
    refreshed_behind: int = 0
    refresh_failed: int = 0
    served_stale: int = 0
    cleared: int = 0
    unreadable: int = 0
    bypassed: int = 0
    kept: int = 0
    not_admitted: int = 0
    not_encodable: int = 0
    too_large: int = 0
    store_failed: int = 0
    timed_out: int = 0
    dropped: int = 0
    breaker_opened: int = 0
    breaker_probed: int = 0
    breaker_closed: int = 0
    embedding_hits: int = 0
    embedding_misses: int = 0
    embedding_coalesced: int = 0
    embedding_unreadable: int = 0
    embedding_kept: int = 0
    semantic_hits: int = 0
    semantic_near_misses: int = 0
    semantic_refused: int = 0
    semantic_rejected: int = 0
    semantic_promoted: int = 0
    semantic_failed: int = 0
    near_hits: int = 0
    near_dropped: int = 0
    near_deaf: int = 0
    near_bytes: int = 0
    input_tokens_saved: int = 0
    output_tokens_saved: int = 0
    seconds_saved: Seconds = 0.0

    @property
    def hit_rate(self) -> float | None:
        """Hits among all look-ups of answers, from 0 to 1; None before the first."""
        asked = self.hits + self.misses + self.refreshed_early + self.expired + self.cleared + self.unreadable
        return (self.hits + self.semantic_hits) / asked if asked else None

    def as_dict(self) -> dict[str, int | float]:
        """Return the counters by name."""
        return asdict(self)


class Counters:
    """Counts events, from any thread."""

    def __init__(self) -> None:
        self._lock = lock_across_forks()
        self._counts = {what: 0 for what in Happening if what is not Happening.HIT}
        self._hits = 0
        self._input_tokens = 0
        self._output_tokens = 0
        self._seconds = 0.0

    def count(self, event: Event) -> None:
        """Add one event."""
        with self._lock:
            if event.what is Happening.HIT:
                self._hits += event.count
            else:
                self._counts[event.what] += event.count
            self._input_tokens += event.input_tokens
            self._output_tokens += event.output_tokens
            self._seconds += event.seconds

    def add_hit(self, saved: Provenance, *, is_near: bool) -> None:
        """Add a hit without making an event of it, for the shortcut."""
        with self._lock:
            self._counts[Happening.NEAR_HIT] += is_near
            self._hits += 1
            self._input_tokens += saved.input_tokens or 0
            self._output_tokens += saved.output_tokens or 0
            self._seconds += saved.seconds or 0.0

    def add_miss(self) -> None:
        """Add a miss likewise."""
        with self._lock:
            self._counts[Happening.MISS] += 1

    def stats(self) -> Stats:
        """Return the counts of this moment."""
        with self._lock:
            counts = {what.value: number for what, number in self._counts.items()}
            return Stats(
                **counts,
                hits=self._hits,
                input_tokens_saved=self._input_tokens,
                output_tokens_saved=self._output_tokens,
                seconds_saved=self._seconds,
            )
