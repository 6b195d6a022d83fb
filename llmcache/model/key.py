"""Keys: what was asked, as a name inside a space.

A *space* is one kind of thing in one namespace; clearing works on spaces, so that clearing answers never
touches a conversation. The *physical* form is the same text in every store and readable on its console:

    llmcache:1:shop/prod:response:9f86d081884c7d65...

The digit is the key format. A change of canonical form, digest or layout raises it, and the golden vectors
change with it (docs/decisions/0003).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, overload

from llmcache.errors import UsageError
from llmcache.model.namespace import Namespace, escape, unescape

KEY_FORMAT = 1
MAX_NAME_BYTES = 400
MAX_PHYSICAL_BYTES = 922
"""Longest physical key: what a store must take, or hash."""


class Kind(Enum):
    """What a space holds; the value stands in physical keys."""

    RESPONSE = "response"
    EMBEDDING = "embedding"
    HISTORY = "history"
    TAG = "tag"
    LEASE = "lease"
    DOCUMENT = "document"
    BYTES = "bytes"
    VECTORS = "vectors"
    QUESTION = "question"

    # Members are single objects, and Enum's own hash is written in Python: a key is made with each call.
    __hash__ = object.__hash__

    def __init__(self, word: str) -> None:
        self.is_evictable = word in {"response", "embedding"}
        """True where an entry can be had again by paying again, so that a full store may drop it.

        A conversation cannot be had again, and a dropped tag mark would bring cleared entries back.
        """
        self.is_log = word in {"history", "vectors", "question"}
        """True where a key of it names a log, False where it names an entry."""


INDEXES = {Kind.RESPONSE: Kind.QUESTION, Kind.DOCUMENT: Kind.VECTORS}
"""By which index what is found; who clears the one clears the other."""

_NAMED_BY_PEOPLE = frozenset({Kind.HISTORY, Kind.DOCUMENT})


@dataclass(frozen=True, slots=True)
class Space:
    """One kind of thing in one namespace: the unit of `clear`."""

    namespace: Namespace
    kind: Kind
    prefix: str = field(init=False, repr=False, compare=False)
    """The physical key up to and including the colon before the name."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "prefix", f"llmcache:{KEY_FORMAT}:{self.namespace.text}:{self.kind.value}:")

    @classmethod
    def from_prefix(cls, prefix: str) -> "Space":
        """Read back a `prefix`; UsageError for anything else."""
        pieces = prefix.split(":")
        if len(pieces) != 5 or pieces[:2] != ["llmcache", str(KEY_FORMAT)] or pieces[4] != "":
            raise UsageError(f"not the prefix of a space of key format {KEY_FORMAT}: {len(prefix)} characters")
        try:
            kind = Kind(pieces[3])
        except ValueError as error:
            raise UsageError(f"unknown kind of space; known: {', '.join(k.value for k in Kind)}") from error
        return cls(Namespace.from_text(pieces[2]), kind)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Key:
    """A name inside a space. Equal exactly when the physical forms are equal.

    Args:
        space: The namespace and kind.
        name: A digest in hexadecimal for answers and embeddings, human text for conversations; not empty,
            at most `MAX_NAME_BYTES` bytes when escaped.
    """

    space: Space
    name: str
    physical: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise UsageError("a key's name is a non-empty text")
        name = escape(self.name)
        if len(name) > MAX_NAME_BYTES:
            raise UsageError(f"a key's name is {len(name):,} bytes when escaped, limit {MAX_NAME_BYTES}")
        object.__setattr__(self, "physical", self.space.prefix + name)

    @classmethod
    def of_digests(cls, space: Space, digests: Iterable[str]) -> "list[Key]":
        """Return the keys whose names are digests in hexadecimal, which need no check: a batch has a thousand of them."""
        make, prefix = object.__new__, space.prefix
        # By the slots themselves: `object.__setattr__`, which looks each up by its name, takes twice as long.
        set_space, set_name, set_physical = _SLOTS
        keys: list[Key] = []
        for digest in digests:
            key = make(cls)
            set_space(key, space)
            set_name(key, digest)
            set_physical(key, prefix + digest)
            keys.append(key)
        return keys

    @classmethod
    def from_physical(cls, physical: str) -> "Key":
        """Read back a `physical` form; UsageError for anything else."""
        head, _, name = physical.rpartition(":")
        return cls(Space.from_prefix(head + ":"), unescape(name))

    @property
    def digest(self) -> str:
        """At most 12 characters to name this key by in errors, events and logs.

        The start of a response's digest; of the name of a conversation or a document nothing is shown, because names may be
        personal.
        """
        if self.space.kind in _NAMED_BY_PEOPLE:
            return self.space.kind.value
        # Escaped, so that no name can break a line of a log, or be a text that no stream can encode.
        return escape(self.name)[:12]

    def __repr__(self) -> str:
        name = "..." if self.space.kind in _NAMED_BY_PEOPLE else escape(self.name)
        return f"<Key {self.space.prefix}{name}>"

    def __eq__(self, other: object) -> bool:
        return self.physical == other.physical if isinstance(other, Key) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.physical)


_SLOTS: Final[tuple[Callable[[Key, object], None], ...]] = tuple(
    vars(Key)[name].__set__ for name in ("space", "name", "physical")
)


class Keys(Sequence[Key]):
    """Keys of one space whose names are digests: a sequence that makes them when somebody looks at them.

    To make a thousand takes longer than to find what is under them in memory, where nothing but their physical forms is needed.

    Attributes:
        space: That of all.
        physicals: The physical form of each.
    """

    __slots__ = ("_digests", "_made", "physicals", "space")

    def __init__(self, space: Space, digests: Sequence[str]) -> None:
        prefix = space.prefix
        self.space = space
        self.physicals = [prefix + digest for digest in digests]
        self._digests = digests
        self._made: list[Key] | None = None

    def __len__(self) -> int:
        return len(self._digests)

    @overload
    def __getitem__(self, at: int) -> Key: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Key]: ...
    def __getitem__(self, at: int | slice) -> Key | Sequence[Key]:
        if self._made is not None:
            return self._made[at]
        if isinstance(at, slice):
            return Keys(self.space, self._digests[at])
        (key,) = Key.of_digests(self.space, (self._digests[at],))
        return key

    def __iter__(self) -> Iterator[Key]:
        if self._made is None:
            self._made = Key.of_digests(self.space, self._digests)
        return iter(self._made)
