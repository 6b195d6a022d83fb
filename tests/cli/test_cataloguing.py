"""`llmcache stores`: what is installed."""

from importlib.metadata import version

import pytest

from llmcache.cli import cataloguing
from llmcache.plugins.loading import Installed
from llmcache.plugins.spec import StoreSpec
from tests.architecture.sources import run_python
from tests.cli.conftest import Command


def test_first_party_stores(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stores of the base install are listed with the package and version that bring them, and with what they can do."""
    stores = {row["url"]: row for row in command("stores", "--json").data["stores"]}

    assert {"memory:", "sqlite:", "disk:", "redis:", "momento:"} <= set(stores)
    assert stores["sqlite:"] == {
        "url": "sqlite:",
        "scheme": "sqlite",
        "plugin": "sqlite",
        "distribution": "llmcache-kit",
        "version": version("llmcache-kit"),
        "state": "ready",
        "reason": "",
        "install": "",
        "summary": "one file in a folder, for all processes of this machine; the embedded default",
        "abilities": ["log", "scan", "persistent", "shared"],
        "options": {"max_bytes": "bytes", "timeout": "seconds", "network_ok": "flag"},
    }
    monkeypatch.setenv("COLUMNS", "400")
    assert "conversations, listing, persistent, shared" in command("stores").out


def test_state(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store whose package is missing says what to install, and a broken plugin says why, beside the others."""
    ours = StoreSpec("redis", "m:f", "a server", requires=("no_such_package",), extra="redis")
    theirs = StoreSpec("other", "m:f", "theirs", requires=("no_such_package",))
    twin = StoreSpec("same", "m:f", "twice")
    found = [
        Installed("a", "kit 1", (ours, theirs, twin)),
        Installed("bad", "bad-kit 2", (), "ImportError: no"),
        Installed("b", "other-kit 3", (twin,)),
    ]
    monkeypatch.setattr(cataloguing, "installed", lambda: found)
    claimed = "the scheme 'same' is claimed by several plugins: kit 1, other-kit 3; uninstall all but one"

    assert [
        ("redis:", "missing", "needs no_such_package", "pip install 'llmcache-kit[redis]'"),
        ("other:", "missing", "needs no_such_package", "pip install no_such_package"),
        ("same:", "broken", claimed, ""),
        ("bad", "broken", "ImportError: no", ""),
        ("same:", "broken", claimed, ""),
    ] == [
        (row["url"], row["state"], row["reason"], row["install"]) for row in command("stores", "--json").data["stores"]
    ]
    monkeypatch.setenv("COLUMNS", "400")
    shown = command("stores").out
    assert "needs no_such_package: pip install 'llmcache-kit[redis]'" in shown
    assert "bad-kit 2" in shown
    assert "broken: ImportError: no" in shown


def test_listing_imports_no_store() -> None:
    """Listing the stores imports none of them, and none of the libraries they need."""
    code = "import sys; from llmcache.cli.app import run; run(['stores']); print(*sorted(sys.modules), sep='\\n')"
    loaded = set(run_python(code).split())

    assert set() == {"sqlite3", "redis", "momento", "grpc", "diskcache", "langchain_core", "asyncio"} & loaded
