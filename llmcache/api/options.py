"""Options for the calls inside a `with` block, whoever makes them: also LangChain, through its global cache."""

from contextvars import ContextVar, Token
from types import TracebackType

from llmcache.model.options import NO_OPTIONS, Options, read_options

_in_force: ContextVar[Options] = ContextVar("llmcache_options", default=NO_OPTIONS)


def in_force() -> Options:
    """Return the options of the innermost block around this call, joined with those further out."""
    return _in_force.get()


class options:  # noqa: N801 -- read as a verb phrase, `with llmcache.options(refresh=True):`, like contextlib's own
    """Options for every call of any cache inside the block, in this thread or task and those it starts.

    Blocks nest: an inner one wins where both say something, tags add up, namespaces nest.

    Args:
        bypass: Neither read nor keep.
        refresh: Do not read; keep the new answer over the old one.
        ttl: Time to live in seconds of what is kept.
        tags: Names to clear the kept answers by.
        namespace: A path below the cache's own namespace, such as "tenant-a".
        max_age: Take no answer made more than this many seconds ago.
        coalesce: With whom to share a call that is under way: "off", "process" or "shared".

    Raises:
        UsageError: An unknown option, or a wrong value; raised here, before the block.
    """

    def __init__(self, **given: object) -> None:
        self._own = read_options(given)
        self._tokens: list[Token[Options]] = []

    def __enter__(self) -> Options:
        joined = self._own.over(_in_force.get())
        self._tokens.append(_in_force.set(joined))
        return joined

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _in_force.reset(self._tokens.pop())
