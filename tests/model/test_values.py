"""Small values: entries and their times, requests, the error tree."""

import pytest

from llmcache import errors
from llmcache.errors import ClosedError, LLMCacheError, StoreError, UsageError
from llmcache.model.entry import Entry
from llmcache.model.request import Request


@pytest.mark.parametrize(("now", "is_stale", "is_gone"), [(9.0, False, False), (10.0, True, False), (20.0, True, True)])
def test_entry_is_stale_and_gone_at_its_very_instants(now: float, is_stale: bool, is_gone: bool) -> None:
    """An entry is stale from its soft expiry on and gone from its hard expiry on, at the instant itself too."""
    entry = Entry("answer", made_at=0.0, stale_at=10.0, expires_at=20.0)

    assert (is_stale, is_gone) == (entry.is_stale(now), entry.is_gone(now))


def test_entry_without_times_lasts() -> None:
    """An entry without expiries is neither stale nor gone, ever."""
    entry = Entry("answer", made_at=0.0)

    assert (False, False) == (entry.is_stale(1e18), entry.is_gone(1e18))


@pytest.mark.parametrize("model", ["", None, 7])
def test_request_wants_a_model(model: str) -> None:
    """A request without a model's name is a mistake."""
    with pytest.raises(UsageError, match=r"Request\.model"):
        Request(model=model, messages=[])


@pytest.mark.parametrize("messages", ["hi", b"hi", {"role": "user"}])
def test_request_wants_a_list_of_messages(messages: list[dict[str, str]]) -> None:
    """One text, or one message, is not a list of messages; the message does not repeat it."""
    with pytest.raises(UsageError, match=r"Request\.messages is a list") as raised:
        Request(model="m", messages=messages)

    assert "hi" not in str(raised.value)


def test_request_wants_parameters_by_name() -> None:
    """Parameters are a mapping."""
    with pytest.raises(UsageError, match=r"Request\.parameters is a mapping, found list"):
        Request(model="m", messages=[], parameters=[("temperature", 0)])  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] -- the mistake itself


def test_every_error_is_of_the_tree_and_exported() -> None:
    """Catching `LLMCacheError` catches all, and the module lists all."""
    classes = {name for name, found in vars(errors).items() if isinstance(found, type) and issubclass(found, Exception)}

    assert set(errors.__all__) == classes
    assert all(issubclass(getattr(errors, name), LLMCacheError) for name in classes)


def test_wrong_calls_are_value_errors_and_no_store_errors() -> None:
    """A wrong call is a `ValueError` for who knows no llmcache, and is never retried as a failing store."""
    assert issubclass(UsageError, ValueError)
    assert issubclass(ClosedError, UsageError)
    assert not issubclass(UsageError, StoreError)
