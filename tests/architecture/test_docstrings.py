"""Everything public says what it is. ruff checks modules; classes, functions and methods are checked here.

A method may be silent where it repeats a documented one: of a class it extends, of a protocol it obeys, or of its
blocking twin. So a method needs a docstring of its own, or one under the same name there.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import FunctionType, ModuleType

from llmcache.codec import envelopes
from llmcache.protocols import (
    background,
    flights,
    key_value,
    local_indexes,
    log,
    news,
    scan,
    steps,
    vectors,
    whole,
    world,
)

PACKAGES = (
    "llmcache",
    "llmcache_sqlite",
    "llmcache_disk",
    "llmcache_langchain",
    "llmcache_minilm",
    "llmcache_conformance",
)
CONTRACTS = (key_value, log, news, scan, steps, whole, world, envelopes, flights, background, vectors, local_indexes)
# Programs: importing them runs them.
PROGRAMS = ("__main__",)


def public_modules() -> Iterator[ModuleType]:
    """Import every public module of ours."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        yield package
        for found in pkgutil.walk_packages(package.__path__, name + "."):
            if not any(part.startswith("_") or part in PROGRAMS for part in found.name.split(".")):
                yield importlib.import_module(found.name)


def own_classes(module: ModuleType) -> Iterator[type]:
    """Give the public classes that a module defines."""
    for name, value in vars(module).items():
        if inspect.isclass(value) and value.__module__ == module.__name__ and not name.startswith("_"):
            yield value


def public_methods(owner: type) -> Iterator[tuple[str, object]]:
    """Give the public methods and properties that a class itself defines."""
    for name, value in vars(owner).items():
        if not name.startswith("_") and isinstance(value, FunctionType | property | classmethod | staticmethod):
            yield name, value


def contract_names() -> set[str]:
    """Return the names of all documented methods of the protocols."""
    return {
        name
        for module in CONTRACTS
        for owner in own_classes(module)
        for name, method in public_methods(owner)
        if inspect.getdoc(method)
    }


def test_every_public_class_and_function_is_documented() -> None:
    """Each public class and function has a docstring."""
    silent = [
        f"{module.__name__}.{getattr(thing, '__name__', '')}"
        for module in public_modules()
        for thing in [*own_classes(module), *own_functions(module)]
        if not thing.__doc__
    ]

    assert [] == silent


def own_functions(module: ModuleType) -> Iterator[FunctionType]:
    """Give the public functions that a module defines."""
    for name, value in vars(module).items():
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_"):
            yield value


def test_every_public_method_is_documented() -> None:
    """Each public method has a docstring, or is the implementation of one that has."""
    contracts = contract_names()
    silent = [
        f"{module.__name__}.{owner.__name__}.{name}"
        for module in public_modules()
        for owner in own_classes(module)
        for name, method in public_methods(owner)
        if not (inspect.getdoc(method) or documented_above(owner, name) or name in contracts)
    ]

    assert [] == silent


def documented_above(owner: type, name: str) -> bool:
    """True where a class that `owner` extends documents its method `name`."""
    return any(inspect.getdoc(vars(base)[name]) for base in owner.__mro__[1:] if name in vars(base))


def test_protocols_document_every_method() -> None:
    """A protocol is the contract: each of its methods says what must hold, in a docstring of its own."""
    silent = [
        f"{owner.__name__}.{name}"
        for module in CONTRACTS
        for owner in own_classes(module)
        for name, method in public_methods(owner)
        if getattr(owner, "_is_protocol", False) and not inspect.getdoc(method)
    ]

    assert [] == silent
