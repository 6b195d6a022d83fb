"""A reader of the sessions that LangChain's own Momento integration wrote.

That integration keeps a session as a Momento list under the key `message_store:<session id>`; each element is the JSON
text of `message_to_dict(message)`. Fetch the elements with Momento's SDK and hand them here; then append the messages
to a `ChatMessageHistory` of any store. `docs/howto/move-from-momento.md` shows it whole.
"""

from collections.abc import Iterable
from typing import Any

from langchain_core.messages import BaseMessage, messages_from_dict
from pydantic import ValidationError

from llmcache.codec.plain import decode_plain
from llmcache.errors import DecodeError

KEY_PREFIX = "message_store:"
"""What LangChain's Momento history puts before the session's id."""

_MAX_ELEMENT_BYTES = 5_000_000  # Momento's largest item


def messages_from_momento(elements: Iterable[str | bytes]) -> list[BaseMessage]:
    """Return the messages in the elements of such a list, in order.

    A usage that holds `total_cost` alone, which LangChain writes on a hit of its own caches and cannot read
    back, is left out, so that sessions it made unreadable can be read again.

    Raises:
        DecodeError: An element is not a message; says which.
    """
    return [_message(place, element) for place, element in enumerate(elements)]


def _message(place: int, element: str | bytes) -> BaseMessage:
    try:
        raw = element.encode() if isinstance(element, str) else element
        plain = decode_plain(raw, max_bytes=_MAX_ELEMENT_BYTES)
        (message,) = messages_from_dict([_mended(plain)])
    except (DecodeError, ValidationError, UnicodeEncodeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DecodeError(f"element {place} is not a message in the form of message_to_dict") from error
    return message


def _mended(plain: Any) -> Any:
    data = plain["data"]
    if set(data.get("usage_metadata") or ()) == {"total_cost"}:
        data = {name: value for name, value in data.items() if name != "usage_metadata"}
    return {"type": plain["type"], "data": data}
