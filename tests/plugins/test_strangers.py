"""Distributions of strangers, found by their entry points as pip installs them."""

import sys
import time

import pytest

import llmcache
from llmcache.config.url import parse_url
from llmcache.errors import ConfigError, PluginError
from llmcache.keys import request_key
from llmcache.model.namespace import Namespace
from llmcache.plugins.catalogue import find, open_pair, state_of
from llmcache.plugins.loading import Installed, installed
from tests.plugins.strangers import PAGE, Site

REQUEST = llmcache.Request("m", [{"role": "user", "content": "hi"}])


def by_name() -> dict[str, Installed]:
    """The plugins of the environment and of the site."""
    return {plugin.name: plugin for plugin in installed()}


def test_a_strangers_store_is_found_and_opened(site: Site) -> None:
    """Installing it is all it takes."""
    site.install("far-store")
    with llmcache.open("strange:somewhere") as cache:
        cache.responses.put(REQUEST, "x")

        assert "x" == cache.responses.get(REQUEST)
    assert "far-store 1.0" == by_name()["far_store"].distribution


def test_nothing_of_a_stranger_is_imported_before_it_is_opened(site: Site) -> None:
    """Listing the stores, and opening another one, imports the page that introduces the stranger, and no more."""
    site.install("far-store")
    before = set(sys.modules)
    with llmcache.open("memory:") as cache:
        cache.responses.put(REQUEST, "x")
    listed = {name for name in set(sys.modules) - before if name.startswith("far_store")}
    open_pair(parse_url("strange:"), time.time)
    opened = {name for name in set(sys.modules) - before if name.startswith("far_store")}

    assert {"far_store", "far_store.plugin"} == listed
    assert {"far_store.store", "far_store.driver"} == opened - listed


def test_a_stranger_changes_nothing(site: Site) -> None:
    """Keys, specs and answers of other stores are the same with it and without it, even where it is broken."""

    def seen() -> tuple[object, ...]:
        specs = {scheme: find(scheme) for scheme in ("memory", "sqlite")}
        with llmcache.open("memory:", namespace="n") as cache:
            cache.responses.put(REQUEST, {"a": 1}, tags=("t",))
            return specs, request_key(REQUEST, Namespace.of("n")), cache.responses.get(REQUEST), cache.capabilities

    alone = seen()
    site.install("far-store")
    site.install("broken-store", page="raise RuntimeError('boom')")
    site.install(
        "odd-store", page=PAGE.format(scheme="odd", package="x") + "\n@hookimpl\ndef llmcache_keys(): return 1\n"
    )

    assert alone == seen()


@pytest.mark.parametrize(
    ("page", "why"),
    [
        ("raise RuntimeError('boom')", "RuntimeError: boom"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("raise BaseException('odd')", "BaseException: odd"),
        ("class E(Exception):\n    def __str__(self): raise RuntimeError\nraise E", "E"),
        ("1 +", "SyntaxError: invalid syntax"),
        ("import no_such_module_anywhere", "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
        ("", "it brings no store: llmcache_stores() is missing or returned none"),
        (
            PAGE.format(scheme="x1", package="x").replace("llmcache_stores", "llmcache_store"),
            "unknown hook 'llmcache_store'",
        ),
        (PAGE.format(scheme="x1", package="x").replace("stores()", "stores(config)"), "config"),
        (
            PAGE.format(scheme="x1", package="x").replace("return [", "return 1 or ["),
            "TypeError: 'int' object is not iterable",
        ),
        (PAGE.format(scheme="x1", package="x").replace("return [", "return [][0:0] or 1/0 or ["), "ZeroDivisionError"),
        (PAGE.format(scheme="x1", package="x").replace("return [", "return [5] or ["), "returned a int, no StoreSpec"),
    ],
)
def test_a_broken_plugin_is_reported_by_name_and_hurts_nobody(site: Site, page: str, why: str) -> None:
    """Whatever happens when it is imported or asked; the others are found and opened as if it were not there."""
    site.install("broken-store", page=page)
    site.install("far-store")
    broken = by_name()["broken_store"]

    assert why in broken.broken
    assert "broken-store 1.0" == broken.distribution
    assert "\n" not in broken.broken
    open_pair(parse_url("strange:"), time.time)
    with pytest.raises(PluginError, match=r"the store plugin 'broken_store' of broken-store 1\.0 is broken"):
        find("broken_store")


def test_ctrl_c_is_not_the_plugins(site: Site) -> None:
    """Who stops the program while a plugin is imported stops the program."""
    site.install("slow-store", page="raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        installed()


def test_two_plugins_of_one_name_are_an_error_that_names_both(site: Site) -> None:
    """Neither wins, for every scheme of either; the others are not touched."""
    site.install("first-store", plugin="same", scheme="one")
    site.install("second-store", plugin="same", scheme="two")
    plugins = installed()
    states = {
        plugin.distribution: state_of(plugin.specs[0], plugin, plugins) for plugin in plugins if plugin.name == "same"
    }

    assert {"first-store 1.0", "second-store 1.0"} == set(states)
    assert {"broken"} == {state.word for state in states.values()}
    for scheme in ("one", "two", "same"):
        with pytest.raises(
            PluginError, match=r"'same' is used by first-store 1\.0 and second-store 1\.0; uninstall all but"
        ):
            find(scheme)
    assert "memory" == find("memory").scheme


def test_two_plugins_of_one_scheme_are_an_error_that_names_both(site: Site) -> None:
    """Also where one of them is ours: nobody takes over `sqlite:` in silence."""
    site.install("greedy-store", scheme="sqlite")
    plugins = installed()
    (greedy,) = (plugin for plugin in plugins if plugin.name == "greedy_store")

    assert "broken" == state_of(greedy.specs[0], greedy, plugins).word
    with pytest.raises(PluginError, match=r"'sqlite' is claimed by several plugins: greedy-store 1\.0, llmcache-kit"):
        llmcache.open("sqlite:./never-made")


@pytest.mark.parametrize(
    ("entry_points", "metadata", "why"),
    [
        ("[llmcache]\nbroken\n", None, "its entry points cannot be read"),
        (
            "[llmcache]\nbroken = not a module\n",
            None,
            "its entry point is 'not a module'; expected is 'package.module'",
        ),
        ("[llmcache]\nbroken = broken_store.plugin\n", "", "RuntimeError: boom"),
    ],
)
def test_metadata_that_nobody_can_read(site: Site, entry_points: str, metadata: str | None, why: str) -> None:
    """It is that distribution's trouble, and told with it."""
    site.install("broken-store", page="raise RuntimeError('boom')", entry_points=entry_points, metadata=metadata)
    site.install("far-store")
    plugins = installed()

    assert [why] == [plugin.broken[: len(why)] for plugin in plugins if plugin.broken]
    assert {"memory", "sqlite", "strange"} <= {spec.scheme for plugin in plugins for spec in plugin.specs}


def test_metadata_of_others_is_not_our_business(site: Site) -> None:
    """A distribution without plugins of ours may be as broken as it likes."""
    site.install("other-thing", entry_points="[console_scripts]\nbroken\n")
    site.install("far-store")

    assert [] == [plugin.name for plugin in installed() if plugin.broken]
    assert "far_store" in by_name()


@pytest.mark.parametrize(
    ("store", "complaint"),
    [
        ("raise SystemExit(2)", r"cannot be loaded from 'far_store\.store:open': SystemExit: 2"),
        ("open = 5", r"cannot be loaded: 'far_store\.store:open' is a int, no function"),
        ("def open(target): raise KeyError('redis://:hunter2@host')", r"cannot be opened: .* raised KeyError$"),
        ("def open(target): return None", r"returned a NoneType; a factory returns a StorePair"),
        (
            "from llmcache.protocols.whole import StorePair\ndef open(target): return StorePair(None, None)",
            r"returned a StorePair of nothing",
        ),
    ],
)
def test_a_factory_that_does_not_do_its_part(site: Site, store: str, complaint: str) -> None:
    """The error names the store; a message that may hold a password is left in the cause."""
    site.install("far-store", modules={"store": store})
    with pytest.raises(PluginError, match=complaint) as raised:
        llmcache.open("strange:")

    assert "hunter2" not in str(raised.value)


def test_what_a_factory_says_in_our_words_is_passed_on(site: Site) -> None:
    """Errors of ours, and the end of the program, are not the plugin's fault."""
    site.install(
        "far-store", modules={"store": "from llmcache.errors import *\ndef open(t): raise ConfigError('no such cache')"}
    )
    with pytest.raises(ConfigError, match=r"^no such cache$"):
        llmcache.open("strange:")


def test_a_name_of_a_first_party_scheme(site: Site) -> None:
    """Where the plugin that brings several schemes is broken, each of them says so, and not 'unknown'."""
    plugins = [Installed("redis", "llmcache-kit 9", (), "ImportError: no")]
    with pytest.raises(PluginError, match=r"'redis' of llmcache-kit 9 is broken: ImportError: no"):
        find("rediss+cluster", plugins)
