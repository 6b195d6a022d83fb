"""Options of the cache under chaos, by name: lines of a configuration file, and what they change for the judge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmcache.model.units import Seconds

NEAR_TTL: Seconds = 1.0


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        cache: Lines of [llmcache].
        store: Lines of the store's table.
        unseen: How long a process may not see that another one has cleared everything.
    """

    cache: str = ""
    store: str = ""
    unseen: Seconds = 0.0


OPTIONS: Mapping[str, Option] = {
    "near": Option(store=f'near = {{ max_bytes = "256KiB", ttl = "{NEAR_TTL:g}s" }}', unseen=NEAR_TTL),
    "fresh": Option('responses = { early_refresh = "20%", jitter = "10%", stale_if_error = "30s" }'),
    "sealed": Option('seal = { keys = ["${CHAOS_SEAL_KEY}"], names = "${CHAOS_SEAL_NAMES}" }'),
}

SECRETS: Mapping[str, str] = {"CHAOS_SEAL_KEY": "A" * 43, "CHAOS_SEAL_NAMES": "B" * 43}
"""Variables that the files refer to; nothing in a run is secret."""


def file_of(url: str, names: Sequence[str]) -> str:
    """Return a configuration file with these options; the URL stands in it in the form of TOML's basic strings."""
    chosen = [OPTIONS[name] for name in names]
    lines = ["[llmcache]", 'namespace = "chaos"', 'store = "main"', *(one.cache for one in chosen)]
    lines += ["[stores.main]", f'url = "{url}"', *(one.store for one in chosen)]
    return "\n".join(filter(None, lines)) + "\n"


def unseen(names: Sequence[str]) -> Seconds:
    """Return how long a process may not see a clearing of another."""
    return max((OPTIONS[name].unseen for name in names), default=0.0)
