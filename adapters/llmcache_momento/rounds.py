"""Rounds: the logic of this store, written once for both colours.

A generator yields the calls of one round, which travel at the same time, and is sent their answers in order; a driver
(`wire`, `async_wire`) makes them, and `repeating` between the two makes some again. A call that failed for good is thrown in as its
`Failure`, after the other calls of its round ended.
"""

from collections.abc import Generator, Sequence
from typing import Any, TypeAlias, TypeVar

from llmcache_momento.rpcs import Call

R = TypeVar("R")

Rounds: TypeAlias = Generator[Sequence[Call], list[Any], R]
