"""Store URLs: `scheme:address?option=value&option=value`."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from llmcache.errors import ConfigError

SCHEME = r"[a-z][a-z0-9]*(?:[+-][a-z0-9]+)*"
"""What a scheme looks like, as a regular expression."""

_SCHEME = re.compile(rf"({SCHEME}):(.*)", re.DOTALL | re.ASCII)
# Up to the last @: a password that nobody escaped may hold any of / ? & @, and too much masked hurts nobody.
_PASSWORD = re.compile(r"(//[^/:@]*:).*@", re.DOTALL)
# One letter is a drive of Windows, never a scheme.
_DRIVE = re.compile(r"[A-Za-z]:[\\/]", re.ASCII)

FORMS = "memory:, sqlite: or sqlite:FOLDER, the scheme of another installed store, or the path of a .toml file"


@dataclass(frozen=True, slots=True)
class StoreURL:
    """A store URL in its parts.

    Attributes:
        scheme: Which kind of store, in lower case.
        address: What follows the colon, up to the question mark, unchanged.
        options: What follows the question mark; values are percent-decoded.
    """

    scheme: str
    address: str = field(repr=False)
    options: dict[str, str] = field(repr=False)

    @property
    def shown(self) -> str:
        """The scheme and address for messages, with any password masked."""
        options = "&".join(f"{name}={value}" for name, value in self.options.items())
        return _without_password(f"{self.scheme}:{self.address}?{options}").partition("?")[0]


def parse_url(text: str) -> StoreURL:
    """Return the parts of a store URL; ConfigError says what was found and which forms there are."""
    if not isinstance(text, str):
        raise ConfigError(f"a store URL is a text such as 'sqlite:', found {type(text).__name__}; forms are {FORMS}")
    match = _SCHEME.fullmatch(text)
    if match is None or _DRIVE.match(text):
        shown = masked(text)[:80]
        is_folder = shown and (":" not in shown or _DRIVE.match(text))
        hint = f"; for a folder write sqlite:{shown}" if is_folder else ""
        if re.fullmatch(SCHEME, shown):
            hint += f", for a scheme {shown}:"
        raise ConfigError(f"{shown!r} is not a store URL; forms are {FORMS}{hint}")
    address, _, query = match[2].partition("?")
    return StoreURL(match[1], address, _options(query))


def is_file(text: str) -> bool:
    """True where `text` is the path of a configuration file and not a URL."""
    return text.endswith(".toml") and (_SCHEME.fullmatch(text) is None or _DRIVE.match(text) is not None)


def masked(text: str) -> str:
    """Return a text that may be a URL, for messages: without its password, and without the values of its options."""
    head, mark, options = _without_password(text).partition("?")
    return f"{head}{mark}..." if options else head + mark


def _without_password(text: str) -> str:
    return _PASSWORD.sub(r"\1***@", text)


def _options(query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for place, pair in enumerate(filter(None, query.split("&")), 1):
        name, equals, value = pair.partition("=")
        if not equals or not name:
            # Its text is not shown: behind an unescaped question mark it is the rest of a password.
            raise ConfigError(
                f"option {place} of the URL has no name or no value; options are written ?name=value&name=value, "
                "and a question mark before them as %3F"
            )
        if name in options:
            raise ConfigError(f"the URL option {name!r} is given twice")
        options[name] = unquote(value)
    return options
