"""A filled store, and the command run in this process as a shell would run it."""

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import llmcache
from llmcache.cli.app import run
from llmcache.config.sources import VARIABLES
from llmcache.keys import request_key
from llmcache.model.key import Key
from llmcache.model.namespace import Namespace
from llmcache.model.units import Plain
from llmcache.protocols.key_value import Put

QUESTION = llmcache.Request(model="gpt-5.4-mini", messages=[{"role": "user", "content": "What is a cache?"}])
OTHER = llmcache.Request(model="gpt-5.4-mini", messages=[{"role": "user", "content": "And a tag?"}])
NASTY = "a name \x1b[31mto \x9b32mclear \u202eby"
ANSWER = "A memory for what was paid for."


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Plain:
        """The JSON document on standard output."""
        return json.loads(self.out)


Command = Callable[..., Said]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Runs the command with these arguments, at 100 columns, in an empty folder and without our variables."""
    for name in (*VARIABLES, "LLMCACHE_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache-home"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def call(*arguments: str, typed: str = "") -> Said:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
        capsys.readouterr()
        code = run(arguments)
        printed = capsys.readouterr()
        return Said(code, printed.out, printed.err)

    return call


@pytest.fixture
def store(tmp_path: Path) -> str:
    """The URL of a store with two answers and a conversation in "shop", and an answer in "other"."""
    url = f"sqlite:{tmp_path / 'store'}"
    with llmcache.open(url, namespace="shop") as cache:
        cache.responses.put(QUESTION, ANSWER, ttl=3600)
        cache.responses.put(OTHER, {"text": NASTY}, tags=("faq", "new"))
        cache.history("ada/1").append([{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}])
    with llmcache.open(url, namespace="other") as cache:
        cache.responses.put(QUESTION, "theirs")
    return url


@pytest.fixture
def empty_store(tmp_path: Path) -> str:
    """The URL of a store whose folder does not exist."""
    return f"sqlite:{tmp_path / 'nothing' / 'here'}"


@pytest.fixture
def damaged_store(store: str) -> str:
    """`store`, with one more answer in "shop" whose bytes are no entry."""
    with llmcache.open(store, namespace="shop") as cache:
        key = Key(cache.responses.space(), "d" * 64)
        cache.setup.blocking_world.store.put_many([Put(key, b"not an entry")])
    return store


def answer_of(store: str, namespace: str, request: llmcache.Request = QUESTION) -> Plain:
    """Return what is kept for a request."""
    with llmcache.open(store, namespace=namespace) as cache:
        return cache.responses.get(request)


def key_of(namespace: str, request: llmcache.Request = QUESTION) -> Key:
    """Return the key of a request."""
    return request_key(request, Namespace.of(namespace))
