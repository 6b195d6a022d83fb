"""Embedders: what makes a vector, as far as another one would make another vector of the same text."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from llmcache.errors import UsageError

Role: TypeAlias = Literal["document", "query"]
"""What a text is embedded as; many models put different words before each."""

Precision: TypeAlias = Literal["float32", "float16", "int8"]
"""How exactly a vector is kept; see `codec.floats`."""

PRECISIONS: Final[tuple[Precision, ...]] = get_args(Precision)


@dataclass(frozen=True, slots=True)
class Embedder:
    """A model with the settings that change its vectors.

    Args:
        model: Its name and, where it has versions, its version: another name for what makes other vectors.
        role: What the text is.
        dimensions: How many numbers the model was asked for; None means as many as it gives by itself.
        normalised: True where it was asked for vectors of length one. Nothing is normalised here.

    Raises:
        UsageError: One of them is of another type than it should be.
    """

    model: str
    role: Role = "document"
    dimensions: int | None = None
    normalised: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.model, str) or not self.model:
            raise UsageError(f"model is a non-empty text such as 'all-minilm-l6-v2', found {named(self.model)}")
        if self.role not in get_args(Role):
            raise UsageError(f"role is {self.role!r:.40}; allowed are 'document' and 'query'")
        check_count("dimensions", self.dimensions)
        if not isinstance(self.normalised, bool):
            raise UsageError(f"normalised is True or False, found {type(self.normalised).__name__}")


def named(found: object) -> str:
    """Return how a message calls what should be a non-empty text."""
    return "an empty one" if found == "" else type(found).__name__


def figure(found: object) -> str:
    """Return how a message calls what should be a number: a text may be somebody's question, in the wrong place."""
    return f"{found!r:.40}" if isinstance(found, int | float) else f"{type(found).__name__}"


def check_function(name: str, found: object) -> None:
    """Raise UsageError unless `found` can be called; of an object that embeds it says which method to give."""
    if not callable(found):
        methods = [method for method in ("embed", "embed_documents") if hasattr(found, method)]
        hint = f"; give its method {methods[0]}" if methods else ""
        raise UsageError(f"{name} is a function, found {type(found).__name__}{hint}")


def check_count(name: str, found: object) -> int | None:
    """Return `found` as a number of things, or None; UsageError unless it is a whole number from 1."""
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise UsageError(f"{name} is {found!r:.40}; allowed are whole numbers from 1, or None")
    return found


def check_precision(found: object) -> Precision:
    """Return `found` as a precision; UsageError for another word."""
    for precision in PRECISIONS:
        if found == precision:
            return precision
    raise UsageError(f"precision is {found!r:.40}; allowed are {', '.join(map(repr, PRECISIONS))}")
