"""One value of a file, checked by its kind."""

from dataclasses import dataclass
from typing import get_args

from llmcache.config.mistakes import shown
from llmcache.config.quantities import read_bytes, read_seconds, read_share
from llmcache.config.references import (
    STAND_IN,
    is_reference,
    literal_secret_in,
    names_in,
    problem_in,
    without_literal,
    without_references,
)
from llmcache.config.schema import Kind
from llmcache.config.url import parse_url
from llmcache.errors import ConfigError, UsageError
from llmcache.model.embedder import PRECISIONS
from llmcache.model.namespace import Namespace
from llmcache.model.options import Coalesce, check_seconds, check_share
from llmcache.model.units import Plain

SMALLEST_SIZE = 1 << 16

ALLOWED: dict[Kind, str] = {
    "namespace": "a text such as 'shop' or 'shop/prod'",
    "profile": "the name of a table below [profiles]",
    "store": "a URL such as 'sqlite:./.llmcache', or the name of a table below [stores]",
    "url": "a URL such as 'sqlite:./.llmcache'",
    "seconds": "a length of time such as '250ms', '30s', '5m', '2h' or '7d', or a number of seconds, above zero",
    "count": "a whole number from 1",
    "flag": "true or false",
    "share": "a share such as '10%' or 0.1, from 0 to less than all",
    "coalesce": "'off', 'process' or 'shared'",
    "precision": "'float32', 'float16' or 'int8'",
    "secret": "a reference such as '${LLMCACHE_SEAL_KEY}', to base64 of 32 random bytes",
    "secrets": "a list of references, each such as '${LLMCACHE_SEAL_KEY}', to base64 of 32 random bytes",
    "size": "a size such as '64MiB' or '1GB', or a number of bytes, at least 64 KiB",
}
"""What may stand there, by kind, for messages."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why a value cannot be right.

    Attributes:
        found: What is there, in words; never a password.
        hint: What to do, where what is allowed does not say it.
    """

    found: str
    hint: str = ""


def read_value(kind: Kind, value: Plain) -> Plain | Wrong:
    """Return the value as the program uses it: seconds as a number, texts as they are with their references."""
    if kind == "flag":
        return value if isinstance(value, bool) else Wrong(shown(value))
    if kind == "count":
        right = isinstance(value, int) and not isinstance(value, bool) and value >= 1
        return value if right else Wrong(shown(value))
    if kind == "coalesce":
        return value if isinstance(value, str) and value in get_args(Coalesce) else Wrong(shown(value))
    if kind == "precision":
        return value if isinstance(value, str) and value in PRECISIONS else Wrong(shown(value))
    if kind == "seconds":
        return _seconds(value)
    if kind == "share":
        return _share(value)
    if kind in {"secret", "secrets"}:
        return _secrets(value, is_one=kind == "secret")
    if kind == "size":
        return _size(value)
    if not isinstance(value, str):
        return Wrong(shown(value))
    return _text(kind, value)


def is_url(text: str) -> bool:
    """True where the value of a `store` key is a URL, or a reference to one; the name of a store has no colon."""
    return ":" in text or text.startswith("${")


def _seconds(value: Plain) -> Plain | Wrong:
    try:
        if isinstance(value, str):
            return read_seconds("ttl", value)
        return Wrong(shown(value)) if value is None else check_seconds("ttl", value)
    except (ConfigError, UsageError):
        return Wrong(shown(value))


def _share(value: Plain) -> Plain | Wrong:
    try:
        if isinstance(value, str):
            return read_share("share", value)
        return Wrong(shown(value)) if value is None else check_share("share", value)
    except (ConfigError, UsageError):
        return Wrong(shown(value))


def _size(value: Plain) -> Plain | Wrong:
    try:
        size = read_bytes("size", value) if isinstance(value, str) else value
    except ConfigError:
        return Wrong(shown(value))
    right = isinstance(size, int) and not isinstance(size, bool) and size >= SMALLEST_SIZE
    return size if right else Wrong(shown(value))


def _secrets(value: Plain, *, is_one: bool) -> tuple[str, ...] | Wrong:
    """Return references to secrets, one or some. What stands there instead is not shown: it is a secret itself as a rule."""
    texts = [value] if is_one else value
    if not isinstance(texts, list) or not texts:
        return Wrong("an empty list" if texts == [] else _TYPES.get(type(value), "a value of another type"))
    for text in texts:
        if not isinstance(text, str):
            return Wrong(_TYPES.get(type(text), "a value of another type"))
        if problem_in(text):
            return Wrong(problem_in(text), "a variable of the environment is written ${NAME}")
        if not is_reference(text):
            return Wrong("a secret in the file", "take it from the environment: write ${NAME} in its place")
    return tuple(texts)


_TYPES = {str: "a text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a table"}


def _text(kind: Kind, text: str) -> Plain | Wrong:
    problem = problem_in(text)
    if problem:
        return Wrong(f"{shown(text)}, {problem}", "a variable of the environment is written ${NAME}")
    if kind == "namespace":
        return _namespace(text)
    if kind == "url" or (kind == "store" and is_url(text)):
        return _url(text)
    if names_in(text):
        return Wrong(shown(text), "${NAME} may stand in a URL and in a namespace")
    return text or Wrong("an empty text")


def _namespace(text: str) -> Plain | Wrong:
    try:
        Namespace.of(without_references(text))
    except UsageError as error:
        return Wrong(shown(text), str(error))
    return text


def _url(text: str) -> Plain | Wrong:
    secret = literal_secret_in(text)
    if secret:
        return Wrong(f"{secret} in the file", "take it from the environment: write ${NAME} in its place")
    if is_reference(text):
        return text  # the whole URL, judged when its variable is known
    try:
        parse_url(without_literal(text))
    except ConfigError as error:
        return Wrong(shown(text), _why(error))
    return text


def _why(error: ConfigError) -> str:
    """Return the part of the message that says what to do; what was found and is allowed, the mistake itself says."""
    said = str(error)
    if "is not a store URL" not in said:
        return said
    last = said.rpartition("; ")[2]
    return last if last.startswith("for a folder") and STAND_IN not in last else ""
