"""Tool-call ids: random names that tie a call to its result, renamed so that two runs of one conversation agree.

An id becomes its number, by order of appearance. That is safe because of two rules, not because the list of places
is complete:

- Numbering is injective: equal ids get equal numbers and different ids different ones, in all places at once.
- *An id that is also mentioned anywhere else is not renamed.* In a text, an argument, a signature or a field nobody
  has heard of, a model could connect the two, and a renamed id there would no longer match. So a place missing from
  the list below costs a hit at most.

Hence two conversations with one form differ only by swapping ids that stand nowhere but in these places. Ids that a
provider checks (`rs_`, `fc_`, `msg_`, signatures) are not in the list.
"""

from collections.abc import Callable

from llmcache.model.units import Plain

_BLOCK_IDS = {
    "tool_use": "id",
    "tool_result": "tool_use_id",
    "tool_call": "id",
    "tool_call_chunk": "id",
    "invalid_tool_call": "id",
    "function_call": "call_id",
    "function_call_output": "call_id",
    "custom_tool_call": "call_id",
    "custom_tool_call_output": "call_id",
}
"""Where a content block (or an item of OpenAI's Responses API) of a type has the id of a call."""

_MADE_BY_LANGCHAIN = "lc_"
"""How the ids begin that LangChain invents for content blocks; never sent, and new for every block."""


class ToolCalls:
    """The ids of one conversation, each with its number.

    Args:
        kept: Ids that stay as they are, because they are mentioned elsewhere.
    """

    __slots__ = ("_kept", "numbers")

    def __init__(self, kept: frozenset[str] = frozenset()) -> None:
        self._kept = kept
        self.numbers: dict[str, int] = {}

    def number(self, found: Plain) -> Plain:
        """Return what stands for `found` in the place of an id.

        A number for a string; null stays, and anything else is put in a list, so that a number that stood there
        already meets no renamed id.
        """
        if found is None:
            return None
        if type(found) is not str:
            return [found]
        return found if found in self._kept else self.numbers.setdefault(found, len(self.numbers))

    def number_if_invented(self, found: Plain) -> Plain:
        """Return `number(found)`, but a string as it is unless LangChain invented it."""
        if type(found) is str and not found.startswith(_MADE_BY_LANGCHAIN):
            return found
        return self.number(found)

    def mentioned(self, text: str, written: Callable[[str], str]) -> frozenset[str]:
        """Return the ids that stand in `text`, the canonical form in which they have been renamed.

        Args:
            text: Where to look.
            written: How a string is written inside `text`.
        """
        return frozenset(found for found in self.numbers if written(found) in text)


def rename(message: dict[str, Plain], calls: ToolCalls) -> dict[str, Plain]:
    """Return the message with the ids of calls renamed; `message` itself is not changed.

    Args:
        message: As a provider's API takes it, or the own fields of a LangChain message.
        calls: The numbering of the conversation; messages must come in order.
    """
    fresh = _block(message, calls)
    if type(content := message.get("content")) is list:
        fresh["content"] = [_block(block, calls) if type(block) is dict else block for block in content]
    for field in ("tool_calls", "invalid_tool_calls"):
        if field in message:
            fresh[field] = _calls(message[field], calls)
    extra = message.get("additional_kwargs")
    if type(extra) is dict and "tool_calls" in extra:
        fresh["additional_kwargs"] = {**extra, "tool_calls": _calls(extra["tool_calls"], calls)}
    if "tool_call_id" in message:
        fresh["tool_call_id"] = calls.number(message["tool_call_id"])
    return fresh


def _block(block: dict[str, Plain], calls: ToolCalls) -> dict[str, Plain]:
    fresh = dict(block)
    kind = block.get("type")
    place = _BLOCK_IDS.get(kind) if type(kind) is str else None
    if place is not None and place in block:
        fresh[place] = calls.number(block[place])
    if place != "id" and "id" in block:
        fresh["id"] = calls.number_if_invented(block["id"])
    return fresh


def _calls(given: Plain, calls: ToolCalls) -> Plain:
    if type(given) is not list:
        return given
    return [{**call, "id": calls.number(call["id"])} if type(call) is dict and "id" in call else call for call in given]
