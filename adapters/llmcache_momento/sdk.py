"""Momento's SDK, set up for this store: one attempt for each call, no connection before the first, a quiet log."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Final

from momento import CacheClient, CacheClientAsync, CredentialProvider
from momento.config import Configuration
from momento.config.transport.transport_strategy import StaticGrpcConfiguration, StaticTransportStrategy
from momento.retry import FixedCountRetryStrategy

from llmcache_momento.budget import share_of
from llmcache_momento.layout import DEFAULT_TTL
from llmcache_momento.settings import Account, Settings

_KEEPALIVE: Final = timedelta(seconds=5)
_KEEPALIVE_TIMEOUT: Final = timedelta(seconds=1)
MESSAGE_BYTES: Final = 5_243_000
"""Largest message each way, as in the SDK."""


def blocking_client(account: Account, settings: Settings) -> CacheClient:
    """Return a client; nothing is sent yet."""
    return CacheClient(_configuration(settings), _credentials(account), timedelta(seconds=DEFAULT_TTL))


def async_client(account: Account, settings: Settings) -> CacheClientAsync:
    """Return a client for the running loop; nothing is sent yet."""
    return CacheClientAsync(_configuration(settings), _credentials(account), timedelta(seconds=DEFAULT_TTL))


def _credentials(account: Account) -> CredentialProvider:
    return CredentialProvider(
        account.token, account.control_endpoint, account.cache_endpoint, account.token_endpoint, account.port
    )


def _configuration(settings: Settings) -> Configuration:
    # Built whole: the SDK's own `with_client_timeout` forgets the keepalive (1.29.1).
    transport = StaticGrpcConfiguration(
        timedelta(seconds=share_of(settings.timeout)),
        max_send_message_length=MESSAGE_BYTES,
        max_receive_message_length=MESSAGE_BYTES,
        keepalive_permit_without_calls=True,
        keepalive_time=_KEEPALIVE,
        keepalive_timeout=_KEEPALIVE_TIMEOUT,
    )
    # The SDK repeats without a pause and within its own time limit; what is worth repeating is decided here.
    return Configuration(StaticTransportStrategy(transport), FixedCountRetryStrategy(max_attempts=0))


_is_ours: ContextVar[bool] = ContextVar("llmcache_momento_is_ours", default=False)


class _NotOurs(logging.Filter):
    """Keeps what the SDK logs of our calls out of the user's log, and nothing that it logs of the user's own."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not _is_ours.get()


_NOT_OURS: Final = _NotOurs()


@contextmanager
def quietly() -> Generator[None]:
    """Keep the SDK from logging: it writes a warning for every failure, which its caller is told of anyway."""
    # Again each time, because who configures logging may drop filters; adding one that is there does nothing.
    logging.getLogger("momentosdk").addFilter(_NOT_OURS)
    token = _is_ours.set(True)
    try:
        yield
    finally:
        _is_ours.reset(token)
