"""What depends on what: the contracts of the house, and what a bare import brings in."""

import subprocess
import sys
from pathlib import Path

from tests.architecture.sources import ROOT, run_python

# Each of these costs milliseconds or megabytes at start, and belongs to one store, one integration or the command line.
HEAVY = (
    "asyncio", "pluggy", "importlib.metadata", "sqlite3", "socket", "ssl", "http", "email", "multiprocessing",
    "concurrent.futures", "numpy", "pydantic", "langchain_core", "openai", "redis", "momento", "diskcache", "typer",
    "click", "rich", "pytest", "hypothesis", "cryptography", "llmcache_sqlite", "llmcache_langchain", "llmcache_minilm", "llmcache_conformance",
    "llmcache.cli", "tomllib",
)  # fmt: skip


def imported_by(statement: str) -> set[str]:
    """Return the heavy modules that are loaded after `statement` in a fresh interpreter."""
    loaded = run_python(f"import sys\n{statement}\nprint(*sys.modules, sep='\\n')", "-I")
    return set(loaded.split()) & set(HEAVY)


def test_contracts_hold() -> None:
    """Imports go down the house, the core knows no adapter, and pure folders see no clock.

    Without a cache: after a file is added, a cached answer blames files that import it.
    """
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "0 broken" in done.stdout, done.stdout + done.stderr
    assert 0 == done.returncode


def test_import_is_light() -> None:
    """`import llmcache` brings in no event loop, no plugin machinery, no I/O library, no framework and no SDK."""
    assert set() == imported_by("import llmcache")


def test_names_are_there_without_their_cost() -> None:
    """Looking at the names of the package does not load what stands behind them."""
    assert set() == imported_by("import llmcache; dir(llmcache); llmcache.Request; llmcache.LLMCacheError")


def test_memory_cache_needs_no_foreign_library() -> None:
    """Opening and using the in-process store imports no SDK, no framework and no database."""
    used = "import llmcache\nwith llmcache.open('memory:', namespace='t') as cache: cache.history('s').length()"
    # What finds the plugins, what reading a distribution's metadata needs, and the page on which a store introduces itself.
    allowed = {"pluggy", "importlib.metadata", "email", "socket", "llmcache_sqlite"}

    assert set() == imported_by(used) - allowed
