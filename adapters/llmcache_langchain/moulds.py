"""Moulds: answers decoded once and cast again for every caller, with nothing mutable shared between casts.

A hit in memory is mostly the copying of small nested dicts. Which members of them are containers does not change
between hits, so it is found once; a cast then copies containers only and touches no leaf. That takes half of the time of
a copy that looks at every member.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGeneration, Generation
from pydantic import BaseModel

from llmcache_langchain.handmade import handmade

Plan: TypeAlias = tuple[Any, tuple[tuple[Any, "Plan"], ...]]
"""A dict or list, and the places in it that hold containers, with their plans."""


class Mould:
    """Casts generations like the ones it was made of; they must hold plain data only, as decoded ones do."""

    def __init__(self, generations: Sequence[Generation]) -> None:
        self._parts = [_Part(generation) for generation in generations]

    def cast(self, fresh_id: Callable[[], str]) -> list[Generation]:
        """Return new generations, each message with a new id."""
        return [part.cast(fresh_id) for part in self._parts]


class Single:
    """Generations that serve one caller: the first cast is they themselves, and there is no other."""

    def __init__(self, generations: list[Generation]) -> None:
        self._generations = generations

    def cast(self, fresh_id: Callable[[], str]) -> list[Generation]:
        """Return the generations, each message with a new id."""
        for generation in self._generations:
            if isinstance(generation, ChatGeneration):
                generation.message.id = fresh_id()
        return self._generations


class _Part:
    """The mould of one generation."""

    def __init__(self, generation: Generation) -> None:
        self._type = type(generation)
        message = generation.message if isinstance(generation, ChatGeneration) else None
        own = {name: value for name, value in generation.__dict__.items() if value is not message or message is None}
        self._fields = plan_of(own)
        self._given = generation.model_fields_set
        self._message = None if message is None else _MessagePart(message)

    def cast(self, fresh_id: Callable[[], str]) -> Generation:
        fields = poured(self._fields)
        if self._message is not None:
            fields["message"] = self._message.cast(fresh_id())
        return handmade(self._type, fields, self._given.copy(), None)


class _MessagePart:
    """The mould of one message."""

    def __init__(self, message: BaseMessage) -> None:
        self._type: type[BaseModel] = type(message)
        self._fields = plan_of(message.__dict__)
        self._given = {*message.model_fields_set, "id"}
        extra = message.__pydantic_extra__
        self._extra = None if extra is None else plan_of(extra)

    def cast(self, message_id: str) -> BaseModel:
        fields = poured(self._fields)
        fields["id"] = message_id
        return handmade(self._type, fields, self._given.copy(), None if self._extra is None else poured(self._extra))


def plan_of(value: Any) -> Plan:
    """Return how to copy a dict or list of plain data."""
    places = value.items() if isinstance(value, dict) else enumerate(value)
    return value, tuple((place, plan_of(part)) for place, part in places if type(part) in (dict, list))


def poured(plan: Plan) -> Any:
    """Return a copy by a plan, which shares no container with the original."""
    original, inner = plan
    own = original.copy()
    for place, part in inner:
        own[place] = poured(part) if part[1] else part[0].copy()
    return own
