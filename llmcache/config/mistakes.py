"""Mistakes in a configuration file: where, what was found, what is allowed, and the nearest spelling."""

import difflib
import re
from collections.abc import Iterable, Sequence

from llmcache.config.url import masked
from llmcache.errors import ConfigError, Mistake

_MOST_SHOWN = 60
_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def nearest(word: str, allowed: Iterable[str]) -> str:
    """Return the allowed word most like `word`, or "" where none is like it."""
    return next(iter(difflib.get_close_matches(word, list(allowed), n=1)), "")


def shown(value: object) -> str:
    """Return a value of a file for a message: short, and with any password masked."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        # Masked first: a cut could leave half a password without the sign that ends it.
        hidden = masked(value)
        return repr(hidden if len(hidden) <= _MOST_SHOWN else hidden[:_MOST_SHOWN] + "...")
    return str(value)[:_MOST_SHOWN]


def dotted(names: Iterable[str]) -> str:
    """Return names as TOML writes them, with dots between them and quotes where they need some."""
    return ".".join(name if _BARE.fullmatch(name) else repr(name) for name in names)


def error_of(mistakes: Sequence[Mistake]) -> ConfigError:
    """Return the error that says all of them, one a line."""
    lines = [mistake.text for mistake in mistakes]
    many = f"{len(lines)} mistakes in the configuration:\n  " + "\n  ".join(lines)
    error = ConfigError(many if len(lines) > 1 else "".join(lines))
    error.mistakes = tuple(mistakes)
    return error
