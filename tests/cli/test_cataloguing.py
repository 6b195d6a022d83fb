"""`llmcache stores`: what is installed."""

import pytest

from llmcache.cli import cataloguing
from llmcache.plugins.catalogue import Installed
from llmcache.plugins.spec import StoreSpec
from tests.architecture.sources import run_python
from tests.cli.conftest import Command


def test_first_party_stores(command: Command) -> None:
    """The two stores of the base install are listed with the package that brings them, and are ready."""
    stores = {row["url"]: row for row in command("stores", "--json").data["stores"]}

    assert {"memory:", "sqlite:"} <= set(stores)
    assert "ready" == stores["sqlite:"]["state"]
    assert stores["sqlite:"]["distribution"].startswith("llmcache-kit ")


def test_state(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store whose package is missing says what to install, and a broken plugin says why, beside the others."""
    ours = StoreSpec("redis", "m:f", "a server", requires=("no_such_package",), extra="redis")
    theirs = StoreSpec("other", "m:f", "theirs", requires=("no_such_package",))
    found = [Installed("a", "kit 1", (ours, theirs)), Installed("bad", "bad-kit 2", (), "ImportError: no")]
    monkeypatch.setattr(cataloguing, "installed", lambda: found)

    assert [
        ("redis:", "needs no_such_package: pip install 'llmcache-kit[redis]'"),
        ("other:", "needs no_such_package: pip install no_such_package"),
        ("bad", "broken: ImportError: no"),
    ] == [(row["url"], row["state"]) for row in command("stores", "--json").data["stores"]]
    assert "bad-kit 2" in command("stores").out


def test_listing_imports_no_store() -> None:
    """Listing the stores imports none of them, and none of the libraries they need."""
    code = "import sys; from llmcache.cli.app import run; run(['stores']); print(*sorted(sys.modules), sep='\\n')"
    loaded = set(run_python(code).split())

    assert set() == {"sqlite3", "llmcache_sqlite.key_value", "redis", "momento", "langchain_core"} & loaded
