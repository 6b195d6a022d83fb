"""LangChain's objects made by hand: without validation, because what goes in was checked field by field.

The validated constructor of a message takes twice as long as everything else a hit does, and `model_construct` takes
a hundred times as long where a field with a default factory is left out. What is set here are the four attributes that a
pydantic model consists of; `BaseModel.__slots__` names them, and a test compares with what validation makes.
"""

from typing import Any, TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)

_set = object.__setattr__


def handmade(
    model: type[M],
    fields: dict[str, Any],
    given: set[str],
    extra: dict[str, Any] | None,
    private: dict[str, Any] | None = None,
) -> M:
    """Return an instance of `model` that owns the arguments.

    Args:
        model: A pydantic class.
        fields: All fields, in the order of the class.
        given: The names that count as set explicitly: `model_fields_set`.
        extra: Fields the class does not declare; None for a class that allows none.
        private: Private attributes; None for a class without any.
    """
    made = model.__new__(model)
    _set(made, "__dict__", fields)
    _set(made, "__pydantic_fields_set__", given)
    _set(made, "__pydantic_extra__", extra)
    _set(made, "__pydantic_private__", private)
    return made
