"""What our own channels are made of, the same for both colours."""

from typing import Any, Final

import grpc
from momento_wire_types import cacheclient_pb2_grpc, controlclient_pb2, controlclient_pb2_grpc

from llmcache_momento.sdk import MESSAGE_BYTES
from llmcache_momento.settings import Account, Settings

# A list at the limit of an item is larger on the wire, by what frames its elements; the SDK's own bound would refuse it.
_RECEIVED_BYTES: Final = 16 << 20

OPTIONS: Final = (
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    ("grpc.max_receive_message_length", _RECEIVED_BYTES),
    ("grpc.service_config_disable_resolution", 1),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.keepalive_time_ms", 5_000),
    ("grpc.keepalive_timeout_ms", 1_000),
    # A channel of ours that takes the place of one that broke begins anew, and does not wait as that one would.
    ("grpc.use_local_subchannel_pool", 1),
    # After a restart of the service or its load balancer, the first try is soon and the next ones not far.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)


_STUBS: Final[Any] = cacheclient_pb2_grpc  # generated without types
_CONTROL_STUBS: Final[Any] = controlclient_pb2_grpc  # as above


def metadata_for(account: Account, settings: Settings) -> tuple[tuple[str, str], ...]:
    """Return what goes with every call about what a cache holds, as the SDK sends it."""
    every = (("cache", settings.cache), *control_metadata_for(account))
    # By the name that Momento's SDK for JavaScript sends; its SDK for Python has no setting for it.
    return (*every, ("read-concern", "consistent")) if settings.consistent else every


def control_metadata_for(account: Account) -> tuple[tuple[str, str], ...]:
    """Return what goes with a call about caches themselves."""
    return (("authorization", account.token), ("agent", "python:cache:llmcache"))


def open_channel(maker: Any, account: Account, options: Any) -> Any:
    """Return a channel by `maker`, which is `grpc` or `grpc.aio`; nothing is sent yet."""
    return _open(maker, account, account.target, options)


def open_control_channel(maker: Any, account: Account) -> Any:
    """Return a channel to the control plane, as `open_channel`."""
    return _open(maker, account, account.control_target, OPTIONS)


def _open(maker: Any, account: Account, target: str, options: Any) -> Any:
    if account.is_secure:
        return maker.secure_channel(target, grpc.ssl_channel_credentials(), options=options)
    return maker.insecure_channel(target, options=options)


def stub_on(channel: Any) -> Any:
    """Return the methods of the service on a channel of either colour."""
    return _STUBS.ScsStub(channel)


def creation_on(channel: Any) -> Any:
    """Return the method that creates a cache, on a channel of either colour to the control plane.

    Not the SDK's, which waits a minute for it whatever its time limit.
    """
    return _CONTROL_STUBS.ScsControlStub(channel).CreateCache


def creation_of(cache: str) -> Any:
    """Return what that method is sent."""
    return controlclient_pb2._CreateCacheRequest(cache_name=cache)
