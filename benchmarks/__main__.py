"""Run all benchmarks, print their tables and keep them as dated text: `python -m benchmarks [PART ...]`."""

import datetime as dt
import os
import platform
import sqlite3
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

from benchmarks import (
    answers,
    crowds,
    disks,
    embeddings,
    freshness,
    hanging,
    histories,
    imports,
    minilm,
    momento_local,
    near_tier,
    redis_answers,
    seals,
    vectors,
)

PARTS = {
    "answers": answers.run,
    "histories": histories.run,
    "imports": imports.run,
    "disks": disks.run,
    "redis": redis_answers.run,
    "momento": momento_local.run,
    "hanging": hanging.run,
    "crowds": crowds.run,
    "freshness": freshness.run,
    "seals": seals.run,
    "near": near_tier.run,
    "embeddings": embeddings.run,
    "minilm": minilm.run,
    "vectors": vectors.run,
    "vectors-large": vectors.run_large,
}
PACKAGES = (
    "llmcache-kit",
    "langchain-core",
    "langchain-community",
    "orjson",
    "pydantic",
    "sqlalchemy",
    "redis",
    "momento",
    "numpy",
    "faiss-cpu",
    "hnswlib",
    "usearch",
)


def machine() -> str:
    """What this was measured on."""
    load = os.getloadavg()[0]
    lines = [
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, load {load:.1f}",
        f"CPython {platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "Ratios within a table may be compared; microseconds of another day or machine may not.",
    ]
    return "\n".join(lines)


def main(chosen: list[str]) -> None:
    """Run the chosen parts, or all."""
    warnings.simplefilter("ignore")
    report = [machine()]
    print(report[0], flush=True)
    for name in chosen or list(PARTS):
        for text in PARTS[name]():
            report.append(text)
            print(f"\n{text}", flush=True)
    if not chosen:
        kept = Path(__file__).parent / "results" / f"{dt.datetime.now(dt.UTC):%Y-%m-%d}.txt"
        kept.write_text("\n\n".join(report) + "\n")
        print(f"\nkept in {kept.relative_to(Path.cwd())}")


if __name__ == "__main__":
    main(sys.argv[1:])
