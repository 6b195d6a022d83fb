"""Chaos from the command line: `python -m tests.chaos --store redis --seed 7 --seconds 600`.

Prints a verdict for each store and exits with 1 where something is broken. The seed is printed first: the same one strikes
with the same faults in the same order.
"""

import argparse
import sys
import time
from pathlib import Path

from tests.chaos.options import OPTIONS
from tests.chaos.report import report
from tests.chaos.running import STAGES, run
from tests.chaos.watching import growth, picture

MOST_GROWN = {"memory": 24.0, "files": 8.0, "threads": 8.0}
"""MiB, files and threads by which a process may be larger at the end of a long run."""
_LONG = 120


def main() -> int:
    """Run, print, and return 1 where something is broken."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description="Let faults befall real servers, and judge."
    )
    parser.add_argument(
        "--store", action="append", choices=list(STAGES), help="which; repeatable; without it all of them"
    )
    parser.add_argument("--seed", type=int, default=None, help="without it, one is drawn")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each store (default: %(default)s)")
    parser.add_argument("--option", action="append", default=[], choices=list(OPTIONS), help="of the cache; repeatable")
    parser.add_argument("--pictures", type=Path, help="a folder that takes a picture of each run")
    chosen = parser.parse_args()
    seed = time.time_ns() % 1_000_000 if chosen.seed is None else chosen.seed
    good = True
    for store in chosen.store or STAGES:
        good &= _once(store, seed, chosen.seconds, chosen.option, chosen.pictures)
    return 0 if good else 1


def _once(store: str, seed: int, seconds: float, options: list[str], pictures: Path | None) -> bool:
    replay = f"--store {store} --seed {seed} --seconds {seconds:g}" + "".join(f" --option {one}" for one in options)
    print(f"{time.strftime('%Y-%m-%d %H:%M')}  python -m tests.chaos {replay}", flush=True)
    outcome = run(store, seed, seconds, options)
    grown = growth(outcome.samples)
    if seconds >= _LONG:
        for name, number in grown.items():
            if number > MOST_GROWN[name]:
                outcome.verdict.broken["growth"].append(f"{name} {number:+.1f}, at most {MOST_GROWN[name]:+.1f}")
    print(report(outcome.verdict, grown), flush=True)
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
        (pictures / f"{store}.svg").write_text(picture(outcome.samples, f"chaos, {store}, {seconds:g} s, seed {seed}"))
    return outcome.verdict.is_good


if __name__ == "__main__":
    sys.exit(main())
