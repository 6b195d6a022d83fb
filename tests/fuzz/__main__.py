"""Fuzzes every target in turn, guided by coverage: `python -m tests.fuzz --seconds 600 [TARGET ...]`.

An input that breaks a promise ends it: the input is written beside the report, and stands in the corpus from then on, so that
`make test` is red until the mistake is mended. What reaches something new is kept; what became superfluous is dropped.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import corpora

_LONGEST = 4096
_LARGEST_INPUT_KEPT = 600
_LARGEST_CORPUS_KEPT = 16_000
_DONE = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_REACHED = re.compile(r"#\d+\s+\w+\s+cov: (\d+) ft: (\d+)")


@dataclass(frozen=True)
class Outcome:
    """How one target went.

    Attributes:
        inputs: How many were tried.
        reached: Edges of our code, as libFuzzer counts them.
        broken: What broke the promise; b"" where the fuzzer itself was ended by something, None where all is well.
        said: What the fuzzer said about that.
    """

    inputs: int
    reached: int
    broken: bytes | None
    said: str


def main() -> int:
    """Fuzz; return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz every target in turn.")
    parser.add_argument("targets", nargs="*", choices=[*corpora.names(), []], help="which; without any, all")
    parser.add_argument("--seconds", type=int, default=300, help="for all of them together (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the fuzzer; 0 chooses one")
    chosen = parser.parse_args()
    targets = chosen.targets or corpora.names()
    seconds = max(1, chosen.seconds // len(targets))
    total, broken = 0, 0
    print(f"{time.strftime('%Y-%m-%d %H:%M')}, {len(targets)} targets, {seconds} s each")
    for name in targets:
        outcome = fuzzed(name, seconds, chosen.seed)
        total += outcome.inputs
        broken += outcome.broken is not None
        kept = corpora.kept(name)
        print(
            f"{name:16} {outcome.inputs:>12,} inputs  {outcome.reached:>6,} edges  "
            f"corpus {len(kept):>4} of {sum(map(len, kept)):>7,} bytes  {'BROKEN' if outcome.broken is not None else 'ok'}",
            flush=True,
        )
        if outcome.broken is not None:
            print(outcome.said)
            print(f"the input is now in the corpus: {outcome.broken!r}", flush=True)
    print(f"{'all':16} {total:>12,} inputs, {broken} broken")
    return 1 if broken else 0


def fuzzed(name: str, seconds: int, seed: int) -> Outcome:
    """Fuzz one target for a time, and renew its corpus."""
    with tempfile.TemporaryDirectory(prefix="llmcache-fuzz-") as text:
        folder = Path(text)
        inputs, least = folder / "inputs", folder / "least"
        inputs.mkdir()
        least.mkdir()
        for number, data in enumerate((*corpora.target(name).SEEDS, *corpora.kept(name))):
            (inputs / f"kept-{number}").write_bytes(data)
        limits = [f"-max_len={_LONGEST}", "-timeout=20", "-rss_limit_mb=2048", f"-artifact_prefix={folder}/broken-"]
        said = _run(
            name, folder, [*limits, f"-max_total_time={seconds}", f"-seed={seed}", "-print_final_stats=1", inputs]
        )
        done, reached = _DONE.search(said), _REACHED.findall(said)
        broken = next((path.read_bytes() for path in sorted(folder.glob("broken-*"))), None if done else b"")
        # By edges alone: how often each was passed would keep ten times as many.
        _run(name, folder, [*limits, "-use_counters=0", "-merge=1", least, inputs])
        found = _affordable([path.read_bytes() for path in least.iterdir()])
        corpora.keep(name, [*found, *([] if broken is None else [broken])])
        return Outcome(
            int(done[1]) if done else 0,
            int(reached[-1][0]) if reached else 0,
            broken,
            _traceback(said),
        )


def _run(name: str, folder: Path, options: list[str | Path]) -> str:
    program = folder / "run"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m tests.fuzz.running {name} "$0" "$@"\n')
    program.chmod(0o700)
    # Targets that need a file make it in the folder that goes afterwards, however the fuzzer ends.
    surroundings = {**os.environ, "TMPDIR": str(folder)}
    ended = subprocess.run(
        [program, *options], check=False, capture_output=True, text=True, errors="replace", env=surroundings
    )
    return f"{ended.stderr}{ended.stdout}\nended with status {ended.returncode}"


def _traceback(said: str) -> str:
    """Return what the fuzzer says about the end, without the long way there."""
    _, mark, rest = said.partition(" === Uncaught Python exception: ===")
    return mark + rest if mark else "\n".join(line for line in said.splitlines() if "ERROR" in line or "status" in line)


def _affordable(found: list[bytes]) -> list[bytes]:
    """Return the shorter inputs, as many as a corpus in the repository may have."""
    chosen: list[bytes] = []
    size = 0
    for data in sorted(found, key=len):
        size += len(data)
        if len(data) > _LARGEST_INPUT_KEPT or size > _LARGEST_CORPUS_KEPT:
            break
        chosen.append(data)
    return chosen


if __name__ == "__main__":
    sys.exit(main())
