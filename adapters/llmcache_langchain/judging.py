"""What LangChain's answers tell about themselves: whether they are worth keeping, and what they cost."""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, Generation

from llmcache.model.entry import Provenance
from llmcache.model.units import Seconds
from llmcache.policy.admission import refusal_of_reason

_REASON_FIELDS = ("finish_reason", "stop_reason", "done_reason", "finishReason", "status")


def refusal_of_generations(generations: Sequence[Generation]) -> str | None:
    """Return why these answers to one prompt are not kept, in a few words, or None where they are.

    One answer of several that is empty, cut off, filtered, failed or a malformed tool call is enough: the caller
    asked for all of them, and a hit would give the same bad one for ever.
    """
    if not generations:
        return "empty"
    return next((reason for reason in map(_refusal, generations) if reason is not None), None)


def _refusal(generation: Generation) -> str | None:
    infos: list[Mapping[str, Any]] = [generation.generation_info or {}]
    if isinstance(generation, ChatGeneration):
        message = generation.message
        infos.append(message.response_metadata)
        if message.additional_kwargs.get("refusal"):
            return "filtered or refused"
        if isinstance(message, AIMessage) and message.invalid_tool_calls:
            return "malformed tool call"
    for info in infos:
        for field in _REASON_FIELDS:
            if field in info and (reason := refusal_of_reason(info[field])) is not None:
                return reason
    return "empty" if _is_empty(generation) else None


def _is_empty(generation: Generation) -> bool:
    if not isinstance(generation, ChatGeneration):
        return not generation.text.strip()
    message = generation.message
    if isinstance(message, AIMessage) and message.tool_calls:
        return False
    if message.additional_kwargs.get("function_call") or message.additional_kwargs.get("audio"):
        return False
    if isinstance(message.content, str):
        return not message.content.strip()
    return not any(_says_something(block) for block in message.content)


def _says_something(block: str | Mapping[str, Any]) -> bool:
    if isinstance(block, str):
        return bool(block.strip())
    return block.get("type") != "text" or bool(str(block.get("text", "")).strip())


def provenance_of(generations: Sequence[Generation], seconds: Seconds | None) -> Provenance:
    """Return what the call behind these answers was: model, tokens, duration; None where they do not say.

    Of several answers to one prompt each carries the usage of the whole call, so the largest is taken, not the sum.
    """
    model, asked, answered, is_first = None, None, None, True
    for generation in generations:
        if isinstance(generation, ChatGeneration) and isinstance(message := generation.message, AIMessage):
            if is_first:
                model, is_first = _model_of(message.response_metadata), False
            usage = message.usage_metadata
            if isinstance(usage, dict):
                asked = _larger(asked, usage.get("input_tokens"))
                answered = _larger(answered, usage.get("output_tokens"))
    return Provenance(model, asked, answered, seconds=seconds)


def _larger(most: int | None, count: object) -> int | None:
    # A provider's package may set a message's fields without validation, so a count can be anything.
    return count if type(count) is int and (most is None or count > most) else most


def _model_of(metadata: object) -> str | None:
    if not isinstance(metadata, Mapping):
        return None
    for field in ("model_name", "model", "model_id"):
        name = metadata.get(field)
        if isinstance(name, str) and name:
            return name
    return None
