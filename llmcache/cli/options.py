"""Options that several commands take."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from llmcache.api.cache import Cache
from llmcache.api.opening import open_settings
from llmcache.api.settling import settle
from llmcache.config.sources import NAMESPACE_VARIABLE, URL_VARIABLE, cache_folder
from llmcache.config.url import StoreURL, parse_url
from llmcache.model.key import Kind

Command = TypeVar("Command", bound=Callable[..., Any])

SHOWN_KINDS = (Kind.RESPONSE, Kind.HISTORY, Kind.EMBEDDING, Kind.DOCUMENT, Kind.BYTES)
"""What people look at. The others, marks of tags and leases, are the machinery's own."""


def with_namespace(command: Command) -> Command:
    """Add --namespace."""
    return click.option(
        "--namespace",
        metavar="PATH",
        help=f"Such as shop/prod; by default ${NAMESPACE_VARIABLE}, what a file says, or 'default'.",
    )(command)


def with_store(command: Command) -> Command:
    """Add --store and --namespace."""
    return click.option(
        "--store",
        metavar="URL",
        help=f"Such as sqlite:./folder, or the path of a llmcache.toml; by default ${URL_VARIABLE}, or what a file says.",
    )(with_namespace(command))


def with_json(command: Command) -> Command:
    """Add --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead.")(command)


def with_kind(
    default: Kind | None, help_text: str, kinds: Iterable[Kind] = SHOWN_KINDS
) -> Callable[[Command], Command]:
    """Return a decorator that adds --kind, one of `kinds`."""
    return click.option(
        "--kind",
        type=click.Choice([kind.value for kind in kinds]),
        default=None if default is None else default.value,
        show_default=default is not None,
        help=help_text,
    )


def opened(store: str | None, namespace: str | None) -> Cache:
    """Open the store that the options name; for a `with` block.

    Where nothing is there yet, an empty store in memory is opened instead: whoever looks must not make one.
    """
    return open_settings(settle(store, namespace=namespace), look_only=True)


def shown_store(store: str | None) -> str:
    """Return the URL in force, for people: with any password masked, and with the folder that an SQLite store has by default."""
    return " and ".join(_shown(parse_url(choice.url)) for choice in settle(store).stores)


def _shown(url: StoreURL) -> str:
    return f"{url.shown}{cache_folder()}" if is_default_folder(url) else url.shown


def is_default_folder(url: StoreURL) -> bool:
    """True for SQLite in the user's cache folder: the store of whoever names none, who also wants to know where that is."""
    return url.scheme == "sqlite" and not url.address
