"""What importing costs, in cold processes with .pyc files, and what the base install takes."""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

_CHILD = """
import resource, sys
exec(sys.argv[1])
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, len(sys.modules))
"""


def cold(statement: str, runs: int = 9) -> tuple[float, int]:
    """Return the median CPU milliseconds of a process that runs `statement`, and how many modules it had then."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    samples = []
    modules = 0
    for _ in range(runs + 1):
        out = subprocess.run(
            [sys.executable, "-c", _CHILD, statement], env=environment, check=True, capture_output=True, text=True
        ).stdout.split()
        samples.append(float(out[0]) * 1000)
        modules = int(out[1])
    return statistics.median(samples[1:]), modules


def imports() -> str:
    """A table of imports beside a bare interpreter."""
    statements = {
        "bare interpreter": "pass",
        "import llmcache": "import llmcache",
        "import llmcache; llmcache.open": "import llmcache; llmcache.open",
        "open('memory:')": "import llmcache; llmcache.open('memory:')",
        "import diskcache": "import diskcache",
        "import langchain_core.caches": "import langchain_core.caches",
        "from llmcache_langchain import LLMCache": "from llmcache_langchain import LLMCache",
        "... and LLMCache('memory:')": "from llmcache_langchain import LLMCache; LLMCache('memory:')",
    }
    lines = [f"import, CPU of a cold process (median of 9)\n  {'':40}{'ms':>8}{'above bare':>12}{'modules':>9}"]
    bare = None
    for name, statement in statements.items():
        try:
            spent, modules = cold(statement)
        except subprocess.CalledProcessError:
            lines.append(f"  {name:40}{'not installed':>20}")
            continue
        bare = spent if bare is None else bare
        lines.append(f"  {name:40}{spent:8.1f}{spent - bare:12.1f}{modules:9}")
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
