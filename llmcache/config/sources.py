"""Where a cache that was not told its store finds it: the environment, then the embedded default."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from llmcache.errors import ConfigError, UsageError
from llmcache.model.namespace import Namespace

URL_VARIABLE = "LLMCACHE_URL"
NAMESPACE_VARIABLE = "LLMCACHE_NAMESPACE"
DEFAULT_NAMESPACE = Namespace(("default",))


def store_url(given: str | None, environment: Mapping[str, str] | None = None) -> str:
    """Return the URL that holds: the given one, else $LLMCACHE_URL, else `sqlite:` in the user's cache folder."""
    seen = os.environ if environment is None else environment
    return given or seen.get(URL_VARIABLE) or "sqlite:"


def namespace(given: Namespace | str | None, environment: Mapping[str, str] | None = None) -> Namespace:
    """Return the namespace that holds: the given one, else $LLMCACHE_NAMESPACE, else "default"."""
    seen = os.environ if environment is None else environment
    if given is not None:
        if not isinstance(given, Namespace | str):
            raise UsageError(f"namespace is a text such as 'shop/prod', found {type(given).__name__}")
        return Namespace.of(given)
    named = seen.get(NAMESPACE_VARIABLE)
    return Namespace.of(named) if named else DEFAULT_NAMESPACE


def cache_folder(environment: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    """Return the folder for our files in the user's cache folder, by the custom of the platform; not created.

    Raises:
        ConfigError: The user has no home folder, and the environment names no other.
    """
    seen = os.environ if environment is None else environment
    if platform == "win32":
        return Path(seen.get("LOCALAPPDATA") or _home() / "AppData" / "Local") / "llmcache"
    if platform == "darwin":
        return _home() / "Library" / "Caches" / "llmcache"
    named = Path(seen.get("XDG_CACHE_HOME") or "")
    # "All paths set in these environment variables must be absolute. If [...] relative [...] ignore it." (XDG)
    return (named if named.is_absolute() else _home() / ".cache") / "llmcache"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:
        # A container that runs as a number no user has.
        raise ConfigError(f"the user has no home folder; set {URL_VARIABLE}, for example to sqlite:/data") from error
