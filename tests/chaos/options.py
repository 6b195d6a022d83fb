"""Options of the cache under chaos, by name: lines of a configuration file, and what they change for the judge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmcache.flows.once import LEASE, MOST_LEADERS
from llmcache.model.units import Seconds

NEAR_TTL: Seconds = 1.0


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        responses: Keys of the table of answers.
        cache: Other lines of [llmcache].
        store: Lines of the store's table.
        unseen: How long a process may not see that another one has cleared everything.
        waits: How much longer a question may take.
        keeps_back: An answer that is said to be kept may wait in its process, where nobody else can clear it but by its tag.
    """

    responses: str = ""
    cache: str = ""
    store: str = ""
    unseen: Seconds = 0.0
    waits: Seconds = 0.0
    keeps_back: bool = False


OPTIONS: Mapping[str, Option] = {
    "near": Option(store=f'near = {{ max_bytes = "256KiB", ttl = "{NEAR_TTL:g}s" }}', unseen=NEAR_TTL),
    "behind": Option(store='write_behind = "1MiB"', keeps_back=True),
    "fresh": Option('early_refresh = "20%", jitter = "10%", stale_if_error = "30s"'),
    # A process that is killed in the middle of a call holds others up until its lease ends.
    "shared": Option('coalesce = "shared"', waits=MOST_LEADERS * (LEASE + 1.0)),
    "sealed": Option(cache='seal = { keys = ["${CHAOS_SEAL_KEY}"], names = "${CHAOS_SEAL_NAMES}" }'),
}

SECRETS: Mapping[str, str] = {"CHAOS_SEAL_KEY": "A" * 43, "CHAOS_SEAL_NAMES": "B" * 43}
"""Variables that the files refer to; nothing in a run is secret."""


def file_of(url: str, names: Sequence[str]) -> str:
    """Return a configuration file with these options; the URL has nothing that a text of TOML would have to escape."""
    chosen = [OPTIONS[name] for name in names]
    answers = ", ".join(one.responses for one in chosen if one.responses)
    lines = ["[llmcache]", 'namespace = "chaos"', 'store = "main"', f"responses = {{ {answers} }}"]
    lines += [one.cache for one in chosen if one.cache]
    lines += ["[stores.main]", f'url = "{url}"', *(one.store for one in chosen if one.store)]
    return "\n".join(lines) + "\n"


def unseen(names: Sequence[str]) -> Seconds:
    """Return how long a process may not see a clearing of another."""
    return max((OPTIONS[name].unseen for name in names), default=0.0)


def keeps_back(names: Sequence[str]) -> bool:
    """True where clearing everything does not reach what waits in other processes."""
    return any(OPTIONS[name].keeps_back for name in names)


def waits(names: Sequence[str]) -> Seconds:
    """Return how much longer a question may take."""
    return sum(OPTIONS[name].waits for name in names)
