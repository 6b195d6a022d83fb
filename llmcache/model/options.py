"""Options: how one call is to be treated, beside what it asks."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias, cast, get_args

from llmcache.errors import UsageError
from llmcache.model.namespace import Namespace
from llmcache.model.units import Seconds, Share

Coalesce: TypeAlias = Literal["off", "process", "shared"]
"""Who shares a call that is under way: nobody, the callers in this process, or those of other processes too."""

_MOST_SECONDS = 1e300


@dataclass(frozen=True, slots=True)
class Options:
    """Per-call wishes; every default means "as the cache does it".

    Attributes:
        bypass: Neither read nor keep.
        refresh: Do not read; keep the new answer over the old one.
        ttl: Time to live in seconds for what is kept; None means the cache's own.
        tags: Names to clear the kept answer by.
        namespace: A path below the cache's own namespace; None means the cache's own.
        max_age: Take no answer made more than this many seconds ago; None means any age.
        background_refresh: True where who refreshes does not wait for it; None means as the cache does.
        coalesce: With whom to share a call that is under way; None means as the cache does.
    """

    bypass: bool = False
    refresh: bool = False
    ttl: Seconds | None = None
    tags: tuple[str, ...] = ()
    namespace: Namespace | None = None
    max_age: Seconds | None = None
    background_refresh: bool | None = None
    coalesce: Coalesce | None = None

    def over(self, outer: "Options") -> "Options":
        """Return these options where they say something, `outer` elsewhere; tags add up, namespaces nest."""
        namespace = self.namespace or outer.namespace
        if self.namespace is not None and outer.namespace is not None:
            namespace = outer.namespace.child(self.namespace)
        return Options(
            bypass=self.bypass or outer.bypass,
            refresh=self.refresh or outer.refresh,
            ttl=outer.ttl if self.ttl is None else self.ttl,
            tags=outer.tags + tuple(tag for tag in self.tags if tag not in outer.tags),
            namespace=namespace,
            max_age=outer.max_age if self.max_age is None else self.max_age,
            background_refresh=outer.background_refresh if self.background_refresh is None else self.background_refresh,
            coalesce=self.coalesce or outer.coalesce,
        )


NO_OPTIONS = Options()


def read_options(given: dict[str, object]) -> Options:
    """Return the options named in `given`, checked; UsageError names what was found and what is allowed."""
    allowed = [field.name for field in fields(Options)]
    for name in given:
        if name not in allowed:
            raise UsageError(f"unknown option {name!r}; allowed: {', '.join(allowed)}")
    namespace = given.get("namespace")
    if namespace is not None and not isinstance(namespace, Namespace | str):
        raise UsageError(f"namespace is a text such as 'tenant-a', found {type(namespace).__name__}")
    return Options(
        bypass=_flag("bypass", given.get("bypass", False)),
        refresh=_flag("refresh", given.get("refresh", False)),
        ttl=check_seconds("ttl", given.get("ttl")),
        tags=check_tags(given.get("tags", ())),
        namespace=None if namespace is None else Namespace.of(namespace),
        max_age=check_seconds("max_age", given.get("max_age")),
        background_refresh=check_flag("background_refresh", given.get("background_refresh")),
        coalesce=check_coalesce(given.get("coalesce")),
    )


def check_seconds(name: str, found: object) -> Seconds | None:
    """Return `found` as seconds, or None; UsageError unless it is a positive, finite number."""
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise UsageError(f"{name} is a number of seconds, found {type(found).__name__}")
    # Not math.isfinite, which a whole number beyond all floats makes raise.
    if not 0 < found < _MOST_SECONDS:
        shown = found if isinstance(found, float) or abs(found) < _MOST_SECONDS else "too large"
        raise UsageError(f"{name} is {shown}; allowed are positive, finite numbers of seconds, or None")
    return float(found)


def check_share(name: str, found: object) -> Share | None:
    """Return `found` as a share, or None; UsageError unless it is a number from 0 to less than 1."""
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise UsageError(f"{name} is a share such as 0.1, found {type(found).__name__}")
    if not 0 <= found < 1:
        raise UsageError(f"{name} is {found:.12g}; allowed are numbers from 0 to less than 1, or None")
    return float(found)


def check_coalesce(found: object) -> Coalesce | None:
    """Return `found` as a way of sharing calls, or None; UsageError for another word."""
    if found is None or found in get_args(Coalesce):
        return cast(Coalesce | None, found)
    raise UsageError(f"coalesce is {found!r:.40}; allowed are {', '.join(map(repr, get_args(Coalesce)))}")


def check_max_messages(found: object) -> int | None:
    """Return `found` as a number of messages, or None; UsageError unless it is a whole number from 1."""
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise UsageError(f"max_messages is {found!r}; allowed are whole numbers from 1, or None for all")
    return found


def check_tags(found: object) -> tuple[str, ...]:
    """Return `found` as a tuple of non-empty texts."""
    return _texts("tags", "a tag", "faq", found)


def check_models(found: object) -> tuple[str, ...]:
    """Return `found` as the names of models."""
    return _texts("models", "a model's name", "gpt-5.4-mini", found)


def _texts(name: str, each: str, example: str, found: object) -> tuple[str, ...]:
    if isinstance(found, str) or not isinstance(found, Iterable):
        raise UsageError(f"{name} is a collection of texts, such as ({example!r},), found {type(found).__name__}")
    texts = tuple(found)
    for text in texts:
        if not isinstance(text, str) or not text:
            raise UsageError(f"{each} is a non-empty text, found {type(text).__name__}")
    return texts


def check_flag(name: str, found: object) -> bool | None:
    """Return `found` as a flag, or None."""
    return None if found is None else _flag(name, found)


def _flag(name: str, found: object) -> bool:
    if not isinstance(found, bool):
        raise UsageError(f"{name} is True or False, found {type(found).__name__}")
    return found
