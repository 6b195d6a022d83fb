"""Compare, print, and keep what was printed."""

import datetime as dt
import time
import warnings
from importlib.metadata import version
from pathlib import Path

from benchmarks.suites.keyrings import KEYRING
from benchmarks.suites.langchain import CACHE, STORE
from benchmarks.suites.langgraph import CHECKPOINTS
from llmcache.memory import AsyncMemoryStore
from llmcache_conformance.cases import CASES
from llmcache_conformance.matrix import kill_matrix
from llmcache_conformance.saboteurs import SABOTEURS, Saboteur

PEERS = (CACHE, STORE, CHECKPOINTS, KEYRING)
IN_REACH = frozenset(f"KV-{number}" for number in (1, 2, 3, 4, 5, 6, 10, 12, 14, 15))
"""Clauses about what their interfaces have, too: get, set, delete and clear, without times to live and conditions."""


def main() -> None:
    """Compare, print, and keep what was printed."""
    warnings.simplefilter("ignore")
    for peer in PEERS:
        if peer.caught(None):
            raise SystemExit(f"{peer.told} fails on the store that is not broken: the comparison means nothing")
    began = time.monotonic()
    ours = {name for name, killers in kill_matrix(SABOTEURS, CASES).items() if killers}
    took = time.monotonic() - began
    theirs = [{one.name for one in SABOTEURS if peer.caught(one)} for peer in PEERS]
    report = _report([ours, *theirs], took)
    print(report)
    kept = Path(__file__).parents[1] / "results" / f"suites-{dt.datetime.now(dt.UTC):%Y-%m-%d}.txt"
    kept.write_text(report + "\n", "utf-8")


def _report(found: list[set[str]], took: float) -> str:
    families = list(dict.fromkeys(_family(one) for one in SABOTEURS))
    groups: list[tuple[str, list[Saboteur]]] = [
        (name, [s for s in SABOTEURS if _family(s) == name]) for name in families
    ]
    groups.append(("all", list(SABOTEURS)))
    groups.append(("in reach of their interfaces", [one for one in SABOTEURS if _is_in_reach(one)]))
    versions = sorted({f"{peer.distribution} {version(peer.distribution)}" for peer in PEERS})
    lines = [
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}, llmcache-kit {version('llmcache-kit')}, {', '.join(versions)}",
        f"Caught by: ours, {len(CASES)} cases in up to four colours, {took:.0f} s;",
        *(f"{peer.name}: {peer.told}, {peer.tests} tests;" for peer in PEERS),
        "",
        "".join([f"{'faults':<30}{'of':>5}{'ours':>9}", *(f"{peer.name:>9}" for peer in PEERS)]),
    ]
    for name, members in groups:
        names = {one.name for one in members}
        lines.append("".join([f"{name:<30}{len(names):>5}", *(f"{len(names & each):>9}" for each in found)]))
    lines += [
        "",
        "The faults are those we thought of: this compares suites on one list, and says nothing of how often each happens.",
        "In reach: faults of getting, setting, deleting and clearing, which the others' interfaces have, too.",
    ]
    return "\n".join(lines)


def _is_in_reach(saboteur: Saboteur) -> bool:
    return bool(set(saboteur.clauses) & IN_REACH) and _family(saboteur) not in {"times", "room", "limits"}


def _family(saboteur: Saboteur) -> str:
    broken = saboteur.store if saboteur.awaiting is AsyncMemoryStore else saboteur.awaiting
    return broken.__module__.rpartition(".")[2]


if __name__ == "__main__":
    main()
