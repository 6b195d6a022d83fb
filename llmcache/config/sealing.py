"""The secrets of a seal, taken from the environment; a value that cannot be one is a mistake of the file that names it."""

from collections.abc import Callable, Mapping, Sequence

from llmcache.config.document import Value
from llmcache.config.references import filled
from llmcache.errors import UsageError
from llmcache.model.seal import MAKE_ONE, Seal, id_of, read_secret

Note = Callable[[Value, str, str, str], None]
"""Notes a mistake at a value: what was found, what is allowed, and what to do."""

_ALLOWED = "base64 of 32 random bytes"


def variables_of(written: Sequence[Value | None]) -> tuple[str, ...]:
    """Return the variables that these values refer to, each once, in order."""
    names = (text[2:-1] for value in written if value is not None for text in value.value)
    return tuple(dict.fromkeys(names))


def secrets_of(written: Value, environment: Mapping[str, str], note: Note) -> list[bytes]:
    """Return the secrets that a value refers to; one that is none is noted, and not shown."""
    found: list[bytes] = []
    for text in written.value:
        try:
            found.append(read_secret(filled(text, environment)))
        except UsageError:
            note(written, f"{text}, whose value is something else", _ALLOWED, f"make one with: {MAKE_ONE}")
    return found


def seal_of(keys: Value, secrets: Sequence[bytes], hiding: Sequence[bytes], note: Note) -> Seal | None:
    """Return the seal of these secrets, of which one may be missing that was noted; None where they make none.

    Args:
        keys: Where the keys stand.
        secrets: The keys.
        hiding: The secret of the names, or none.
        note: Is told of a secret that is there twice.
    """
    if not secrets:
        return None
    try:
        return Seal(*secrets, names=hiding[0] if hiding else None)
    except UsageError:
        note(keys, "one secret twice", "another secret for each key and for the names", "")
        return None


def shown_keys(written: Value, environment: Mapping[str, str]) -> str:
    """Return the keys for people: the references, and what each key is called in sealed bodies."""
    return ", ".join(_shown_key(text, environment) for text in written.value)


def _shown_key(text: str, environment: Mapping[str, str]) -> str:
    try:
        return f"{text} (key {id_of(read_secret(filled(text, environment)))})"
    except (UsageError, KeyError):
        return text
