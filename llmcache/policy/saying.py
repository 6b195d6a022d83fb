"""What an answer says: its text, whatever shape a provider gives it, to compare answers by."""

from collections.abc import Iterator
from typing import Final

from llmcache.model.units import Plain

LONGEST: Final = 512
"""How much of an answer is compared, in characters: what comes later embedding models hardly see."""

_CALLS: Final = ("tool_calls", "invalid_tool_calls", "function_call")
_CALLING: Final = frozenset(
    {"tool_use", "tool_call", "function_call", "custom_tool_call", "server_tool_use", "computer_call"}
)
_TEXTS: Final = ("text", "content", "refusal")
_DEEPEST: Final = 12


def said(answer: Plain) -> str | None:
    """Return the beginning of what `answer` says; None where it calls a tool, or says nothing that could be compared."""
    texts: list[str] = [answer] if type(answer) is str else []
    for node in _mappings(answer, _DEEPEST):
        if any(map(node.get, _CALLS)) or node.get("type") in _CALLING:
            return None
        texts += [found for name in _TEXTS if type(found := node.get(name)) is str]
    text = " ".join(dict.fromkeys(texts)).strip()
    return text[:LONGEST] or None


def _mappings(tree: Plain, depth: int) -> Iterator[dict[str, Plain]]:
    if depth == 0:
        return
    if type(tree) is dict:
        yield tree
        tree = list(tree.values())
    if type(tree) is list:
        for member in tree:
            yield from _mappings(member, depth - 1)
