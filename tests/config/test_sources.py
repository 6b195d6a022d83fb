"""Where a cache that was not told its store finds it."""

from pathlib import Path

import pytest

from llmcache.config import sources
from llmcache.errors import ConfigError
from llmcache.model.namespace import Namespace


def test_the_url_is_the_given_one_then_the_environments_then_the_default() -> None:
    """The nearest word wins."""
    environment = {"LLMCACHE_URL": "sqlite:/x"}
    found = [
        sources.store_url("memory:", environment),
        sources.store_url(None, environment),
        sources.store_url(None, {"LLMCACHE_URL": ""}),
        sources.store_url(None, {}),
    ]

    assert found == ["memory:", "sqlite:/x", "sqlite:", "sqlite:"]


def test_the_namespace_is_the_given_one_then_the_environments_then_default() -> None:
    """The environment may hold a path."""
    environment = {"LLMCACHE_NAMESPACE": "shop/prod"}
    found = [
        sources.namespace("a/b", environment),
        sources.namespace(None, environment),
        sources.namespace(None, {}),
    ]

    assert found == [Namespace(("a", "b")), Namespace(("shop", "prod")), Namespace(("default",))]


def test_the_cache_folder_follows_the_platform() -> None:
    """XDG on Linux, Library on macOS, LOCALAPPDATA on Windows."""
    found = [
        sources.cache_folder({"XDG_CACHE_HOME": "/xdg"}, "linux"),
        sources.cache_folder({}, "linux"),
        sources.cache_folder({"XDG_CACHE_HOME": "relative"}, "linux"),
        sources.cache_folder({}, "darwin"),
        sources.cache_folder({"LOCALAPPDATA": "/local"}, "win32"),
        sources.cache_folder({}, "win32"),
    ]

    assert found == [
        Path("/xdg/llmcache"),
        Path.home() / ".cache/llmcache",
        Path.home() / ".cache/llmcache",
        Path.home() / "Library/Caches/llmcache",
        Path("/local/llmcache"),
        Path.home() / "AppData/Local/llmcache",
    ]


def test_the_real_environment_is_read_where_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls without an environment see the process's own."""
    monkeypatch.setenv("LLMCACHE_URL", "memory:")
    monkeypatch.setenv("LLMCACHE_NAMESPACE", "n")
    monkeypatch.setenv("XDG_CACHE_HOME", "/seen")

    assert sources.store_url(None) == "memory:"
    assert sources.namespace(None) == Namespace(("n",))
    assert sources.cache_folder(platform="linux") == Path("/seen/llmcache")


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers run as numbers that no user has."""

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)

    with pytest.raises(ConfigError, match="set LLMCACHE_URL"):
        sources.cache_folder({}, "linux")
    assert sources.cache_folder({"XDG_CACHE_HOME": "/xdg"}, "linux") == Path("/xdg/llmcache")
