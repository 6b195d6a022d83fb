"""Answers of LangChain's models, lists of generations, as plain data and back.

The plain form is a list with one object per generation. A chat generation has a `message` (see `messages`), and its
`text` only where that is not what LangChain computes from the message; any other generation has a `text` and no `message`:

    [{"message": {"type": "ai", "content": "4"}, "generation_info": {"finish_reason": "stop"}}]
    [{"text": "4"}]
"""

from collections.abc import Sequence

from langchain_core.messages.base import TextAccessor
from langchain_core.outputs import ChatGeneration, Generation

from llmcache.codec.place import Place, root, spell
from llmcache.errors import DecodeError, UsageError
from llmcache.model.units import Plain
from llmcache_langchain.handmade import handmade
from llmcache_langchain.messages import message_from_plain, message_to_plain
from llmcache_langchain.portable import portable

_GENERATIONS = root("generations")
_FIELDS = frozenset({"message", "text", "generation_info"})


def generations_to_plain(generations: Sequence[Generation]) -> Plain:
    """Return the plain form of an answer; shares no list or dict with it.

    Subclasses and chunks become `Generation` or `ChatGeneration`.

    Raises:
        UsageError: Something in it is no generation or has no form as data; names place and type, never content.
    """
    return [_to_plain(generation, (_GENERATIONS, index)) for index, generation in enumerate(generations)]


def generations_from_plain(plain: Plain) -> list[Generation]:
    """Return the answer that `plain` says; it takes over the lists and dicts of `plain`.

    Raises:
        DecodeError: Not the plain form of an answer. Nothing else, for any plain data.
    """
    if type(plain) is not list:
        raise DecodeError("this is not a list of generations")
    return [_from_plain(item) for item in plain]


def _to_plain(generation: Generation, place: Place) -> Plain:
    # The class itself first: pydantic answers for any other in Python.
    if type(generation) is not ChatGeneration and not isinstance(generation, Generation):
        raise UsageError(f"{spell(place)} is of type {type(generation).__name__}, not a generation")
    plain: dict[str, Plain] = {}
    text = _exact_text(generation.text, (place, "text"))
    if isinstance(generation, ChatGeneration):
        plain["message"] = message_to_plain(generation.message, place=(place, "message"))
        if text != _text_of(plain["message"]["content"]):
            plain["text"] = text
    else:
        plain["text"] = text
    if generation.generation_info is not None:
        plain["generation_info"] = portable(generation.generation_info, (place, "generation_info"))
        if type(plain["generation_info"]) is not dict:
            raise UsageError(f"{spell((place, 'generation_info'))} is not a dict")
    return plain


def _exact_text(text: object, place: Place) -> str:
    if not isinstance(text, str):
        raise UsageError(f"{spell(place)} is of type {type(text).__name__}, not text")
    return str.__str__(text)


def _from_plain(plain: Plain) -> Generation:
    if type(plain) is not dict or not plain.keys() <= _FIELDS:
        raise DecodeError("a generation is no object, or has a field that is not known")
    if type(plain.get("generation_info", {})) is not dict:
        raise DecodeError("generation_info of a generation is no object")
    if "message" in plain:
        return _chat_from_plain(plain)
    if type(plain.get("text")) is not str:
        raise DecodeError("a generation has neither message nor text")
    fields = {"text": plain["text"], "generation_info": plain.get("generation_info"), "type": "Generation"}
    return handmade(Generation, fields, set(plain), None)


def _chat_from_plain(plain: dict[str, Plain]) -> ChatGeneration:
    message = message_from_plain(plain["message"])
    if "text" not in plain:
        # LangChain hands out this subclass of str, which can still be called, as it could long ago.
        text: str = TextAccessor(_text_of(message.content))
    elif type(plain["text"]) is str:
        text = plain["text"]
    else:
        raise DecodeError("the text of a generation is no text")
    fields = {
        "text": text,
        "generation_info": plain.get("generation_info"),
        "type": "ChatGeneration",
        "message": message,
    }
    return handmade(ChatGeneration, fields, {*plain, "text"}, None)


def _text_of(content: Plain) -> str:
    """Return what LangChain computes as the text of a chat generation from its message's content."""
    if type(content) is str:
        return content
    return "".join(block if type(block) is str else _text_of_block(block) for block in content)


def _text_of_block(block: dict[str, Plain]) -> str:
    # Blocks without type are of old messages; LangChain counts them in since they were all there was.
    text = block.get("text")
    return text if block.get("type") in ("text", None) and type(text) is str else ""
