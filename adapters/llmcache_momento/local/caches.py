"""Calls of the control plane: caches. The cache's name is in the request, not in the metadata."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from grpc import StatusCode
from momento_wire_types import controlclient_pb2 as control

from llmcache_momento.local.keep import Keep
from llmcache_momento.local.rejection import RejectionError, invalid


def create(keep: Keep, _: str, request: control._CreateCacheRequest) -> control._CreateCacheResponse:
    """Make an empty cache."""
    if not request.cache_name.strip():
        raise invalid("Cache name must not be empty")
    if request.cache_name in keep.caches:
        raise RejectionError(StatusCode.ALREADY_EXISTS, f"Cache with name: {request.cache_name} already exists")
    keep.caches[request.cache_name] = {}
    return control._CreateCacheResponse()


def delete(keep: Keep, _: str, request: control._DeleteCacheRequest) -> control._DeleteCacheResponse:
    """Drop a cache with all it holds."""
    keep.cache(request.cache_name)
    del keep.caches[request.cache_name]
    return control._DeleteCacheResponse()


def flush(keep: Keep, _: str, request: control._FlushCacheRequest) -> control._FlushCacheResponse:
    """Empty a cache."""
    keep.cache(request.cache_name).clear()
    return control._FlushCacheResponse()


def list_(keep: Keep, _: str, __: control._ListCachesRequest) -> control._ListCachesResponse:
    """Return the names of all caches."""
    out = control._ListCachesResponse()
    for name in keep.caches:
        out.cache.add(cache_name=name)
    return out


CACHES: Final[Mapping[str, Callable[[Keep, str, Any], object]]] = {
    "CreateCache": create,
    "DeleteCache": delete,
    "FlushCache": flush,
    "ListCaches": list_,
}
