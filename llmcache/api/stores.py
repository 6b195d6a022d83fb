"""From the settings in force to opened stores: each once, whatever purposes it serves."""

import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llmcache.api.guarding import guarded, written_behind
from llmcache.config.mistakes import error_of
from llmcache.config.settings import NearChoice, Origin, Settings, StoreChoice
from llmcache.config.sources import ARGUMENT, DEFAULT
from llmcache.config.url import StoreURL, parse_url
from llmcache.errors import ConfigError, Mistake
from llmcache.model.key import Kind
from llmcache.protocols.whole import StorePair
from llmcache.protocols.world import Around

if TYPE_CHECKING:
    from llmcache.plugins.loading import Installed

NOWHERE = StoreURL("memory", "", {})
"""Opened in the place of a store that is not there, for who only looks."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The stores of one cache.

    Attributes:
        pair: The store of answers, and of every kind that has no store of its own.
        others: The stores of kinds that have one.
    """

    pair: StorePair
    others: Mapping[Kind, StorePair] = field(default_factory=dict)


def open_stores(settings: Settings, around: Around, *, look_only: bool = False) -> Opened:
    """Open every store that the settings use, importing its package now.

    Args:
        around: Time for the stores and what they are wrapped in, and who listens to that.
        look_only: Open an empty store in memory where nothing is there yet, because who looks must not make one.

    Raises:
        ConfigError: A URL or one of its options is wrong; lists those of all stores.
        PluginError: A plugin is broken, or a package it needs is missing.
        StoreError: A store could not be opened; the others are closed again.
    """
    from llmcache.plugins import catalogue, loading  # noqa: PLC0415 -- imports pluggy; `import llmcache` must not

    plugins = loading.installed()
    urls = _checked(settings.stores, plugins)
    opened: dict[StoreChoice, StorePair] = {}
    try:
        for choice, url in urls.items():
            is_hidden = look_only and not catalogue.is_there(url, around.now, plugins)
            with _placed(choice.origin):
                pair = catalogue.open_pair(NOWHERE if is_hidden else url, around.now, plugins)
            opened[choice] = pair
            opened[choice] = _wrapped(pair, choice, around, look_only=look_only)
    except BaseException:
        for pair in opened.values():
            if pair.blocking is not None:  # one that can only be awaited has no connection before its first use
                pair.blocking.close()
        raise
    chosen = {Kind.HISTORY: settings.history, Kind.EMBEDDING: settings.embeddings}
    apart = {kind: opened[choice] for kind, choice in chosen.items() if choice != settings.responses}
    return Opened(opened[settings.responses], apart)


def _wrapped(pair: StorePair, choice: StoreChoice, around: Around, *, look_only: bool) -> StorePair:
    """Return a store in all that was asked for, the outermost last: what is near needs no store, and what waits neither."""
    with _placed(choice.origins.get("deadline")):
        pair = guarded(pair, around, deadline=choice.deadline)
    if look_only:
        return pair  # asked for each thing once
    if choice.write_behind is not None:
        with _placed(choice.origins.get("write_behind")):
            pair = written_behind(pair, around, choice.write_behind)
    return pair if choice.near is None else _with_near(pair, choice.near, around)


@contextmanager
def _placed(origin: Origin | None) -> Generator[None]:
    """Say with a ConfigError where the value stands that it is about, if that is in a file or a variable."""
    try:
        yield
    except ConfigError as error:
        if origin is None or origin.what in {ARGUMENT, DEFAULT}:
            raise
        if not origin.place:
            raise ConfigError(f"{origin.what}: {error}") from error
        raise error_of([origin.mistake("", "", str(error))]) from error


def _with_near(pair: StorePair, near: NearChoice, around: Around) -> StorePair:
    from llmcache.drivers.tiered import tiered  # noqa: PLC0415 -- few have one

    # A cache that is given its time, as tests do, is given that of its copies, too.
    clock = around.monotonic if around.now is time.time else around.now
    return tiered(pair, around, max_bytes=near.max_bytes, ttl=near.ttl, clock=clock)


def url_of(choice: StoreChoice, plugins: "Sequence[Installed]") -> StoreURL:
    """Return the parts of a store's URL, with a relative path made whole where it stands in a file.

    Raises:
        ConfigError: It is no URL, no store is installed for its scheme, or an option is wrong.
        PluginError: The plugin of its scheme is broken.
    """
    from llmcache.plugins.catalogue import anchored, check  # noqa: PLC0415 -- as above

    url = parse_url(choice.url)
    check(url, plugins)
    return url if choice.folder is None else anchored(url, choice.folder, plugins)


def mistakes_in(choices: Sequence[StoreChoice], plugins: "Sequence[Installed]") -> list[Mistake]:
    """Return what is wrong with stores that stand in a file, as far as it is known unopened, each with its place."""
    found: list[Mistake] = []
    for choice in choices:
        try:
            with _placed(choice.origin):
                url = url_of(choice, plugins)
            found += deadline_mistakes(choice, url.scheme, plugins)
        except ConfigError as error:
            if not error.mistakes:
                raise
            found += error.mistakes
    return found


def deadline_mistakes(choice: StoreChoice, scheme: str, plugins: "Sequence[Installed]") -> list[Mistake]:
    """Return what is wrong with a deadline for a store that keeps one itself: one mistake or none."""
    from llmcache.plugins.catalogue import find  # noqa: PLC0415 -- as above

    origin = choice.origins.get("deadline")
    if origin is None or not find(scheme, plugins).keeps_time:
        return []
    return [origin.mistake("", "", f"{scheme} keeps a deadline of its own; set it in the URL: ?timeout=250ms")]


def _checked(choices: Sequence[StoreChoice], plugins: "Sequence[Installed]") -> dict[StoreChoice, StoreURL]:
    mistakes = mistakes_in(choices, plugins)
    if mistakes:
        raise error_of(mistakes)
    return {choice: url_of(choice, plugins) for choice in choices}
