"""Partitions: the questions of which one may be answered by what is kept for another, if they mean the same.

Two requests share a partition exactly when *nothing but the text of the last question* differs in their canonical forms, the same
forms that exact keys are made of: model, parameters, system prompt, tools, every earlier turn, and whatever else stands beside the
text in the last message. Namespace and tenant are in it too, and so is the embedding model, because directions of two
models say nothing about each other. Meaning is compared inside one partition only, so that no likeness of words can cross a tenant
or a system prompt.

A request without such a question has no partition, and is answered exactly or not at all.
"""

from dataclasses import dataclass, field
from typing import Final

from llmcache.keys.canonical import counted_text, json_text
from llmcache.keys.digest import key_of, utf8
from llmcache.keys.langchain_prompt import canonical_prompt, message_of, texts_of
from llmcache.keys.llm_string import settings_of
from llmcache.keys.request import canonical_request
from llmcache.model.key import Key, Kind
from llmcache.model.namespace import Namespace
from llmcache.model.request import Request
from llmcache.model.units import Plain

LONGEST: Final = 512
"""Most characters of a question. Embedding models read the first one or two hundred words, and to them two longer texts with one
beginning are one text."""

_TEXTS = frozenset({"text", "input_text"})
_TOOL_ROLES = frozenset({"tool", "function"})
_CALLS = ("tool_calls", "invalid_tool_calls", "function_call")
_WORDS = frozenset(
    {"text", "input_text", "output_text", "refusal", "reasoning", "thinking", "redacted_thinking"}
    | {"image", "image_url", "input_image", "document", "file", "input_file"}
)
"""Content blocks of earlier turns that have nothing to do with tools. Of one that nobody has heard of that is not known."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a request asks last, and among which others.

    Attributes:
        partition: The key of the questions it may be compared with.
        text: The question, not empty, at most `LONGEST` characters.
    """

    partition: Key
    text: str = field(repr=False)


def request_question(
    asked: Request, namespace: Namespace, embedder: str, *, with_tool_calls: bool = False
) -> Question | None:
    """Return the last question of a request, or None where it must not be answered by meaning.

    Args:
        asked: The request.
        namespace: Whose questions these are.
        embedder: The name of the embedding model.
        with_tool_calls: True where turns may hold calls of tools or their results.

    Raises:
        UsageError: Something in the request is not JSON-like.
    """
    form = canonical_request(asked)
    messages: list[dict[str, Plain]] = form["messages"]
    if not messages or messages[-1].get("role") != "user" or not (with_tool_calls or _without_tools(messages)):
        return None
    cut = _cut(messages[-1])
    if cut is None:
        return None
    rest, text = cut
    pieces = (utf8(embedder), utf8(counted_text({**form, "messages": [*messages[:-1], rest]})))
    return Question(key_of(namespace, Kind.QUESTION, "request", pieces), text)


def langchain_question(
    prompt: str, llm_string: str, namespace: Namespace, embedder: str, *, with_tool_calls: bool = False
) -> Question | None:
    """Return the last question of what LangChain asks; None likewise, and where the prompt is not messages that are all understood."""
    settings = settings_of(llm_string)
    part = canonical_prompt(prompt, settings.remembered)
    if part.name != "messages":
        return None
    *texts, last = texts_of(part)
    kind, fields = message_of(last)
    if kind != "human" or not (with_tool_calls or _without_tools([*map(_turn, texts), _turn(last)])):
        return None
    cut = _cut(fields)
    if cut is None:
        return None
    rest, text = cut
    before = part.text[: len(part.text) - len(last) - len(str(len(last))) - 1]
    pieces = (utf8(embedder), utf8(before), utf8(json_text([kind, rest])), settings.piece)
    return Question(key_of(namespace, Kind.QUESTION, "langchain", pieces), text)


def _turn(text: str) -> dict[str, Plain]:
    """Return a message of LangChain with its kind as a role; where it is nothing but a text, without reading that."""
    kind, fields = message_of(text) if text.startswith("[") else (text.partition(":")[0], {})
    return {**fields, "role": kind}


def _cut(message: dict[str, Plain]) -> tuple[dict[str, Plain], str] | None:
    """Return the message without the text of its question, and that text; None where it has none, or more than text."""
    content = message.get("content")
    if type(content) is str:
        return ({**message, "content": ""}, content) if _is_question(content) else None
    if type(content) is not list or not content or not all(map(_is_text, content)):
        return None
    *others, last = content
    if not _is_question(last["text"]):
        return None
    return {**message, "content": [*others, {**last, "text": ""}]}, last["text"]


def _is_text(block: Plain) -> bool:
    return type(block) is dict and block.get("type") in _TEXTS and type(block.get("text")) is str


def _is_question(text: str) -> bool:
    return len(text) <= LONGEST and not text.isspace() and text != ""


def _without_tools(messages: list[dict[str, Plain]]) -> bool:
    return all(map(_is_without_tools, messages))


def _is_without_tools(message: dict[str, Plain]) -> bool:
    if message.get("role") in _TOOL_ROLES or "tool_call_id" in message or any(map(message.get, _CALLS)):
        return False
    extra = message.get("additional_kwargs")
    if type(extra) is dict and any(map(extra.get, _CALLS)):
        return False
    # An item of a conversation that is no message, such as a call in OpenAI's Responses API.
    if "role" not in message and message.get("type") not in (None, "message"):
        return False
    content = message.get("content")
    return type(content) is not list or all(type(block) is str or _is_wordy(block) for block in content)


def _is_wordy(block: Plain) -> bool:
    return type(block) is dict and block.get("type") in _WORDS
