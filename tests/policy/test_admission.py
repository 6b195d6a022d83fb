"""Which answers are worth keeping."""

from typing import Any

import pytest

from llmcache.policy.admission import refusal, refusal_of_reason


@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_empty_values_are_refused(empty: Any) -> None:
    """An empty answer would be served for ever."""
    assert refusal(empty) == "empty"


@pytest.mark.parametrize("value", ["text", 0, False, 1.5, ["x"], {"a": 1}, {"error": None, "a": 1}])
def test_ordinary_values_are_kept(value: Any) -> None:
    """Zero and False are answers; a null error is no error."""
    assert refusal(value) is None


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"error": {"message": "x"}}, "error"),
        ({"choices": []}, "empty"),
        ({"choices": [{"finish_reason": "length"}]}, "cut off by length"),
        ({"choices": [{"finish_reason": "stop"}, {"finish_reason": "content_filter"}]}, "filtered or refused"),
        ({"stop_reason": "max_tokens", "content": [1]}, "cut off by length"),
        ({"stop_reason": "refusal", "content": [1]}, "filtered or refused"),
        ({"candidates": [{"finishReason": "SAFETY"}]}, "filtered or refused"),
        ({"choices": [{"finish_reason": "stop"}]}, None),
        ({"stop_reason": "end_turn"}, None),
        ({"choices": "text", "finish_reason": "error"}, "failed"),
        ({"choices": ["text"]}, None),
    ],
)
def test_provider_replies_are_judged_by_their_finish_reason(value: Any, reason: str | None) -> None:
    """Each provider's own spelling is known, at the top and in every choice."""
    assert refusal(value) == reason


@pytest.mark.parametrize("reason", [None, 3, "stop", "end_turn", "tool_calls"])
def test_other_finish_reasons_are_no_reason(reason: object) -> None:
    """What is not known to be bad is kept."""
    assert refusal_of_reason(reason) is None
