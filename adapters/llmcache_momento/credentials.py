"""From the environment to an account.

The service's keys come in three forms: v2, with an endpoint beside it, and two older ones that hold the endpoint inside.
No message here shows any part of a key.
"""

import os
import warnings
from typing import Any

from llmcache.errors import ConfigError
from llmcache_momento.settings import Account

KEY = "MOMENTO_API_KEY"
ENDPOINT = "MOMENTO_ENDPOINT"


def service_account(endpoint: str = "") -> Account:
    """Return the account of $MOMENTO_API_KEY and $MOMENTO_ENDPOINT.

    Args:
        endpoint: Instead of $MOMENTO_ENDPOINT; "" for none. An older key holds its own and needs neither.

    Raises:
        ConfigError: The key is missing or is none, or needs an endpoint.
    """
    # Blanks and line breaks around them come from files; no key and no address holds any.
    key = os.environ.get(KEY, "").strip()
    if not key:
        raise ConfigError(f"momento: finds no key; set {KEY}, and {ENDPOINT} to the endpoint shown beside it")
    return account_of(key, (endpoint or os.environ.get(ENDPOINT, "")).strip())


def account_of(key: str, endpoint: str) -> Account:
    """Return the account of a key; `endpoint` is "" for a key that holds its own."""
    provider = _v2(key, endpoint) or _older(key)
    if provider is None:
        found = "is neither a v2 key nor an older one" if endpoint else f"holds no endpoint; set {ENDPOINT} beside it"
        raise ConfigError(f"momento: the key in {KEY} {found}")
    return Account(
        token=provider.auth_token,
        cache_endpoint=provider.cache_endpoint,
        control_endpoint=provider.control_endpoint,
        token_endpoint=provider.token_endpoint,
        port=provider.port,
    )


def _v2(key: str, endpoint: str) -> Any:
    from momento import CredentialProvider  # noqa: PLC0415 -- loads Momento's SDK, only where the store is opened

    try:
        return CredentialProvider.from_api_key_v2(key, endpoint) if endpoint else None
    except Exception:  # noqa: BLE001 -- whatever it could not parse is the key, and must not be shown
        return None


def _older(key: str) -> Any:
    from momento import CredentialProvider  # noqa: PLC0415 -- as above

    try:
        with warnings.catch_warnings():
            # It is deprecated in favour of v2 keys, and the only reader of the older ones.
            warnings.simplefilter("ignore", DeprecationWarning)
            return CredentialProvider.from_string(key)
    except Exception:  # noqa: BLE001 -- as above
        return None


def local_account(host: str, port: int) -> Account:
    """Return the account of a stand-in, which wants no key and speaks plaintext."""
    return Account("", host, host, host, port)
