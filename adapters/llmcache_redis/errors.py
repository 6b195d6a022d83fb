"""Every foreign exception of this store, translated once.

Messages name the store, the operation, the key's digest and the code of the server's error. The server's own text is
left out: it may quote what was sent.
"""

import re
import socket
import ssl
from dataclasses import dataclass
from typing import Final

from redis import exceptions as foreign

from llmcache.errors import ClosedError, StoreError, StoreLimit, StoreRefused, StoreTimeout, StoreUnavailable
from llmcache.protocols.deed import Deed

NAME: Final = "redis"


LOSSES: Final = (foreign.RedisError, OSError)
"""What redis-py raises where a connection is lost."""

GARBLED: Final = (Exception,)
"""The same while it reads a reply. What is none makes redis-py and hiredis raise whatever they happen to meet: ValueError for a
redirection without a place, TypeError for a map whose key is a list, MemoryError for a list that says it is vast, and more."""


def closed(op: str) -> ClosedError:
    """Return the error of a call after `close`."""
    return ClosedError(f"{NAME} was closed before {op}; open it again")


_NO_DATABASE: Final = "NODATABASE"
_NO_CLUSTER: Final = "NOCLUSTER"
_NO_SENTINEL: Final = "NOSENTINEL"
_CROSS_SLOT: Final = "CROSSSLOT"
"""Codes of our own, for what servers say in words only; the last is theirs, but redis-py takes it off."""

_WORDS: Final = {
    "db index": _NO_DATABASE,
    "select is not allowed in cluster": _NO_DATABASE,
    "cluster support disabled": _NO_CLUSTER,
    "unknown command 'sentinel'": _NO_SENTINEL,
    "unknown command `sentinel`": _NO_SENTINEL,
    "hash to the same slot": _CROSS_SLOT,
}

_HINTS: Final = {
    _NO_DATABASE: "the server has no database of that number; a cluster has number 0 alone, and others 0 to 15 where nobody changed that",
    _NO_CLUSTER: "the server is no member of a cluster; open it as redis:",
    _NO_SENTINEL: "the server is no sentinel; name the sentinels, which mostly listen at port 26379, or open the server itself as redis:",
    "OOM": "the server's maxmemory is reached; let it evict (maxmemory-policy volatile-lru), or give it more",
    "READONLY": "the server is a replica; name the master",
    "NOPERM": "the user's access list forbids it; allow ~llmcache:* and the commands in docs/howto/redis.md",
    "NOAUTH": "the server wants a password",
    "WRONGPASS": "the user name or password is wrong",
    "WRONGTYPE": "another program keeps something else under our key; delete it or choose another database",
    "MOVED": "the server is part of a cluster; open it as redis+cluster:",
    _CROSS_SLOT: "the server is part of a cluster; open it as redis+cluster:",
    "LOADING": "the server is loading its data; try again in a moment",
    "BUSY": "the server is busy with a script",
    "CLUSTERDOWN": "the cluster has no owner for this slot",
    "TRYAGAIN": "the slot is being moved",
    "MASTERDOWN": "the replica has lost its master",
    "MISCONF": "the server cannot save to its disk and takes no writes",
    "UNKNOWN": "the server does not know a command of it; vectors=native needs Redis 8, elsewhere leave that option away",
    "NOREPLICAS": "the server has too few replicas to take writes",
}

_PASSING: Final = frozenset(
    {"LOADING", "BUSY", "CLUSTERDOWN", "TRYAGAIN", "MASTERDOWN", "MISCONF", "NOREPLICAS", "MAXCLIENTS"}
)
"""Codes by which the server says that it did nothing now and may do it later."""

_CODES_OF_CLASSES: Final[dict[type[Exception], str]] = {
    foreign.OutOfMemoryError: "OOM",
    foreign.ReadOnlyError: "READONLY",
    foreign.NoPermissionError: "NOPERM",
    foreign.AuthenticationError: "WRONGPASS",
    foreign.BusyLoadingError: "LOADING",
    foreign.MovedError: "MOVED",
    foreign.TryAgainError: "TRYAGAIN",
    # A MasterDownError is a ClusterDownError, so it is asked about first.
    foreign.MasterDownError: "MASTERDOWN",
    foreign.ClusterDownError: "CLUSTERDOWN",
}

_REDIRECT: Final = re.compile(r"(?:(MOVED|ASK) )?\d+ (\S*):(\d+)")

# "-OOM command not allowed ...": how Redis 6.2 quotes, in the text of a script's error, that of a command in it.
_QUOTED_CODE: Final = re.compile(r"(?:^|[ :-])([A-Z]{3,})\b")


def code_of(error: BaseException) -> str:
    """Return the code of a server's error, such as "WRONGTYPE"; "ERR" for those without a code of their own."""
    for known, code in _CODES_OF_CLASSES.items():
        if isinstance(error, known):
            return "NOAUTH" if code == "WRONGPASS" and "required" in str(error).lower() else code
    text = str(error)
    if "max number of clients" in text:
        return "MAXCLIENTS"
    for words, code in _WORDS.items():
        if words in text.lower():
            return code
    if "nknown Redis command" in str(error):
        return "UNKNOWN"
    for found in _QUOTED_CODE.finditer(str(error)):
        if found[1] in _HINTS:
            return found[1]
    return "ERR"


@dataclass(frozen=True, slots=True)
class Redirect:
    """Another server to ask.

    Attributes:
        host: "" means the host that answered.
        is_lasting: The slot is there from now on; otherwise for this one command.
    """

    host: str
    port: int
    is_lasting: bool


def redirect_of(error: BaseException) -> Redirect | None:
    """Return where a member of a cluster sends a command; None for other errors."""
    # redis-py 5 has classes for these only in its cluster client, and keeps the code in the text where it has none.
    found = _REDIRECT.match(str(error))
    if found is None or not (found[1] or isinstance(error, foreign.AskError)):
        return None
    is_lasting = found[1] == "MOVED" or isinstance(error, foreign.MovedError)
    return Redirect(found[2], int(found[3]), is_lasting)


def is_answer(error: BaseException) -> bool:
    """True for what redis-py raises as the failure of a connection, though the server has answered."""
    if isinstance(error, foreign.BusyLoadingError | foreign.AuthenticationError):
        return True
    return isinstance(error, foreign.RedisError) and code_of(error) in {"MAXCLIENTS", _NO_DATABASE}


def misnamed(error: object, server: object) -> StoreRefused | None:
    """Return the error of ours where a server that is asked for its topology is none of that kind; None for any other reply."""
    code = code_of(error) if isinstance(error, foreign.RedisError) else ""
    return StoreRefused(f"{NAME} at {server}: {code}: {_HINTS[code]}") if code in {_NO_CLUSTER, _NO_SENTINEL} else None


def refused(error: BaseException, deed: Deed) -> StoreError:
    """Return the error of ours for a server that understood and did not do it."""
    code = code_of(error)
    hint = _HINTS.get(code, "the server gave no reason we know")
    told = f"{NAME} did not do {deed}: {code}: {hint}"
    if code == "OOM":
        return StoreLimit(told)
    return StoreUnavailable(told) if code in _PASSING else StoreRefused(told)


def lost(
    error: BaseException | None, deed: Deed, *, maybe_done: bool, is_late: bool, server: object = None
) -> StoreError:
    """Return the error of ours where no reply came.

    Args:
        error: What happened last.
        deed: What was wanted.
        maybe_done: A write of it may have reached the server.
        is_late: The deadline has passed.
        server: Who was asked last: host and port, or the path of a socket; never a user or a password.
    """
    reason = "no answer in time" if is_late else _reason(error)
    told = f"{NAME if server is None else f'{NAME} at {server}'} could not do {deed}: {reason}"
    if maybe_done and deed.changes:
        return StoreTimeout(f"{told}; it may have been done, at most once: reread before repeating")
    if is_late:
        return StoreTimeout(f"{told}; nothing was done")
    return StoreUnavailable(f"{told}; nothing was done")


def _reason(error: BaseException | None) -> str:
    """Say what is the matter with a connection, without what was sent."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError):
            return "the TLS handshake failed; check the certificates"
        if isinstance(seen, socket.gaierror):
            return "the server's name is unknown"
        if isinstance(seen, ConnectionRefusedError):
            return "connection refused; is the server running?"
        if isinstance(seen, FileNotFoundError):
            return "the Unix socket is not there"
        seen = seen.__cause__ or seen.__context__
    return "the connection was lost"
