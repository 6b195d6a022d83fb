"""Calls on sorted sets, which are kept as dicts from element to score."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from momento_wire_types import cacheclient_pb2 as pb

from llmcache_momento.local.keep import Keep, Type

Scores: TypeAlias = dict[bytes, float]
Rows: TypeAlias = list[tuple[bytes, float]]


def put(keep: Keep, name: str, request: pb._SortedSetPutRequest) -> pb._SortedSetPutResponse:
    """Keep elements with their scores."""
    keep.check_elements(*(element.value for element in request.elements))

    def change(scores: Scores) -> None:
        scores.update((element.value, element.score) for element in request.elements)

    keep.change(name, request.set_name, request, Type.SORTED_SET, change)
    return pb._SortedSetPutResponse()


def _ranked(scores: Scores, order: int) -> Rows:
    rows = sorted(((score, element) for element, score in scores.items()), reverse=bool(order))
    return [(element, score) for score, element in rows]


def _by_score(rows: Rows, wanted: Any) -> Rows:
    if wanted.WhichOneof("min") == "min_score":
        low = wanted.min_score
        rows = [row for row in rows if row[1] > low.score or (row[1] == low.score and not low.exclusive)]
    if wanted.WhichOneof("max") == "max_score":
        high = wanted.max_score
        rows = [row for row in rows if row[1] < high.score or (row[1] == high.score and not high.exclusive)]
    rows = rows[wanted.offset :]
    return rows if wanted.count < 0 else rows[: wanted.count]


def _by_index(rows: Rows, wanted: Any) -> Rows:
    start = wanted.inclusive_start_index if wanted.WhichOneof("start") == "inclusive_start_index" else None
    end = wanted.exclusive_end_index if wanted.WhichOneof("end") == "exclusive_end_index" else None
    return rows[start:end]


def fetch(keep: Keep, name: str, request: pb._SortedSetFetchRequest) -> pb._SortedSetFetchResponse:
    """Return elements in order of their scores: those of a range of ranks, or of scores."""
    item, out = keep.live(name, request.set_name, Type.SORTED_SET), pb._SortedSetFetchResponse()
    if item is None:
        out.missing.SetInParent()
        return out
    rows = _ranked(item.value, request.order)
    is_by_score = request.WhichOneof("range") == "by_score"
    rows = _by_score(rows, request.by_score) if is_by_score else _by_index(rows, request.by_index)
    out.found.SetInParent()
    if not request.with_scores:
        out.found.values.values.extend(element for element, _ in rows)
        return out
    out.found.values_with_scores.SetInParent()
    for element, score in rows:
        out.found.values_with_scores.elements.add(value=element, score=score)
    return out


def get_score(keep: Keep, name: str, request: pb._SortedSetGetScoreRequest) -> pb._SortedSetGetScoreResponse:
    """Return the scores of elements."""
    item, out = keep.live(name, request.set_name, Type.SORTED_SET), pb._SortedSetGetScoreResponse()
    if item is None:
        out.missing.SetInParent()
        return out
    out.found.SetInParent()
    for element in request.values:
        out.found.elements.add(result=pb.Hit if element in item.value else pb.Miss, score=item.value.get(element, 0.0))
    return out


def get_rank(keep: Keep, name: str, request: pb._SortedSetGetRankRequest) -> pb._SortedSetGetRankResponse:
    """Return how many elements come before one."""
    item, out = keep.live(name, request.set_name, Type.SORTED_SET), pb._SortedSetGetRankResponse()
    if item is None or request.value not in item.value:
        out.element_rank.result = pb.Miss
        return out
    out.element_rank.result = pb.Hit
    out.element_rank.rank = [element for element, _ in _ranked(item.value, request.order)].index(request.value)
    return out


def remove(keep: Keep, name: str, request: pb._SortedSetRemoveRequest) -> pb._SortedSetRemoveResponse:
    """Drop some elements, or all."""
    item = keep.live(name, request.set_name, Type.SORTED_SET)
    if item is not None:
        gone = list(item.value) if request.WhichOneof("remove_elements") == "all" else request.some.values
        for element in gone:
            item.value.pop(element, None)
        keep.drop_if_empty(name, request.set_name, item)
    return pb._SortedSetRemoveResponse()


def increment(keep: Keep, name: str, request: pb._SortedSetIncrementRequest) -> pb._SortedSetIncrementResponse:
    """Add to an element's score."""

    def change(scores: Scores) -> float:
        scores[request.value] = scores.get(request.value, 0.0) + request.amount
        return scores[request.value]

    score = keep.change(name, request.set_name, request, Type.SORTED_SET, change)
    return pb._SortedSetIncrementResponse(score=score)


def length(keep: Keep, name: str, request: pb._SortedSetLengthRequest) -> pb._SortedSetLengthResponse:
    """Return the number of elements."""
    item, out = keep.live(name, request.set_name, Type.SORTED_SET), pb._SortedSetLengthResponse()
    if item is None:
        out.missing.SetInParent()
    else:
        out.found.length = len(item.value)
    return out


def length_by_score(
    keep: Keep, name: str, request: pb._SortedSetLengthByScoreRequest
) -> pb._SortedSetLengthByScoreResponse:
    """Return the number of elements in a range of scores."""
    item, out = keep.live(name, request.set_name, Type.SORTED_SET), pb._SortedSetLengthByScoreResponse()
    if item is None:
        out.missing.SetInParent()
        return out
    bounds: Mapping[str | None, Callable[[float], bool]] = {
        "inclusive_min": lambda score: score >= request.inclusive_min,
        "exclusive_min": lambda score: score > request.exclusive_min,
        "inclusive_max": lambda score: score <= request.inclusive_max,
        "exclusive_max": lambda score: score < request.exclusive_max,
    }
    low, high = bounds.get(request.WhichOneof("min")), bounds.get(request.WhichOneof("max"))
    out.found.length = sum(
        (low is None or low(score)) and (high is None or high(score)) for score in item.value.values()
    )
    return out


SORTED_SETS: Final[Mapping[str, Callable[[Keep, str, Any], object]]] = {
    "SortedSetPut": put,
    "SortedSetFetch": fetch,
    "SortedSetGetScore": get_score,
    "SortedSetGetRank": get_rank,
    "SortedSetRemove": remove,
    "SortedSetIncrement": increment,
    "SortedSetLength": length,
    "SortedSetLengthByScore": length_by_score,
}
