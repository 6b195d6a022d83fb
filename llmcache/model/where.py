"""Conditions on facts, as values: which points a search may find."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from llmcache.model.units import Plain

Comparison: TypeAlias = Literal["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin"]


@dataclass(frozen=True, slots=True)
class Test:
    """One fact compared with a value."""

    __test__ = False  # no test of pytest's

    field: str
    how: Comparison
    value: Plain


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold; without parts it holds."""

    parts: "tuple[Where, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: "tuple[Where, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Where"


Where: TypeAlias = Test | Every | Either | Not
"""A condition on the facts of a point; `policy.where` reads one from a filter and judges by it."""

Facts: TypeAlias = Mapping[str, Plain]
