"""The settings in force, as values: what a cache is opened with, and where each of it came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from llmcache.config.mistakes import dotted
from llmcache.config.schema import NEAR_TTL
from llmcache.config.sources import DEFAULT, Source
from llmcache.errors import Mistake
from llmcache.model.embedder import Precision
from llmcache.model.namespace import Namespace
from llmcache.model.options import Coalesce
from llmcache.model.seal import Seal
from llmcache.model.units import Plain, Seconds, Share


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value stands.

    Attributes:
        what: In words, such as "the argument" or "$LLMCACHE_URL"; for a file its name.
        place: The names from the top of the file down to the key; empty where it is not in a file.
        line: In the file, counted from 1.
    """

    what: str
    place: tuple[str, ...] = ()
    line: int | None = None

    @property
    def text(self) -> str:
        """Such as "llmcache.toml:7 [profiles.dev]"."""
        line = "" if self.line is None else f":{self.line}"
        return f"{self.what}{line} [{dotted(self.place[:-1])}]" if self.place else self.what

    def mistake(self, found: str, allowed: str, hint: str = "") -> Mistake:
        """Return the mistake that is made here."""
        table, key = dotted(self.place[:-1]), dotted(self.place[-1:])
        return Mistake(self.what, self.line, table, key, found, allowed, hint=hint)


@dataclass(frozen=True, slots=True)
class NearChoice:
    """What of a store is kept in the memory of the process.

    Attributes:
        max_bytes: Most memory that the copies take.
        ttl: Longest that a copy is used, in seconds.
    """

    max_bytes: int
    ttl: Seconds = NEAR_TTL


@dataclass(frozen=True, slots=True)
class StoreChoice:
    """One store to open. Equal ones are one store, opened once.

    Attributes:
        name: Its name below [stores], or "" for a URL that stands by itself.
        url: The whole URL, secrets included; not for messages.
        folder: Where a relative path in the URL counts from; None means the working folder.
        near: The near tier before it, if any.
        deadline: Longest a call about entries takes, in seconds; None means what the store itself says, or a default.
        write_behind: Most bytes of answers that wait to be written; None where callers wait for it.
        shown: The URL for people, without any secret.
        origin: Where the URL stands.
        variables: The variables of the environment that the URL refers to.
        origins: Where what is said beside the URL stands: `deadline` and `write_behind`, as far as they are given.
    """

    name: str
    url: str = field(repr=False)
    folder: Path | None = None
    near: NearChoice | None = None
    deadline: Seconds | None = None
    write_behind: int | None = None
    shown: str = field(default="", compare=False)
    origin: Origin = field(default=Origin(DEFAULT), compare=False)
    variables: tuple[str, ...] = field(default=(), compare=False)
    origins: Mapping[str, Origin] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Setting:
    """One value in force, for people.

    Attributes:
        key: Its dotted name, such as "history.ttl".
        value: The value, seconds as a number; None where nobody said one and there is none by default.
        origin: Where it came from.
    """

    key: str
    value: Plain
    origin: Origin


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a cache is opened with. Equal ones open equal caches, wherever they came from.

    Attributes:
        namespace: Keeps this application's entries apart.
        responses: The store of answers.
        history: The store of conversations; often the same.
        embeddings: The store of vectors; likewise.
        ttl: Time to live of answers, in seconds; None means they do not expire.
        early_refresh: As in `policy.freshness.Aging`, like the next two; None means not at all.
        jitter: Likewise.
        stale_if_error: Likewise.
        background_refresh: True where who refreshes early does not wait for the new answer.
        coalesce: With whom a call that is under way is shared.
        tag_models: True where answers carry a tag with the name of their model.
        history_ttl: Time to live of a conversation, in seconds; None means it does not expire.
        sliding: True where that counts from the last append, False where it counts from the first.
        max_messages: Most messages a conversation keeps; None means all.
        embedding_ttl: Time to live of vectors, in seconds; None means they do not expire.
        embedding_precision: How exactly vectors are kept.
        similarity: As in `policy.similarity.Thresholds`, like the next; None means its default.
        margin: Likewise.
        seal: The secrets with which everything is sealed; None leaves it readable.
        source: Which source held.
        profile: The profile of the file in force, or "".
        listed: Every value with its origin, for people.
    """

    namespace: Namespace
    responses: StoreChoice
    history: StoreChoice
    embeddings: StoreChoice
    ttl: Seconds | None = None
    early_refresh: Share | None = None
    jitter: Share | None = None
    stale_if_error: Seconds | None = None
    background_refresh: bool = False
    coalesce: Coalesce = "process"
    tag_models: bool = False
    history_ttl: Seconds | None = None
    sliding: bool = True
    max_messages: int | None = None
    embedding_ttl: Seconds | None = None
    embedding_precision: Precision = "float32"
    similarity: Share | None = None
    margin: Share | None = None
    seal: Seal | None = None
    source: Source = field(default=Source(DEFAULT), compare=False)
    profile: str = field(default="", compare=False)
    listed: tuple[Setting, ...] = field(default=(), compare=False, repr=False)

    @property
    def stores(self) -> tuple[StoreChoice, ...]:
        """Every store that is used, each once."""
        return tuple(dict.fromkeys((self.responses, self.history, self.embeddings)))
