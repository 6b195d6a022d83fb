"""The whole error tree: the class of an error says what the caller should do.

    LLMCacheError
    ├── UsageError (also ValueError)   fix the call
    │   └── ClosedError                open a cache again
    ├── UnsupportedError               choose another store
    ├── StoreError
    │   ├── StoreUnavailable           retry: nothing was done
    │   ├── StoreTimeout               wait, then reread: it may have been done
    │   ├── StoreRefused               do not retry: the store said no
    │   └── StoreLimit                 make it smaller, or make room
    ├── DataError                      delete or rewrite the entry
    │   ├── DecodeError                these bytes are not ours, or are damaged
    │   ├── VersionError               a newer release wrote this
    │   └── SealError                  the seal does not open
    ├── ConflictError                  reread, then try again
    ├── ConfigError                    fix the configuration
    └── PluginError                    fix or remove the plugin

Messages name the store, the operation and the key's digest, never a prompt, a message or a secret.
A miss is a value, so there is no error for it.
"""

from dataclasses import dataclass

__all__ = [
    "ClosedError",
    "ConfigError",
    "ConflictError",
    "DataError",
    "DecodeError",
    "LLMCacheError",
    "PluginError",
    "SealError",
    "StoreError",
    "StoreLimit",
    "StoreRefused",
    "StoreTimeout",
    "StoreUnavailable",
    "UnsupportedError",
    "UsageError",
    "VersionError",
]


class LLMCacheError(Exception):
    """Anything that llmcache itself raises."""


class UsageError(LLMCacheError, ValueError):
    """The call cannot be right as it stands; nothing was done."""


class ClosedError(UsageError):
    """The cache or store was closed before this call; nothing was done."""


class UnsupportedError(LLMCacheError):
    """The store does not declare the capability this call needs."""


class StoreError(LLMCacheError):
    """The store could not do what was asked."""


class StoreUnavailable(StoreError):
    """No answer arrived and nothing was done; safe to repeat."""


class StoreTimeout(StoreError):
    """The time limit passed; a write may or may not have been done."""


class StoreRefused(StoreError):
    """The store understood and said no (permission, read-only, wrong type); repeating will not help."""


class StoreLimit(StoreError):
    """A size, count or space limit of the store; make the body smaller or make room."""


class DataError(LLMCacheError):
    """What the store holds cannot be used."""


class DecodeError(DataError):
    """The bytes are not an entry of ours, are damaged, or belong to another key."""


class VersionError(DataError):
    """The entry was written in a newer format than this release reads."""


class SealError(DataError):
    """The seal of an encrypted entry does not open."""


class ConflictError(LLMCacheError):
    """Somebody else changed it meanwhile; reread and decide again."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing in a file that cannot be right.

    Attributes:
        file: The file, as people find it.
        line: Counted from 1; None where it is the file as a whole.
        table: The table the key stands in, without brackets; "" at the top of the file.
        key: The key, or "" where it is not about one.
        found: What is there, in words; never a password.
        allowed: What may be there.
        nearest: The allowed spelling that is most like the one found, or "".
        hint: What to do, where the rest does not say it.
    """

    file: str
    line: int | None
    table: str
    key: str
    found: str
    allowed: str
    nearest: str = ""
    hint: str = ""

    @property
    def text(self) -> str:
        """The mistake as one line."""
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        place = " ".join(filter(None, [f"[{self.table}]" if self.table else "", self.key]))
        said = [f"found {self.found}" if self.found else "", f"allowed {self.allowed}" if self.allowed else ""]
        said += [f"did you mean {self.nearest!r}?" if self.nearest else "", self.hint]
        return f"{where}: {place + ': ' if place else ''}{'; '.join(filter(None, said))}"


class ConfigError(LLMCacheError):
    """The configuration is wrong; the message says where, what was found and what is allowed.

    Attributes:
        mistakes: Each mistake in a configuration file; empty where the error is not about a file.
    """

    mistakes: tuple[Mistake, ...] = ()


class PluginError(LLMCacheError):
    """A store plugin is missing, broken, or named twice."""
