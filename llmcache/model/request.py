"""Requests: what is asked of a model, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from llmcache.errors import UsageError
from llmcache.model.units import Plain


@dataclass(frozen=True, slots=True)
class Request:
    """One question to one model, in the shape the provider's API takes.

    Args:
        model: The model's name.
        messages: In order, JSON-like, as they go over the wire.
        parameters: Everything else that goes over the wire: temperature, max_tokens, response_format ...
        tools: Tool schemas, in order.

    The values are not copied; do not change them between making the request and using it. Its representation shows the model
    alone: what is asked belongs in no log.
    """

    model: str
    messages: Sequence[Mapping[str, Plain]] = field(repr=False)
    parameters: Mapping[str, Plain] = field(default_factory=dict, repr=False)
    tools: Sequence[Mapping[str, Plain]] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.model, str) or not self.model:
            raise UsageError("Request.model is the model's name, a non-empty text")
        if isinstance(self.messages, str | bytes | Mapping):
            raise UsageError(
                f"Request.messages is a list of messages such as {{'role': 'user', 'content': ...}}, "
                f"found {type(self.messages).__name__}"
            )
        if not isinstance(self.parameters, Mapping):
            raise UsageError(f"Request.parameters is a mapping, found {type(self.parameters).__name__}")
