"""Reading requests from files: what `llmcache key` and `llmcache explain` are given."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from llmcache.errors import UsageError
from llmcache.model.request import Request
from llmcache.model.units import Plain

_PLAIN = ("model", "messages", "parameters", "tools")
_LANGCHAIN = ("prompt", "llm_string")
FORMS = (
    'an object {"model": ..., "messages": [...], "parameters": {...}, "tools": [...]}, '
    'or LangChain\'s {"prompt": "...", "llm_string": "..."}'
)


@dataclass(frozen=True, slots=True)
class LangChainCall:
    """What LangChain hands to a cache.

    Attributes:
        prompt: The messages, as LangChain wrote them.
        llm_string: The model and its settings, as LangChain wrote them.
    """

    prompt: str
    llm_string: str


Asked: TypeAlias = Request | LangChainCall


def read_asked(name: str) -> Asked:
    """Return the request in a JSON file; "-" is standard input.

    Raises:
        UsageError: No such file, not JSON, or not a request; says what was found and what is allowed.
    """
    data = _parsed(name, _text(name))
    if not isinstance(data, Mapping):
        raise UsageError(f"{name} holds a JSON {_kind(data)}; expected is {FORMS}")
    if set(data) <= set(_PLAIN) and {"model", "messages"} <= set(data):
        return Request(**data)
    if set(data) == set(_LANGCHAIN):
        return _langchain_call(name, data)
    raise UsageError(f"{name} has the fields {', '.join(sorted(data)) or 'none'}; expected is {FORMS}")


def _text(name: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text: byte {error.start} is wrong") from error


def _parsed(name: str, text: str) -> Plain:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{name} is not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise UsageError(f"{name} is nested too deeply to be a request") from error


def _langchain_call(name: str, data: Mapping[str, Plain]) -> LangChainCall:
    for field in _LANGCHAIN:
        if not isinstance(data[field], str):
            raise UsageError(f"{field} in {name} is a JSON {_kind(data[field])}; expected is the text LangChain passes")
    return LangChainCall(data["prompt"], data["llm_string"])


def _kind(value: Plain) -> str:
    kinds = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return kinds.get(type(value), "number")
