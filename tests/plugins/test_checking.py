"""Whether what a plugin says about its stores can be right."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from llmcache.config.url import StoreURL
from llmcache.model.capabilities import Capabilities
from llmcache.plugins.catalogue import open_pair
from llmcache.plugins.checking import problem_in
from llmcache.plugins.loading import installed
from llmcache.plugins.spec import StoreSpec

RIGHT = StoreSpec(
    "far+tls", "far_store.opening:open", "a store", {"max_bytes": "bytes"}, ("far", "far.deep"), "", "", True
)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"scheme": 5}, "store 5: scheme is a text, found int"),
        ({"scheme": "Far"}, "store 'Far': a scheme is two or more of a-z and 0-9, with single + or - between them"),
        ({"scheme": "far:"}, "a scheme is two or more"),
        ({"scheme": "c"}, "a scheme is two or more"),
        ({"scheme": "far--tls"}, "a scheme is two or more"),
        ({"scheme": "f\u00e4r"}, "a scheme is two or more"),
        ({"factory": print}, "factory is a text, found builtin_function_or_method"),
        ({"factory": "far.opening.open"}, "factory is written 'package.module:function', found 'far.opening.open'"),
        ({"factory": "far:a.b"}, "factory is written"),
        ({"factory": ""}, "factory is written"),
        ({"presence": "far"}, "presence is written 'package.module:function', found 'far'"),
        ({"check": "far"}, "check is written 'package.module:function', found 'far'"),
        ({"keeps_time": 1}, "keeps_time is True or False, found int"),
        ({"presence": None}, "presence is a text, found NoneType"),
        ({"summary": b"x"}, "summary is a text, found bytes"),
        ({"extra": ("redis",)}, "extra is a text, found tuple"),
        ({"options": ["max_bytes"]}, "options is a dict of names and kinds, found list"),
        ({"options": {"Max": "bytes"}}, "an option's name is made of a-z, 0-9 and _, found 'Max'"),
        ({"options": {"size": "byte"}}, "option 'size' is of the kind 'byte'; kinds are bytes, seconds, count, flag, text, remap; did"),
        ({"options": {"size": int}}, "option 'size' is of the kind <class 'int'>; kinds are bytes"),
        ({"requires": "redis"}, "requires is a tuple of import names such as ('redis',), found 'redis'"),
        ({"requires": ("redis-py",)}, "requires is a tuple of import names"),
        ({"abilities": ("logs",)}, "abilities is a tuple out of log, scan, news, persistent, shared, found ('logs',)"),
        ({"is_path": "yes"}, "is_path is True or False, found str"),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_spec_says_what_is_right(change: dict[str, Any], says: str) -> None:
    """The field, what was found, and what is allowed."""
    assert "" == problem_in([RIGHT])
    assert says in problem_in([RIGHT, replace(RIGHT, **{"scheme": "other"} | change)])


def test_everything_wrong_is_said_at_once() -> None:
    """Of all stores of the plugin; a scheme that it gives twice is wrong, too."""
    said = problem_in([5, RIGHT, replace(RIGHT, factory="x", requires="y"), None])  # type: ignore[arg-type] # on purpose

    assert 5 == len(said.split("; "))
    assert said.endswith("the scheme 'far+tls' is given twice")


@pytest.mark.parametrize("scheme", ["memory", "sqlite", "disk"])
def test_our_pages_say_what_the_opened_stores_declare(scheme: str, tmp_path: Path) -> None:
    """What `llmcache stores` lists without opening is what an opened store says."""
    (spec,) = (spec for plugin in installed() for spec in plugin.specs if spec.scheme == scheme)
    pair = open_pair(StoreURL(scheme, str(tmp_path) if spec.is_path else "", {}), lambda: 1_000.0)
    assert pair.blocking is not None
    declared: Capabilities = pair.blocking.capabilities
    pair.blocking.close()

    assert spec.keeps_time == (declared.limits.timeout is not None)
    assert set(spec.abilities) == {
        name for name in ("log", "scan", "news", "persistent", "shared") if getattr(declared, name)
    }


def test_every_first_party_page_is_right() -> None:
    """All that are installed, those whose packages are missing included, and each says what its stores can do."""
    ours = [plugin for plugin in installed() if plugin.distribution.startswith("llmcache-kit ")]

    assert [] == [plugin.broken for plugin in ours if plugin.broken]
    assert all(spec.abilities for plugin in ours for spec in plugin.specs)
