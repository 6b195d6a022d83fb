"""What `llmcache config check` finds: every mistake in a configuration, and whether its stores answer."""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from llmcache.api.settling import wrong_stores
from llmcache.api.stores import mistakes_in, url_of
from llmcache.config.document import Document
from llmcache.config.reading import read_document
from llmcache.config.resolving import resolve, written_secrets, written_stores
from llmcache.config.settings import Settings, StoreChoice
from llmcache.config.sources import find_source
from llmcache.errors import ConfigError, LLMCacheError, Mistake, StoreError
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.model.units import Seconds
from llmcache.plugins.catalogue import is_there, open_pair
from llmcache.plugins.loading import Installed, installed
from llmcache.protocols.whole import StorePair

_NOBODYS = Key(Space(Namespace(("llmcache-check",)), Kind.RESPONSE), "0" * 64)
"""A key that nobody has: reading it goes the whole way to a store and changes nothing."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the environment that the file refers to."""

    name: str
    is_set: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What a store said.

    Attributes:
        url: The store, without secrets.
        state: "answers"; "new" where opening would make it; "failed" where it cannot do it; "wrong" where it cannot be opened.
        told: The same for people.
        seconds: How long opening and one read took; None where there was no answer.
    """

    url: str
    state: Literal["answers", "new", "failed", "wrong"]
    told: str
    seconds: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What was found.

    Attributes:
        source: Who named the store or the file.
        file: The file, or None.
        profile: The profile in force, or None.
        profiles: All of them.
        mistakes: Everything that is wrong.
        variables: What the file refers to.
        stores: What the stores in force said; empty where they were not asked.
    """

    source: str
    file: str | None
    profile: str | None = None
    profiles: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    variables: tuple[Variable, ...] = ()
    stores: tuple[Answer, ...] = ()

    def with_mistakes(self, more: Iterable[Mistake]) -> "Report":
        """Return a report with more mistakes, in the order of the lines."""
        return replace(self, mistakes=tuple(sorted([*self.mistakes, *more], key=lambda one: one.line or 0)))


def report_of(given: str | None, profile: str | None, *, connect: bool) -> Report:
    """Return what is wrong with the configuration that holds, and with `connect` what its stores say.

    Raises:
        ConfigError: What is wrong is not in a file: a variable, or a URL that was given.
    """
    source = find_source(given, os.environ)
    plugins = installed()
    if source.file is None:
        settings = resolve(given, profile=profile)
        mistakes_in(settings.stores, plugins)
        return Report(source.origin, None, stores=_asked(settings, plugins) if connect else ())
    document = read_document(source.file, source.origin)
    report = Report(source.origin, document.file, profiles=tuple(document.profiles))
    report = report.with_mistakes([*document.mistakes, *wrong_stores(document, plugins)])
    if document.mistakes:
        return report
    report = replace(report, variables=tuple(_variables(document)))
    try:
        settings = resolve(given, profile=profile)
    except ConfigError as error:
        if not error.mistakes:
            raise
        return report.with_mistakes(error.mistakes)
    known = {(one.line, one.key) for one in report.mistakes}
    filled = [mistake for mistake in mistakes_in(settings.stores, plugins) if (mistake.line, mistake.key) not in known]
    report = replace(report, profile=settings.profile or None).with_mistakes(filled)
    return replace(report, stores=_asked(settings, plugins)) if connect and not report.mistakes else report


def _variables(document: Document) -> Iterator[Variable]:
    in_urls = [name for choice in written_stores(document) for name in choice.variables]
    names = dict.fromkeys([*in_urls, *written_secrets(document)])
    return (Variable(name, bool(os.environ.get(name))) for name in names)


def _asked(settings: Settings, plugins: Sequence[Installed]) -> tuple[Answer, ...]:
    return tuple(_answer(choice, plugins) for choice in settings.stores)


def _answer(choice: StoreChoice, plugins: Sequence[Installed]) -> Answer:
    begun = time.perf_counter()
    try:
        url = url_of(choice, plugins)
        if not is_there(url, time.time, plugins):
            return Answer(choice.shown, "new", "is not there yet; the first cache that is opened makes it")
        _read_one(open_pair(url, time.time, plugins))
    except LLMCacheError as error:
        return Answer(choice.shown, "failed" if isinstance(error, StoreError) else "wrong", str(error))
    seconds = time.perf_counter() - begun
    return Answer(choice.shown, "answers", f"answers, {seconds * 1000:.1f} ms", round(seconds, 6))


def _read_one(pair: StorePair) -> None:
    if pair.blocking is not None:
        try:
            pair.blocking.get_many((_NOBODYS,))
        finally:
            pair.blocking.close()
    elif pair.awaiting is not None:
        import asyncio  # noqa: PLC0415 -- only for a store that cannot block; it would slow every command

        asyncio.run(_read_one_awaited(pair))


async def _read_one_awaited(pair: StorePair) -> None:
    assert pair.awaiting is not None
    try:
        await pair.awaiting.get_many((_NOBODYS,))
    finally:
        await pair.awaiting.close()
