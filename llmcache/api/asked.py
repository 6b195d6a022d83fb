"""From what a caller asks to a key."""

from llmcache.codec.envelopes import Envelopes
from llmcache.errors import UsageError
from llmcache.keys import request_key
from llmcache.model.key import Key, Space
from llmcache.model.request import Request


def require_request(asked: object) -> None:
    """Raise UsageError unless `asked` is a request: a key does not tell the model, which is kept with an answer."""
    if not isinstance(asked, Request):
        raise UsageError(f"asked is a llmcache.Request, found {type(asked).__name__}")


def require_call(call: object) -> None:
    """Raise UsageError unless `call` can be called: who has the answer already wants to put it."""
    if not callable(call):
        raise UsageError(
            f"call is a function that asks the model, found {type(call).__name__}; to keep an answer that is there, use put"
        )


def key_of(asked: Request | Key, space: Space, envelopes: Envelopes) -> Key:
    """Return the key for a request in the namespace of `space`; a ready key, as a store knows it, is its own answer.

    Raises:
        UsageError: The request holds something that is not JSON-like, or `asked` is neither.
    """
    if isinstance(asked, Key):
        return asked
    require_request(asked)
    return envelopes.named(request_key(asked, space.namespace))
