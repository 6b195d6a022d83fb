"""The inputs that are kept: for each target one text, a line of base64 for each input.

They are few and small, because each reaches something that no other does: `make fuzz` adds what it finds and drops what has
become superfluous. The tests replay them all, so that a mistake that fuzzing once found is found again without it.
"""

import importlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol, cast

_HERE = Path(__file__).parent


class Target(Protocol):
    """One module of `targets`: its docstring is the promise."""

    SEEDS: tuple[bytes, ...]
    """Inputs to begin with, written by hand."""
    check: Callable[[bytes], None]
    """Raises anything at all where the promise is broken."""


def names() -> list[str]:
    """Return the names of all targets."""
    return sorted(path.stem for path in (_HERE / "targets").glob("*.py"))


def target(name: str) -> Target:
    """Return a target, imported now."""
    return cast(Target, importlib.import_module(f"tests.fuzz.targets.{name}"))


def kept(name: str) -> list[bytes]:
    """Return the inputs that are kept of a target."""
    path = _HERE / "corpus" / f"{name}.txt"
    return [b64decode(line) for line in path.read_text("ascii").split()] if path.exists() else []


def keep(name: str, inputs: Iterable[bytes]) -> None:
    """Keep these inputs of a target, and no others; the shortest first."""
    lines = [b64encode(data).decode() for data in sorted(set(inputs), key=lambda data: (len(data), data)) if data]
    (_HERE / "corpus" / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), "ascii")
