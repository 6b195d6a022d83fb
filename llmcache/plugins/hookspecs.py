"""The hooks a plugin may implement. Each returns data; nothing is registered by side effect."""

from collections.abc import Sequence

import pluggy

from llmcache.plugins.spec import StoreSpec

GROUP = "llmcache"
"""The name of the pluggy project and of the entry-point group."""

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def llmcache_stores() -> Sequence[StoreSpec]:  # type: ignore[empty-body] # a specification has no body
    """Return the stores this plugin brings."""
