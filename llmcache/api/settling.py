"""The settings in force, or everything that is wrong with them: what the file itself shows, and what the installed stores say about it."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from llmcache.api.stores import deadline_mistakes
from llmcache.config.document import Document
from llmcache.config.mistakes import error_of
from llmcache.config.references import STAND_IN, without_literal
from llmcache.config.resolving import resolve, written_stores
from llmcache.config.settings import Settings, StoreChoice
from llmcache.config.sources import find_source
from llmcache.config.url import parse_url
from llmcache.errors import ConfigError, Mistake, PluginError
from llmcache.model.namespace import Namespace
from llmcache.model.seal import Seal

if TYPE_CHECKING:
    from llmcache.plugins.loading import Installed


def settle(
    given: str | Path | None = None,
    *,
    namespace: Namespace | str | None = None,
    profile: str | None = None,
    seal: Seal | None = None,
) -> Settings:
    """Return the settings in force, as `resolve` does.

    Raises:
        ConfigError: The source is wrong; lists every mistake in a file, wrong schemes and options of its stores included, so that
            nobody has to mend one to be told of the next.
        UsageError: An argument is wrong.
    """
    try:
        return resolve(given, namespace=namespace, profile=profile, seal=seal)
    except ConfigError as error:
        if not error.mistakes:
            raise
        mistakes = [*error.mistakes, *_said_by_stores(given)]
        if len(mistakes) == len(error.mistakes):
            raise
    raise error_of(sorted(set(mistakes), key=lambda one: one.line or 0))


def _said_by_stores(given: str | Path | None) -> list[Mistake]:
    from llmcache.config.reading import read_document  # noqa: PLC0415 -- who has a sound file needs neither
    from llmcache.plugins.loading import installed  # noqa: PLC0415 -- imports pluggy

    source = find_source(given, os.environ)
    return [] if source.file is None else list(wrong_stores(read_document(source.file, source.origin), installed()))


def wrong_stores(document: Document, plugins: "Sequence[Installed]") -> Iterator[Mistake]:
    """Give what the installed stores say about the URLs of a file, those of other profiles included."""
    for choice in written_stores(document):
        try:
            yield from _check_shape(choice, plugins)
        except (ConfigError, PluginError) as error:
            yield choice.origin.mistake("", "", str(error).replace(STAND_IN, "${...}"))


def _check_shape(choice: StoreChoice, plugins: "Sequence[Installed]") -> list[Mistake]:
    """Raise where the URL is wrong, and return what is wrong beside it.

    What a variable stands for is not judged: it may not be set here.
    """
    if choice.url.startswith("${"):
        return []
    from llmcache.plugins.catalogue import check, find  # noqa: PLC0415 -- imports pluggy

    url = parse_url(without_literal(choice.url))
    known = find(url.scheme, plugins).options
    # An unknown option stays, to be refused; the value of a known one is judged where it is no reference.
    judged = {name: value for name, value in url.options.items() if name not in known or STAND_IN not in value}
    check(replace(url, options=judged), plugins, options_only=STAND_IN in url.address)
    return deadline_mistakes(choice, url.scheme, plugins)
