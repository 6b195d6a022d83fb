"""Exit codes: what the command says to a script. They are documented in docs/reference/cli.md and do not change."""

from enum import IntEnum

from llmcache.errors import ConflictError, DataError, LLMCacheError, StoreError


class ExitCode(IntEnum):
    """How the command ended."""

    OK = 0
    NO = 1
    """The answer is no: not found, two requests that differ, a question declined."""
    USAGE = 2
    """The command line or the configuration is wrong, or a package is missing."""
    STORE = 3
    """The store could not do it."""
    DATA = 4
    """The entry is there and cannot be read."""
    MISTAKE = 70
    """A mistake in llmcache itself (EX_SOFTWARE of sysexits.h)."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C, as shells count it."""


def code_of(error: LLMCacheError) -> ExitCode:
    """Return the exit code for an error of ours."""
    if isinstance(error, StoreError | ConflictError):
        return ExitCode.STORE
    return ExitCode.DATA if isinstance(error, DataError) else ExitCode.USAGE
