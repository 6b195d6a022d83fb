"""The suite that keyring ships for its backends, on the thinnest backend that keeps everything in a store."""

import inspect
import random
from collections.abc import Callable
from typing import Any

import pytest
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError
from keyring.testing.backend import BackendBasicTests

from benchmarks.suites.peer import Peer, stores_of
from llmcache.memory import MemoryStore
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache_conformance.saboteurs import Saboteur

SPACE = Space(Namespace(("keyring",)), Kind.RESPONSE)


class ThinKeyring(KeyringBackend):
    """Keeps passwords under service and user."""

    priority = 1  # type: ignore[assignment] # keyring wants a number here

    def __init__(self, store: MemoryStore) -> None:
        super().__init__()
        self._store = store

    def get_password(self, service: str, username: str) -> str | None:
        (body,) = self._store.get_many([_key(service, username)])
        return None if body is None else body.decode()

    def set_password(self, service: str, username: str, password: str) -> None:
        self._store.put_many([Put(_key(service, username), password.encode())])

    def delete_password(self, service: str, username: str) -> None:
        if self.get_password(service, username) is None:
            raise PasswordDeleteError("there is none")
        self._store.delete_many([_key(service, username)])


def _key(service: str, username: str) -> Key:
    # Both parts may hold anything; the length keeps two pairs from meeting.
    return Key(SPACE, f"{len(service)}|{service}|{username}")


def _fails(test: Callable[..., Any], saboteur: Saboteur | None) -> bool:
    suite = BackendBasicTests()
    suite.keyring = ThinKeyring(stores_of(saboteur)[0])
    suite.credentials_created = set()
    random.seed(7)  # its names are random, and a saboteur must not be caught by luck
    try:
        with pytest.MonkeyPatch.context() as patch:
            test(suite, *([patch] if "monkeypatch" in inspect.signature(test).parameters else []))
        suite.cleanup()
    except (Exception, pytest.fail.Exception):  # noqa: BLE001 -- whatever a broken store raises, the test has seen it
        return True
    return False


TESTS = [test for name, test in inspect.getmembers(BackendBasicTests, inspect.isfunction) if name.startswith("test_")]
KEYRING = Peer(
    "keyring", "keyring's backend suite", "keyring", len(TESTS), lambda one: any(_fails(test, one) for test in TESTS)
)
