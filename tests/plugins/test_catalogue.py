"""The catalogue of stores: found by entry point, loaded in isolation, opened by scheme."""

import importlib
import sys
import time
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from llmcache.config.url import parse_url
from llmcache.errors import ConfigError, PluginError
from llmcache.plugins.catalogue import find, is_there, open_pair
from llmcache.plugins.loading import Installed, installed
from llmcache.plugins.spec import StoreSpec

GOOD = """
from llmcache.plugins.hookspecs import hookimpl
from llmcache.plugins.spec import StoreSpec

@hookimpl
def llmcache_stores():
    return [StoreSpec(scheme="strange", factory="nowhere:open", summary="a stranger's")]
"""


@pytest.fixture
def plugin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on sys.path; modules imported from it are forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def _point(folder: Path, name: str, source: str) -> EntryPoint:
    (folder / f"plugin_{name}.py").write_text(source)
    return EntryPoint(name, f"plugin_{name}", "llmcache")


def test_the_first_party_stores_come_by_entry_point() -> None:
    """Memory and SQLite use the same door as a stranger's store."""
    schemes = {spec.scheme for plugin in installed() for spec in plugin.specs}

    assert {"memory", "sqlite"} <= schemes


def test_a_broken_plugin_is_reported_by_name_and_hurts_nobody(plugin_folder: Path) -> None:
    """The others are found as if it were not there."""
    points = [
        _point(plugin_folder, "broken", "raise RuntimeError('boom')"),
        _point(plugin_folder, "good", GOOD),
        _point(plugin_folder, "liar", GOOD.replace("StoreSpec(scheme=", "dict(scheme=")),
        EntryPoint("missing", "plugin_missing", "llmcache"),
    ]
    found = {plugin.name: plugin for plugin in installed(points)}

    assert found["broken"].broken == "RuntimeError: boom"
    assert "no StoreSpec" in found["liar"].broken
    assert found["missing"].broken.startswith("ModuleNotFoundError")
    assert [spec.scheme for spec in found["good"].specs] == ["strange"]
    assert not found["good"].broken


def test_a_scheme_of_a_broken_plugin_says_why() -> None:
    """The reason, not 'unknown scheme'."""
    plugins = [Installed("strange", "stranger 1.0", (), "ImportError: no")]
    with pytest.raises(PluginError, match=r"'strange' of stranger 1\.0 is broken: ImportError: no"):
        find("strange", plugins)


def test_two_plugins_of_one_scheme_name_both_distributions() -> None:
    """Neither wins silently."""
    spec = StoreSpec("same", "a:b", "")
    plugins = [Installed("a", "alpha 1", (spec,)), Installed("b", "beta 2", (spec,))]
    with pytest.raises(PluginError, match="alpha 1, beta 2"):
        find("same", plugins)


def test_an_unknown_scheme_names_the_nearest_and_the_extra() -> None:
    """The error is enough to mend the URL or the installation."""
    plugins = [Installed("sqlite", "llmcache-kit 0", (StoreSpec("sqlite", "a:b", ""),))]
    messages = []
    for scheme in ("sqlit", "redis", "rediss", "momentol", "zzz"):
        with pytest.raises(ConfigError) as raised:
            find(scheme, plugins)
        messages.append(str(raised.value))

    assert "installed are sqlite; did you mean 'sqlite'?" in messages[0]
    assert "pip install 'llmcache-kit[redis]'" in messages[1]
    assert "pip install 'llmcache-kit[redis]'" in messages[2]
    assert "did you mean 'momento'?" in messages[3]
    assert "installed are sqlite" in messages[4]
    assert "did you mean" not in messages[4]


def test_an_unknown_option_names_the_allowed_and_the_nearest() -> None:
    """A typo in an option is an error, never ignored."""
    with pytest.raises(
        ConfigError, match="unknown option 'max_byte' in memory:; memory takes max_bytes, max_entries"
    ) as raised:
        open_pair(parse_url("memory:?max_byte=1"), time.time)

    assert "did you mean 'max_bytes'?" in str(raised.value)


def test_options_are_converted_by_their_kind() -> None:
    """A wrong value names the option and the URL it stands in."""
    with pytest.raises(ConfigError, match="max_entries in memory: is 'x'"):
        open_pair(parse_url("memory:?max_entries=x"), time.time)


def test_memory_takes_no_address() -> None:
    """`memory:name` would look like a shared store and is not one."""
    with pytest.raises(ConfigError, match="takes no address"):
        open_pair(parse_url("memory:shared"), time.time)


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """What to type is in the message."""
    specs = (
        StoreSpec("far", "far:open", "", requires=("not_installed_anywhere",), extra="far"),
        StoreSpec("foreign", "far:open", "", requires=("not_installed_anywhere",)),
        StoreSpec("gone", "json:no_such_function", ""),
    )
    monkeypatch.setattr("llmcache.plugins.catalogue.installed", lambda: [Installed("p", "d 1", specs)])

    with pytest.raises(
        PluginError, match=r"needs not_installed_anywhere; install with: pip install 'llmcache-kit\[far\]'"
    ):
        open_pair(parse_url("far:"), time.time)
    with pytest.raises(PluginError, match="install with: pip install not_installed_anywhere"):
        open_pair(parse_url("foreign:"), time.time)
    with pytest.raises(PluginError, match="cannot be loaded from 'json:no_such_function'"):
        open_pair(parse_url("gone:"), time.time)


def test_whether_a_store_is_there(tmp_path: Path) -> None:
    """A spec's own function is asked; a store without one makes nothing by being opened, so that it is there."""
    assert is_there(parse_url("memory:"), time.time)
    assert not is_there(parse_url(f"sqlite:{tmp_path}"), time.time)
    assert [] == list(tmp_path.iterdir())


def test_looking_whether_a_store_is_there_checks_its_url() -> None:
    """A wrong option is refused as by opening."""
    with pytest.raises(ConfigError, match="max_byte"):
        is_there(parse_url("sqlite:.?max_byte=1"), time.time)


@pytest.mark.parametrize("source", ["raise RuntimeError('boom')", "1 +", "raise ImportError('boom')", "x = 1"])
def test_a_factory_that_cannot_be_loaded_is_the_plugins_fault(
    source: str, plugin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its module raises, the error names the store and where it was loaded from."""
    (plugin_folder / "breaking_factory.py").write_text(source)
    spec = StoreSpec(scheme="strange", factory="breaking_factory:open", summary="")
    monkeypatch.setattr("llmcache.plugins.catalogue.installed", lambda: [Installed("strange", "a 1", (spec,))])

    with pytest.raises(
        PluginError, match=r"the store 'strange' cannot be loaded from 'breaking_factory:open': .*Error"
    ):
        open_pair(parse_url("strange:"), time.time)


def test_a_missing_package_may_be_named_with_dots(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package around it may be missing, too."""
    spec = StoreSpec(scheme="strange", factory="nowhere:open", summary="", requires=("nowhere.deep", "json.tool"))
    monkeypatch.setattr("llmcache.plugins.catalogue.installed", lambda: [Installed("strange", "a 1", (spec,))])

    with pytest.raises(PluginError, match=r"needs nowhere\.deep; install with: pip install nowhere\.deep$"):
        open_pair(parse_url("strange:"), time.time)


def test_flags_and_texts_of_a_url_are_converted_for_the_factory(
    plugin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each option arrives as the kind its spec names."""
    program = "told = []\ndef open(target):\n    from llmcache.memory import open_pair\n    told.append(target)\n    return open_pair()\n"
    (plugin_folder / "telling_factory.py").write_text(program)
    spec = StoreSpec(
        scheme="strange",
        factory="telling_factory:open",
        summary="",
        options={"eager": "flag", "region": "text", "ways": "remap"},
    )
    monkeypatch.setattr("llmcache.plugins.catalogue.installed", lambda: [Installed("strange", "a 1", (spec,))])
    open_pair(parse_url("strange:?eager=yes&region=eu%2Fwest&ways=a:1=b:2"), time.time)
    with pytest.raises(ConfigError, match="ways in strange:"):
        open_pair(parse_url("strange:?ways=a:1"), time.time)
    (target,) = importlib.import_module("telling_factory").told

    assert target.options == {"eager": True, "region": "eu/west", "ways": "a:1=b:2"}
