"""A plugin of pytest: whatever credentials the SDK's tests read from the environment, their addresses are the stand-in's.

It also parts the tests in two: where LLMCACHE_APART is set, it keeps those that must find no connection open, else all others.

It is loaded into the environment of those tests, which has the SDK and no llmcache.
"""

import dataclasses
import os
from collections.abc import Callable

import pytest
from momento import CredentialProvider

_APART = "eager_connection_failure"
_ADDRESS = os.environ["LLMCACHE_STAND_IN"]


def _turned(read: Callable[..., CredentialProvider]) -> Callable[..., CredentialProvider]:
    def reading(*args: str, **options: str) -> CredentialProvider:
        # Read by the SDK all the same, so that what it refuses is still refused.
        found = read(*args, **options)
        return dataclasses.replace(found, control_endpoint=_ADDRESS, cache_endpoint=_ADDRESS, token_endpoint=_ADDRESS)

    return reading


for _name in ("from_string", "from_environment_variable", "from_environment_variables_v2", "from_disposable_token"):
    setattr(CredentialProvider, _name, staticmethod(_turned(getattr(CredentialProvider, _name))))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of this part."""
    is_apart = bool(os.environ["LLMCACHE_APART"])
    items[:] = [item for item in items if (_APART in item.name) is is_apart]
