"""Try the mutants of `keys/` and `codec/`: `python -m benchmarks.mutation [FILE ...] [--sample 300 --seed 1] [--workers 2]`.

Prints a table of what tests notice, and each survivor. One that is known to be the same program in other words stands
in `equivalents.toml` with the reason. Ends with 1 where another survives.

Why not cosmic-ray or mutmut: they start a process for every mutant, 1.5 s here before the first test, and more where
LangChain is imported; our 2,000 mutants would take over an hour. Forking (see `forks`) costs a tenth of that for most of
them, and needs nothing installed. Everything runs in a copy of the checkout; no file in it is ever changed.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.mutation import forks, report
from benchmarks.mutation.mutants import Mutant, mutants_of, unchanged

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {"llmcache/codec": "tests/codec", "llmcache/keys": "tests/keys"}
"""Whose mutants are tried by whose tests."""

COPIED = ("llmcache", "adapters", "conformance", "tests", "docs", "pyproject.toml", "README.md")


def main(given: Sequence[str]) -> int:
    """Run as the command line says; 1 where a mutant survives that nobody has judged."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutation")
    parser.add_argument(
        "files", nargs="*", help="paths such as llmcache/codec/squeeze.py; all of both folders by default"
    )
    parser.add_argument("--sample", type=int, help="try only so many, chosen by chance")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time")
    chosen = parser.parse_args(given)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutation-") as scratch:
        copy = Path(scratch).resolve() / "checkout"
        _copy_to(copy)
        mutants = _chosen(copy, chosen.files, chosen.sample, chosen.seed)
        fates = _in_workers(copy, mutants, max(1, chosen.workers))
    text, unjudged = report.of(fates, time.monotonic() - start)
    print(text)
    return 1 if unjudged else 0


def _copy_to(copy: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=ignored)
        else:
            shutil.copy2(ROOT / name, copy / name)


def _chosen(copy: Path, files: Sequence[str], sample: int | None, seed: int) -> list[Mutant]:
    everything = [str(path.relative_to(copy)) for folder in FOLDERS for path in sorted((copy / folder).glob("*.py"))]
    unknown = set(files) - set(everything)
    if unknown:
        raise SystemExit(f"not a file of {' or '.join(FOLDERS)}: {', '.join(sorted(unknown))}")
    mutants = [mutant for file in files or everything for mutant in mutants_of(copy, file)]
    if sample is None or sample >= len(mutants):
        return mutants
    taken = random.Random(seed).sample(range(len(mutants)), sample)
    return [mutants[index] for index in sorted(taken)]


def _in_workers(copy: Path, mutants: Sequence[Mutant], workers: int) -> dict[Mutant, str]:
    """Return what becomes of each mutant; every worker is a process that leaves a file."""
    print(f"{len(mutants)} mutants, {workers} at a time", file=sys.stderr, flush=True)
    shares = [mutants[worker::workers] for worker in range(workers)]
    pids = [
        forks.start(partial(_work, copy, share, copy.parent / f"worker-{worker}"))
        for worker, share in enumerate(shares)
    ]
    if sum([os.waitpid(pid, 0)[1] for pid in pids]):
        logs = "".join(path.read_text()[-2000:] for path in sorted(copy.parent.glob("worker-*.log")))
        raise SystemExit(f"a worker failed; the end of its log:\n{logs}")
    told = [json.loads(path.read_text()) for path in copy.parent.glob("worker-*.json")]
    fates = {(file, number): fate for worker in told for file, number, fate in worker}
    return {mutant: fates[mutant.file, mutant.number] for mutant in mutants}


def _work(copy: Path, mutants: Sequence[Mutant], own: Path) -> None:
    """Try mutants one after the other, in a process that imports the copy and nothing of the checkout."""
    os.chdir(copy)
    others = [path for path in sys.path if path and (".venv" in path or not Path(path).is_relative_to(ROOT))]
    sys.path[:] = [str(copy), str(copy / "adapters"), str(copy / "conformance"), *others]
    log = os.open(own.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    fates: list[tuple[str, int, str]] = []
    for folder, tests in FOLDERS.items():
        share = [mutant for mutant in mutants if mutant.file.startswith(f"{folder}/")]
        if share:
            found = _in_folder(copy, tests, share, own.with_suffix(".told"))
            fates.extend((mutant.file, mutant.number, fate) for mutant, fate in zip(share, found, strict=True))
    own.with_suffix(".json").write_text(json.dumps(fates))


def _in_folder(copy: Path, tests: str, mutants: Sequence[Mutant], told: Path) -> list[str]:
    if forks.in_process(lambda: forks.run_warm(copy, tests, mutants, told)):
        raise RuntimeError(f"the warm process of {tests} failed")
    *fates, last = [json.loads(line) for line in told.read_text().splitlines()]
    forks.import_foreign(last["foreign"])
    if forks.run_cold(copy, tests, unchanged(mutants[0].file), last["seconds"]) != forks.SURVIVED:
        raise RuntimeError(f"a test of {tests} fails in a cold fork without any mutant")
    return [
        fate or forks.run_cold(copy, tests, mutant, last["seconds"])
        for mutant, fate in zip(mutants, fates, strict=True)
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
