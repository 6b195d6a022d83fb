"""Entries: what is kept of one answer or one message."""

from dataclasses import dataclass, field

from llmcache.model.units import Instant, Plain, Seconds


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the call that made the answer was and cost; None where it is not known.

    Attributes:
        model: The model's name as the request had it.
        input_tokens: Tokens of the prompt, as the provider counted them.
        output_tokens: Tokens of the answer.
        cost: In the currency the caller counts in.
        seconds: How long the call took.
    """

    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    seconds: Seconds | None = None


NOTHING_KNOWN = Provenance()


@dataclass(frozen=True, slots=True)
class Entry:
    """A decoded value with its times: the inside of an envelope (see `codec.envelope`). Its representation leaves out the value.

    Attributes:
        value: JSON-like data, or what a codec registered for `type` understands as JSON-like data.
        made_at: When the answer was made.
        type: Which codec wrote `value`: "json" for plain data, "langchain" for generations and messages.
        stale_at: From when on it should be refreshed; None means never before `expires_at`.
        expires_at: From when on it must not be served; None means never.
        tags: Names by which a group of entries can be cleared.
        provenance: What the call that made it was.
        stamps: The stamp that each of the tags had when the answer was asked for (see `policy.clearing`); empty where all were
            never cleared.
    """

    value: Plain = field(repr=False)
    made_at: Instant
    type: str = "json"
    stale_at: Instant | None = None
    expires_at: Instant | None = None
    tags: tuple[str, ...] = ()
    provenance: Provenance = field(default=NOTHING_KNOWN)
    stamps: tuple[str, ...] = ()

    def is_gone(self, now: Instant) -> bool:
        """True at and after the hard expiry."""
        return self.expires_at is not None and now >= self.expires_at

    def is_stale(self, now: Instant) -> bool:
        """True at and after the soft expiry."""
        return self.stale_at is not None and now >= self.stale_at
