"""Calls on dictionaries."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from momento_wire_types import cacheclient_pb2 as pb

from llmcache_momento.local.keep import Keep, Type
from llmcache_momento.local.scalars import added


def set_(keep: Keep, name: str, request: pb._DictionarySetRequest) -> pb._DictionarySetResponse:
    """Keep fields."""
    for pair in request.items:
        keep.check_elements(pair.field, pair.value)

    def change(fields: dict[bytes, bytes]) -> None:
        fields.update((pair.field, pair.value) for pair in request.items)

    keep.change(name, request.dictionary_name, request, Type.DICTIONARY, change)
    return pb._DictionarySetResponse()


def get(keep: Keep, name: str, request: pb._DictionaryGetRequest) -> pb._DictionaryGetResponse:
    """Return the values of fields."""
    item, out = keep.live(name, request.dictionary_name, Type.DICTIONARY), pb._DictionaryGetResponse()
    if item is None:
        out.missing.SetInParent()
        return out
    out.found.SetInParent()
    for field in request.fields:
        result = pb.Hit if field in item.value else pb.Miss
        out.found.items.add(result=result, cache_body=item.value.get(field, b""))
    return out


def fetch(keep: Keep, name: str, request: pb._DictionaryFetchRequest) -> pb._DictionaryFetchResponse:
    """Return all fields with their values."""
    item, out = keep.live(name, request.dictionary_name, Type.DICTIONARY), pb._DictionaryFetchResponse()
    if item is None:
        out.missing.SetInParent()
        return out
    out.found.SetInParent()
    for field, value in item.value.items():
        out.found.items.add(field=field, value=value)
    return out


def increment(keep: Keep, name: str, request: pb._DictionaryIncrementRequest) -> pb._DictionaryIncrementResponse:
    """Add to a field that is an integer."""

    def change(fields: dict[bytes, bytes]) -> int:
        total = added(fields.get(request.field, b"0"), request.amount)
        fields[request.field] = b"%d" % total
        return total

    total = keep.change(name, request.dictionary_name, request, Type.DICTIONARY, change)
    return pb._DictionaryIncrementResponse(value=total)


def delete(keep: Keep, name: str, request: pb._DictionaryDeleteRequest) -> pb._DictionaryDeleteResponse:
    """Drop some fields, or all."""
    item = keep.live(name, request.dictionary_name, Type.DICTIONARY)
    if item is not None:
        gone = list(item.value) if request.WhichOneof("delete") == "all" else request.some.fields
        for field in gone:
            item.value.pop(field, None)
        keep.drop_if_empty(name, request.dictionary_name, item)
    return pb._DictionaryDeleteResponse()


def length(keep: Keep, name: str, request: pb._DictionaryLengthRequest) -> pb._DictionaryLengthResponse:
    """Return the number of fields."""
    item, out = keep.live(name, request.dictionary_name, Type.DICTIONARY), pb._DictionaryLengthResponse()
    if item is None:
        out.missing.SetInParent()
    else:
        out.found.length = len(item.value)
    return out


DICTIONARIES: Final[Mapping[str, Callable[[Keep, str, Any], object]]] = {
    "DictionaryGet": get,
    "DictionaryFetch": fetch,
    "DictionarySet": set_,
    "DictionaryIncrement": increment,
    "DictionaryDelete": delete,
    "DictionaryLength": length,
}
