"""Store URLs: `scheme:address?option=value&option=value`."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from llmcache.errors import ConfigError

_SCHEME = re.compile(r"([a-z][a-z0-9]*(?:[+-][a-z0-9]+)*):(.*)", re.DOTALL | re.ASCII)
_PASSWORD = re.compile(r"(//[^/?@]*?:)[^/?@]*@")

FORMS = "memory:, sqlite: or sqlite:FOLDER"


@dataclass(frozen=True, slots=True)
class StoreURL:
    """A store URL in its parts.

    Attributes:
        scheme: Which kind of store, in lower case.
        address: What follows the colon, up to the question mark, unchanged.
        options: What follows the question mark; values are percent-decoded.
    """

    scheme: str
    address: str
    options: dict[str, str]

    @property
    def shown(self) -> str:
        """The scheme and address for messages, with any password masked."""
        return _PASSWORD.sub(r"\1***@", f"{self.scheme}:{self.address}")


def parse_url(text: str) -> StoreURL:
    """Return the parts of a store URL; ConfigError says what was found and which forms there are."""
    match = _SCHEME.fullmatch(text)
    if match is None:
        shown = _PASSWORD.sub(r"\1***@", text)[:80]
        hint = f"; for a folder write sqlite:{shown}" if shown and ":" not in shown else ""
        raise ConfigError(f"{shown!r} is not a store URL; forms are {FORMS}{hint}")
    address, _, query = match[2].partition("?")
    return StoreURL(match[1], address, _options(query))


def _options(query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for pair in filter(None, query.split("&")):
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise ConfigError(f"the URL option {name!r} has no value; options are written ?name=value&name=value")
        if name in options:
            raise ConfigError(f"the URL option {name!r} is given twice")
        options[name] = unquote(value)
    return options
