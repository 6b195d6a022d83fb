"""Cutting many keys and scalars into calls of a size that the service takes; its bounds are not documented."""

from collections.abc import Iterable, Sequence
from typing import Final

from llmcache_momento.rpcs import Get, GetBatch, Scalar, SetBatch

_MOST_ITEMS: Final = 50
_MOST_BYTES: Final = 4_000_000


def reads(keys: Sequence[bytes]) -> list[Get | GetBatch]:
    """Return calls that read `keys`, in order; for one key the call without a stream, which costs half."""
    if len(keys) == 1:
        return [Get(keys)]
    return [GetBatch(keys[start : start + _MOST_ITEMS]) for start in range(0, len(keys), _MOST_ITEMS)]


def joined(answers: Sequence[list[bytes | None]]) -> list[bytes | None]:
    """Return the answers of such calls as one."""
    return answers[0] if len(answers) == 1 else [value for answer in answers for value in answer]


def writes(scalars: Iterable[Scalar]) -> list[SetBatch]:
    """Return calls that write `scalars`, which have keys of their own each: the calls travel in no order."""
    calls: list[SetBatch] = []
    batch: list[Scalar] = []
    size = 0
    for scalar in scalars:
        if batch and (len(batch) == _MOST_ITEMS or size + len(scalar.value) > _MOST_BYTES):
            calls.append(SetBatch(batch))
            batch, size = [], 0
        batch.append(scalar)
        size += len(scalar.value)
    return [*calls, SetBatch(batch)] if batch else calls
