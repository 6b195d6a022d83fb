"""What answers say, in the shapes of the providers."""

from typing import Any

import pytest

from llmcache.policy.saying import LONGEST, said


@pytest.mark.parametrize(
    "answer",
    [
        "Yes.",
        {"content": "Yes."},
        {"choices": [{"message": {"role": "assistant", "content": "Yes.", "tool_calls": None}}]},
        {"content": [{"type": "text", "text": "Yes."}], "stop_reason": "end_turn"},
        {"output": [{"type": "message", "content": [{"type": "output_text", "text": "Yes."}]}]},
        {"candidates": [{"content": {"parts": [{"text": "Yes."}]}}]},
        [{"text": "Yes.", "message": {"content": "Yes."}}],
    ],
)
def test_text_of_an_answer_is_found(answer: Any) -> None:
    """OpenAI's two, Anthropic's, Gemini's, LangChain's, and a plain text; what stands there twice counts once."""
    assert "Yes." == said(answer)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "",
        " ",
        7,
        {},
        {"content": ""},
        {"score": 0.5},
        {"choices": [{"message": {"content": "Let me see.", "tool_calls": [{"id": "1"}]}}]},
        {"content": [{"type": "text", "text": "Let me see."}, {"type": "tool_use", "name": "f"}]},
        {"output": [{"type": "function_call", "name": "f"}]},
        [{"text": "", "message": {"content": "", "tool_calls": [{"name": "f"}]}}],
    ],
)
def test_calls_of_tools_and_silence_say_nothing(answer: Any) -> None:
    """Arguments that were meant for one question must not be used for another."""
    assert said(answer) is None


def test_long_answer_is_cut() -> None:
    """It is compared by its beginning, and a tree without end is given up."""
    deep: Any = "bottom"
    for _ in range(1_000):
        deep = [deep]

    assert LONGEST == len(said("word " * 1_000) or "")
    assert said(deep) is None
