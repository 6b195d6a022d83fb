"""Where our Python files are, and how to run a fresh interpreter over them: for the tests of this folder."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("llmcache", "adapters", "conformance")
EVERYWHERE = (*PACKAGES, "tests", "benchmarks")


def python_files(*folders: str) -> list[Path]:
    """Return every Python file below these folders of the checkout, sorted."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def run_python(code: str, *flags: str) -> str:
    """Run `code` in a fresh interpreter outside the checkout's folder, and return what it printed.

    Coverage starts itself in every subprocess and would be seen among the imported modules: its variables are taken out.
    """
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        [sys.executable, *flags, "-c", code],
        env=quiet,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    return done.stdout
