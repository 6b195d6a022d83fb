"""Keys for plain requests: data in the shape of a provider's API.

The messages are the user's own, so that nothing is dropped in them: a null in a message is what the model is sent. Of
the parameters, those go that say how the call travels.
"""

from collections.abc import Mapping, Sequence

from llmcache.errors import UsageError
from llmcache.keys.canonical import counted_text
from llmcache.keys.digest import key_of, utf8
from llmcache.keys.drops import NOT_STREAMED, RENAMED, REQUEST_PARAMETERS, Dropped, Note
from llmcache.keys.plain import checked
from llmcache.keys.settings import kept
from llmcache.keys.tool_calls import ToolCalls, rename
from llmcache.model.key import Key, Kind
from llmcache.model.namespace import Namespace
from llmcache.model.request import Request
from llmcache.model.units import Plain

SORT = "request"
_LISTS = frozenset({list, tuple})


def request_key(request: Request, namespace: Namespace) -> Key:
    """Return the key of a request; the same for every request that must get the same answer.

    Raises:
        UsageError: Something in the request is not JSON-like; the message has its path and type.
    """
    return key_of(namespace, Kind.RESPONSE, SORT, pieces(canonical_request(request)))


def pieces(form: Mapping[str, Plain]) -> tuple[bytes, ...]:
    """Return what is hashed of a canonical form."""
    return (utf8(counted_text(form)),)


def canonical_request(request: Request, note: Note | None = None) -> dict[str, Plain]:
    """Return the canonical form of a request: its four parts as exact plain data.

    Args:
        request: The request; not changed, and nothing that can change is shared with the result.
        note: Gets a line for everything that is dropped.

    Raises:
        UsageError: Something in it is not JSON-like.
    """
    note = [] if note is None else note
    messages = _mappings(request.messages, "messages")
    rest = {
        "model": checked(request.model, "model"),
        "parameters": _parameters(request.parameters, note),
        "tools": _mappings(request.tools, "tools"),
    }
    renamed = _renamed(messages, calls := ToolCalls())
    if calls.numbers:
        text = counted_text([renamed, rest])
        if mentioned := calls.mentioned(text, written=str):
            renamed = _renamed(messages, calls := ToolCalls(kept=mentioned))
        note.extend(Dropped(f"tool-call id {found}", RENAMED) for found in calls.numbers)
    return {"messages": renamed, **rest}


def _mappings(given: Sequence[Mapping[str, Plain]], name: str) -> list[dict[str, Plain]]:
    if type(given) not in _LISTS and (isinstance(given, str | bytes) or not isinstance(given, Sequence)):
        raise UsageError(f"Request.{name} is a list of mappings, found {type(given).__name__}")
    found: list[dict[str, Plain]] = checked(given, name)
    for index, member in enumerate(found):
        if type(member) is not dict:
            raise UsageError(f"{name}[{index}] is a mapping, found {type(given[index]).__name__}")
    return found


def _parameters(given: Mapping[str, Plain], note: Note) -> dict[str, Plain]:
    fresh = kept(checked(given, "parameters"), REQUEST_PARAMETERS, "parameters", note)
    if fresh.get("stream") is False:
        del fresh["stream"]
        note.append(Dropped("parameters.stream", NOT_STREAMED))
    return fresh


def _renamed(messages: list[dict[str, Plain]], calls: ToolCalls) -> list[dict[str, Plain]]:
    return [rename(message, calls) for message in messages]
