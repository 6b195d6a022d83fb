"""What a hit looks like: the kept answer, told apart from a paid one.

- A fresh message id, or LangGraph's state would replace the earlier message by this one.
- Usage of zero tokens, complete in its fields: usage callbacks count nothing twice, and the message can be stored and
  read back after LangChain has added its own `total_cost: 0` (a usage of that field alone cannot).
- `response_metadata["llmcache"]`: that it is a hit, when the answer was made, the usage that was paid then and the
  id it had. Of an answer that was kept for another question also `semantic`: which question, how near, by what margin.
"""

import os
from dataclasses import replace

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, Generation

from llmcache.errors import DecodeError
from llmcache.flows.looking import Found, Near
from llmcache.model.entry import Entry
from llmcache_langchain.generations import generations_from_plain
from llmcache_langchain.moulds import Mould, Single

ENTRY_TYPE = "langchain"
"""`Entry.type` of answers and messages that this package writes."""

MARKER = "llmcache"
"""The field of `response_metadata` that marks a hit."""


def revive(entry: Entry, is_shared: bool) -> Entry:
    """Return the entry with its value as a `Mould` or, where it serves one caller only, as a `Single`: rewritten as hits.

    Raises:
        DecodeError: The entry was not written by this package, or does not have its form.
    """
    if entry.type != ENTRY_TYPE:
        raise DecodeError(f"the entry holds {entry.type!r}, expected {ENTRY_TYPE!r}")
    generations = generations_from_plain(entry.value)
    for generation in generations:
        if isinstance(generation, ChatGeneration):
            _mark(generation, entry)
    return replace(entry, value=Mould(generations) if is_shared else Single(generations))


def _mark(generation: ChatGeneration, entry: Entry) -> None:
    message = generation.message
    marker: dict[str, object] = {"hit": True, "made_at": entry.made_at, "id": message.id}
    if isinstance(message, AIMessage):
        marker["usage"] = message.usage_metadata
        message.usage_metadata = UsageMetadata(input_tokens=0, output_tokens=0, total_tokens=0)
    message.response_metadata = {**message.response_metadata, MARKER: marker}


def served(found: Found) -> list[Generation]:
    """Return the generations of a revived entry for one caller, with fresh ids; one that was found by meaning says so."""
    answers: Mould | Single = found.entry.value
    generations = answers.cast(fresh_id)
    if found.near is not None:
        for generation in generations:
            if isinstance(generation, ChatGeneration):
                _mark_near(generation.message, found.near)
    return generations


def _mark_near(message: BaseMessage, near: Near) -> None:
    told = {
        "question": near.question,
        "similarity": near.similarity,
        "distance": 1.0 - near.similarity,
        "margin": near.margin,
    }
    marker = {**message.response_metadata[MARKER], "semantic": told}
    message.response_metadata = {**message.response_metadata, MARKER: marker}


def fresh_id() -> str:
    """Return a message id in the form LangChain gives to those it makes itself."""
    return f"lc_run--{os.urandom(16).hex()}"
