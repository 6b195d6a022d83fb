"""What keeps a broken store from breaking the application.

Answers are worth less than the application that asks for them: a store that fails a read is a miss, one that fails a
write drops it, and both are told as an event. Conversations are never wrapped: a lost message is an error
(DESIGN section 7). Whole flows are wrapped, not single ops, so that a flow cannot mistake a failed read for an
empty store: a tag mark that could not be read must not look like "not cleared".
"""

from llmcache.errors import StoreLimit, UsageError
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key
from llmcache.protocols.steps import R, Steps
from llmcache.protocols.world_ops import Emit


def failing_open(steps: Steps[R], key: Key, instead: R) -> Steps[R]:
    """Do `steps`, and return `instead` where the store fails.

    A wrong call passes unchanged, a closed cache included. Everything else is caught, not `StoreError` alone: a stranger's
    store that forgets to translate an exception must not break the application either. Never wrap steps that call
    the user's own function.
    """
    try:
        return (yield from steps)
    except UsageError:
        raise
    except Exception as error:  # noqa: BLE001 -- told by its class; see above
        what = Happening.TOO_LARGE if isinstance(error, StoreLimit) else Happening.STORE_FAILED
        yield from Emit(Event(what, key.digest, type(error).__name__))
        return instead
