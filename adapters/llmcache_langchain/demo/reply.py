"""What the local model answers, as values: a text, tool calls, why it stopped, and what it counts.

A script for a test is a function from the request's body to a `Reply`; the one used without a script is `recall`.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from llmcache.model.units import Plain

Body: TypeAlias = Mapping[str, Plain]
"""The JSON object that a client posted to `/v1/chat/completions`."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The wish to have a tool called, as a model expresses it."""

    name: str
    arguments: Mapping[str, Plain] = field(default_factory=dict)
    id: str = "call_1"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the model.

    Attributes:
        text: What it says; may be empty where it calls tools.
        tool_calls: The tools it wants called.
        finish_reason: Why it stopped; None gives "tool_calls" where there are any, and "stop" otherwise.
        input_tokens: Tokens of the prompt; None counts them with `count_tokens`.
        output_tokens: Tokens of the answer; None counts them with `count_tokens`.
    """

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None

    @property
    def reason(self) -> str:
        """Why the model stopped, as the API says it."""
        return self.finish_reason or ("tool_calls" if self.tool_calls else "stop")


Script: TypeAlias = Callable[[Body], Reply | Sequence[Reply]]
"""Chooses the answer to a request: one reply for every choice asked for, or one per choice."""


class ModelError(Exception):
    """Raised by a script to make the model answer with an HTTP error.

    Args:
        status: The HTTP status, 429 or 500 for example.
        message: What the error object says.
    """

    def __init__(self, status: int, message: str = "the local model was told to fail") -> None:
        super().__init__(message)
        self.status = status


def recall(body: Body) -> Sequence[Reply]:
    """Answer from nothing but the messages, so that equal requests get equal answers.

    The text quotes the question and how the conversation began: a model that was sent no earlier message cannot
    know that, so a reader sees whether it was. With `n` above 1 each choice says its number.
    """
    said = [_text_of(message) for message in body["messages"] if message["role"] == "user"]
    question = said[-1] if said else ""
    text = f"You asked: {question!r}."
    if len(said) > 1:
        text += f" The first of your {len(said)} messages was: {said[0]!r}."
    choices = int(body.get("n") or 1)
    return [Reply(text if choices == 1 else f"{text} (choice {number})") for number in range(1, choices + 1)]


def question_of(body: Body) -> str:
    """Return what the user said last."""
    return next((_text_of(message) for message in reversed(body["messages"]) if message["role"] == "user"), "")


def count_tokens(text: str) -> int:
    """Return how many words and punctuation marks `text` has: near enough to a tokenizer for a demonstration."""
    return len(pieces(text))


def pieces(text: str) -> list[str]:
    """Split `text` into what is streamed one by one; joined, they are `text` again."""
    return re.findall(r"\s*(?:\w+|[^\w\s])|\s+$", text)


def count_prompt_tokens(body: Body) -> int:
    """Return the tokens of all messages, with four for the frame of each."""
    return sum(4 + count_tokens(_text_of(message)) for message in body["messages"])


def _text_of(message: Mapping[str, Plain]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return " ".join(str(block.get("text", "")) for block in content)
    return content if isinstance(content, str) else json.dumps(message.get("tool_calls") or "")
