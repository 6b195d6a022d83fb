"""A canary over everything that is printed: events, logs, warnings, errors, representations, and what commands list.

`tests/langchain/test_nothing_leaks.py` does the same for misuse; here are the stores, sealed and not, that fail and that are damaged.
"""

import dataclasses
import logging
import traceback
import warnings
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

import llmcache
from llmcache.cli.app import run as run_command
from llmcache.config.resolving import resolve
from llmcache.config.url import parse_url
from llmcache.errors import LLMCacheError
from llmcache.model.event import Told
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.flight_ops import Land
from llmcache.protocols.key_value import Put
from llmcache.protocols.store_ops import Append, DeleteIfEqual, GetMany, PutMany
from llmcache_langchain import ChatMessageHistory, LLMCache
from tests.security.canaries import ASKED, CAME, CHAIN, MESSAGE, PROMPT, SESSION, Broken, seen_in, use

KEY, OTHER, NAMES = (bytes([number]) * 32 for number in (1, 2, 3))
SECRETS = tuple(
    shown for secret in (KEY, OTHER, NAMES) for shown in (b64encode(secret).decode(), secret.hex(), repr(secret))
)
SEALS = {"readable": None, "sealed": llmcache.Seal(KEY), "hidden": llmcache.Seal(KEY, OTHER, names=NAMES)}
# A tag, a model and a setting are names that listings are made to show; sessions are names, too, and may be those of people.
CONTENT = {PROMPT, MESSAGE, SESSION, "canary-answer"}


@pytest.fixture(params=list(SEALS))
def seal(request: pytest.FixtureRequest) -> llmcache.Seal | None:
    """How what is kept is sealed."""
    return SEALS[request.param]


class Printed:
    """Everything that was printed, wherever."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        self._logs = caplog
        self.texts: list[str] = []
        self.told: list[Told] = []

    def add(self, *shown: object) -> None:
        """Print these as a program, a debugger or an error tracker would."""
        self.texts += [text for one in shown for text in (repr(one), str(one), f"{one}")]

    def add_error(self, error: BaseException) -> None:
        """Print an error of ours and those of ours that led to it, with the lines of their code."""
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, LLMCacheError):
                self.texts += [*traceback.format_exception_only(cause), *traceback.format_tb(cause.__traceback__)]
                self.add(cause.args, vars(cause))
            cause = cause.__cause__ or cause.__context__

    def leaks(self) -> dict[str, str]:
        """Return what should not be there, with where it is."""
        found: dict[str, str] = {}
        for text in (
            *self.texts,
            *map(repr, self.told),
            *(self._logs.handler.format(one) for one in self._logs.records),
        ):
            for word in (
                *(seen_in(text.encode("utf-8", "replace")) & CONTENT),
                *(one for one in SECRETS if one in text),
            ):
                found[word] = text
        return found


@pytest.fixture
def printed(caplog: pytest.LogCaptureFixture) -> Iterator[Printed]:
    """Gathers what is printed; a warning is an error in every test, and is gathered here."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        found = Printed(caplog)
        yield found
        found.add(*(one.message for one in warned))
    assert {} == found.leaks()


def fail(printed: Printed, call: Callable[[], object]) -> None:
    """Do what fails, if it does, and print the error."""
    try:
        printed.add(type(call()))
    except Exception as error:  # whatever it is, it is looked at
        printed.add_error(error)


def test_events_logs_and_representations(url: str, seal: llmcache.Seal | None, printed: Printed) -> None:
    """Of every product by every door, on every store; then the same with damaged bodies, and with a store that fails."""

    def listen(event: Told) -> None:
        printed.told.append(event)
        raise ValueError(PROMPT)

    with llmcache.open(url, seal=seal, listener=listen) as cache:
        assert CAME == use(cache)
        history, session = cache.history(SESSION), ChatMessageHistory(SESSION, cache)
        printed.add(
            cache, cache.awaiting, cache.stats(), cache.responses, history, history.key, session, LLMCache(cache)
        )
        printed.add(cache.setup, cache.setup.envelopes, cache.setup.decoded, cache.responses.find(ASKED), seal, ASKED)
        if cache.capabilities.scan:
            damage(cache)
            fail(printed, lambda: use(cache))
            fail(printed, cache.history(f"{SESSION}/1").all)
        broken = dataclasses.replace(cache.setup.pair, blocking=Broken(cache.setup.pair.blocking), awaiting=None)
        failing = llmcache.Cache(dataclasses.replace(cache.setup, pair=broken))
        fail(printed, lambda: use(failing))
        fail(printed, lambda: failing.responses.get_or_call(ASKED, lambda: "paid"))
        LLMCache(failing).lookup(*CHAIN)
        printed.add(failing, failing.stats())

    assert 0 < failing.stats().store_failed
    assert len(printed.told) > 10


def damage(cache: llmcache.Cache) -> None:
    """Write a canary over every entry, and add one to every conversation."""
    world = cache.setup.blocking_world
    for use_of in cache.spaces():
        for listed in cache.scan(use_of.space):
            if use_of.space.kind.is_log:
                world.log_store.append(listed.key, [MESSAGE.encode()])
            else:
                world.store.put_many([Put(listed.key, PROMPT.encode())])


def test_values_that_a_debugger_prints(printed: Printed, tmp_path: Path) -> None:
    """What is asked of a store, what came of it, addresses, settings and entries: by name and digest alone."""
    log = Key(Space(Namespace.of("shop"), Kind.HISTORY), SESSION)
    put = Put(log, MESSAGE.encode())
    entry = llmcache.Entry(MESSAGE, 1.0)
    printed.add(
        log, [put], PutMany([put]), GetMany([log]), DeleteIfEqual(log, put.body), Append(log, [put.body]), entry
    )
    printed.add(
        Land(log, put.body), ASKED, [ASKED], {"asked": ASKED}, parse_url(f"redis://:{PROMPT}@host?password={PROMPT}")
    )
    path = tmp_path / "llmcache.toml"
    path.write_text('[llmcache]\nstore = "redis://:${P}@host"\nseal = { keys = ["${A}", "${B}"], names = "${C}" }\n')
    environment = {"P": PROMPT, **dict(zip("ABC", SECRETS[::3], strict=True))}
    found = resolve(str(path), environment=environment)
    printed.add(found, found.listed, found.source, found.stores, found.seal)
    for name in environment:
        wrong = {**environment, name: f"not a secret but {PROMPT}"}
        fail(printed, partial(resolve, str(path), environment=wrong))

    assert any("<Key llmcache:1:shop:history:...>" in text for text in printed.texts)


def test_what_commands_list(
    seal: llmcache.Seal | None, printed: Printed, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    """Of a filled store: no content, and no secret; what is said of a broken file neither."""
    path, url = tmp_path / "llmcache.toml", f"sqlite:{tmp_path / 'store'}"
    sealed = "" if seal is None else 'seal = { keys = ["${SEAL_A}", "${SEAL_B}"] }\n'
    path.write_text(f'[llmcache]\nnamespace = "shop"\nstore = "{url}"\n{sealed}')
    for name, value in zip(("SEAL_A", "SEAL_B"), SECRETS[::3], strict=False):
        monkeypatch.setenv(name, value)
    with llmcache.open(str(path)) as cache:
        use(cache)
    asked = (
        ["ls"],
        ["ls", "--kind", "response"],
        ["stats"],
        ["config", "show"],
        ["config", "check"],
        ["clear", "--yes"],
        ["get", "x"],
    )
    for command in asked:
        for store in (str(path), url):
            for how in ([], ["--json"]):
                run_command([*command, "--store", store, *how])
    monkeypatch.setenv("SEAL_A", f"not a secret but {PROMPT}")
    run_command(["ls", "--store", str(path)])
    said = capsys.readouterr()
    # A listing of conversations is asked for by name: there the names are the answer.
    printed.add(said.out, said.err)

    assert "answers" in said.out
