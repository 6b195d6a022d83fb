"""Checks of what a store is opened with, so that every store refuses a wrong option in the same words."""

import math
from collections.abc import Mapping

from llmcache.errors import UsageError


def check_names(store: str, options: Mapping[str, object], known: list[str]) -> None:
    """Raise UsageError where an option is not among the known ones."""
    for name in options:
        if name not in known:
            raise UsageError(f"{store}: unknown option {name!r:.40}; allowed: {', '.join(known)}")


def check_whole(store: str, name: str, value: object, least: int) -> None:
    """Raise UsageError where the value of an option is no integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UsageError(f"{store}: {name} is an integer of at least {least:,}, found {value!r:.40}")


def check_seconds(store: str, name: str, value: object) -> None:
    """Raise UsageError where the value of an option is no positive, finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        raise UsageError(f"{store}: {name} is a positive, finite number of seconds, found {value!r:.40}")


def check_flag(store: str, name: str, value: object) -> None:
    """Raise UsageError where the value of an option is neither True nor False."""
    if not isinstance(value, bool):
        raise UsageError(f"{store}: {name} is True or False, found {type(value).__name__}")
