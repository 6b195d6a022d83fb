"""What importing costs, in cold processes with .pyc files, and what the base install takes."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.timing import quantile

_CHILD = """
import resource, sys
exec(sys.argv[1])
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, len(sys.modules))
"""


STATEMENTS = {
    "bare interpreter": "pass",
    "import llmcache": "import llmcache",
    "import llmcache; llmcache.open": "import llmcache; llmcache.open",
    "open('memory:')": "import llmcache; llmcache.open('memory:')",
    "import diskcache": "import diskcache",
    "import langchain_core.caches": "import langchain_core.caches",
    "from llmcache_langchain import LLMCache": "from llmcache_langchain import LLMCache",
    "... and LLMCache('memory:')": "from llmcache_langchain import LLMCache; LLMCache('memory:')",
}


def cold(statement: str) -> tuple[float, int] | None:
    """Return the CPU milliseconds of a process that runs `statement`, and how many modules it had then; None on failure."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, statement], env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        return None
    spent, modules = done.stdout.split()
    return float(spent) * 1000, int(modules)


def imports(runs: int = 15) -> str:
    """A table of imports beside a bare interpreter; they take turns, so that all see the same weather."""
    samples: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    modules: dict[str, int] = {}
    for turn in range(1 + runs):  # the first writes the .pyc files
        for name, statement in STATEMENTS.items():
            found = cold(statement)
            if found is not None and turn:
                samples[name].append(found[0])
                modules[name] = found[1]
    bare = quantile(samples["bare interpreter"], 0.1)
    lines = [
        f"import, CPU of a cold process, {runs} turns",
        f"  {'ms':40}{'p10':>8}{'median':>8}{'above bare':>12}{'modules':>9}",
    ]
    for name, spent in samples.items():
        if not spent:
            lines.append(f"  {name:40}{'not installed':>16}")
            continue
        least = quantile(spent, 0.1)
        lines.append(f"  {name:40}{least:8.1f}{quantile(spent, 0.5):8.1f}{least - bare:12.1f}{modules[name]:9}")
    return "\n".join(lines)


def base_install() -> str:
    """Packages and bytes of `pip install llmcache-kit` without extras, into an empty folder."""
    root = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--target", folder, str(root)],
            check=True,
            capture_output=True,
        )
        packages = sorted(path.name for path in Path(folder).glob("*.dist-info"))
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file() and path.suffix != ".pyc")
    return f"base install: {len(packages)} packages, {size / 1e6:.1f} MB ({', '.join(packages)})"


def run() -> list[str]:
    """Return the tables about importing and installing."""
    return [imports(), base_install()]
