"""What a store is opened with."""

import re
from dataclasses import dataclass, field
from typing import Final

from llmcache.errors import UsageError
from llmcache.model.units import Seconds
from llmcache.plugins.settings import check_flag, check_seconds
from llmcache_momento.errors import NAME
from llmcache_momento.layout import LEASE

# The name travels in a header with every call, and a header holds no more than that.
_CACHE_NAME: Final = re.compile("[!-~]([ -~]*[!-~])?")
DEFAULT_TIMEOUT: Final[Seconds] = 2.0


@dataclass(frozen=True, slots=True)
class Account:
    """Where the service is and how to be let in.

    Attributes:
        token: The key that goes with every call; never shown.
        cache_endpoint: Host of the data plane.
        control_endpoint: Host of the control plane.
        token_endpoint: Host that makes tokens; not used, but the SDK wants it.
        port: 443 means TLS, and that an endpoint may bring a port of its own; any other port is plaintext.
    """

    token: str = field(repr=False)
    cache_endpoint: str
    control_endpoint: str
    token_endpoint: str
    port: int

    @property
    def is_secure(self) -> bool:
        """True where the connection is encrypted."""
        return self.port == 443

    @property
    def target(self) -> str:
        """The data plane's address, as gRPC wants it."""
        return self._address(self.cache_endpoint)

    @property
    def control_target(self) -> str:
        """The control plane's address, as gRPC wants it."""
        return self._address(self.control_endpoint)

    def _address(self, endpoint: str) -> str:
        return endpoint if self.is_secure else f"{endpoint}:{self.port}"


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked options.

    Args:
        cache: The name of the cache.
        timeout: Longest an operation takes, all its calls together, in seconds.
        create: Create the cache where it is missing, on first use.
        consistent: Let every read see what was written before it, at twice the price.
        ttl_resolution: How much longer than its time to live an entry may live, in seconds.
        lease: See `generations`, in seconds; to be changed only where nobody else uses the cache, in tests.

    Raises:
        UsageError: A value is of the wrong type or out of range.
    """

    cache: str
    timeout: Seconds = DEFAULT_TIMEOUT
    create: bool = False
    consistent: bool = False
    ttl_resolution: Seconds = 1.0
    lease: Seconds = LEASE

    def __post_init__(self) -> None:
        if not isinstance(self.cache, str) or not _CACHE_NAME.fullmatch(self.cache):
            found = repr(self.cache) if isinstance(self.cache, str) else type(self.cache).__name__
            raise UsageError(
                f"{NAME}: the name of a cache is printable ASCII, without blanks around it, found {found:.80}"
            )
        check_seconds(NAME, "timeout", self.timeout)
        for name in ("create", "consistent"):
            check_flag(NAME, name, getattr(self, name))
