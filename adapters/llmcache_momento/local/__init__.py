"""A stand-in for the Momento service, for developers and tests: real gRPC, Momento's own wire types, in memory.

    with MomentoLocal() as server:  # 127.0.0.1, a free port, no TLS
        cache = llmcache.open(f"momento-local:{server.address}/shop")

or `python -m llmcache_momento.local --port 0`, which prints the port. Momento's own SDK talks to it, too:
`CredentialProvider.for_momento_local("127.0.0.1", server.port)`.

It is no server for production: it keeps everything in one process, asks for no key unless told to, and is written to
answer as the service is documented to, not to answer fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmcache_momento.local.faults import Fault, Faults
    from llmcache_momento.local.keep import Limits
    from llmcache_momento.local.server import Called, MomentoLocal

_HOMES = {
    "Called": "llmcache_momento.local.server",
    "Fault": "llmcache_momento.local.faults",
    "Faults": "llmcache_momento.local.faults",
    "Limits": "llmcache_momento.local.keep",
    "MomentoLocal": "llmcache_momento.local.server",
}

__all__ = ["Called", "Fault", "Faults", "Limits", "MomentoLocal"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'llmcache_momento.local' has no attribute {name!r}")
    found: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
