"""Admission: which answers are worth keeping.

An answer that is empty, cut off, filtered or an error would be served again and again for as long as it lives.
So it is not kept, unless the caller says otherwise. The reasons are short words that are counted, never content.
"""

from collections.abc import Mapping, Sequence

from llmcache.model.units import Plain

CUT_OFF = frozenset({"length", "max_tokens", "MAX_TOKENS", "model_length", "max_output_tokens", "incomplete"})
"""Finish reasons for an answer that ended because of a length limit: OpenAI, Anthropic, Gemini, Mistral, Responses."""

FILTERED = frozenset({"content_filter", "refusal", "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"})
"""Finish reasons for an answer that a filter or a refusal ended."""

FAILED = frozenset({"error", "failed", "cancelled"})
"""Finish reasons for an answer that failed on the way."""

_REASON_FIELDS = ("finish_reason", "stop_reason", "finishReason")


def refusal_of_reason(reason: object) -> str | None:
    """Return why an answer with this finish reason is not kept, or None where it is."""
    if not isinstance(reason, str):
        return None
    if reason in CUT_OFF:
        return "cut off by length"
    if reason in FILTERED:
        return "filtered or refused"
    return "failed" if reason in FAILED else None


def refusal(value: Plain) -> str | None:
    """Return why `value`, a provider's reply or any JSON-like answer, is not kept; None where it is.

    Empty values are refused, and in a mapping: a truthy "error", and finish reasons at the top or in "choices" or
    "candidates", in the providers' own spelling.
    """
    if value is None or value in ("", [], {}):
        return "empty"
    if not isinstance(value, Mapping):
        return None
    if value.get("error"):
        return "error"
    parts = [value]
    for name in ("choices", "candidates"):
        listed = value.get(name)
        if isinstance(listed, Sequence) and not isinstance(listed, str):
            if not listed:
                return "empty"
            parts.extend(part for part in listed if isinstance(part, Mapping))
    reasons = (refusal_of_reason(part.get(field)) for part in parts for field in _REASON_FIELDS)
    return next((reason for reason in reasons if reason is not None), None)
