"""One thread for a product that somebody waits for: NumPy's own threads wait for each other by spinning.

OpenBLAS, which NumPy's wheels bring along, divides each product among all processors. For one question that gains little,
and where other work has the processors, or a container is allowed fewer than the machine has, each of the 24 products waits
for threads that are not running: 940 ms where one thread takes 50, measured on two busy cores (decision 0026).
"""

import ctypes
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np

from llmcache.memory.forking import lock_across_forks


@dataclass(frozen=True, slots=True)
class Blas:
    """The number of threads that products are divided among, in this process."""

    get: Callable[[], int]
    set: Callable[[int], None]


@cache
def blas() -> Blas | None:
    """Return the OpenBLAS that NumPy's wheel brought along; None where NumPy was built otherwise."""
    package = Path(np.__file__).parent
    found = [*package.with_name("numpy.libs").glob("*openblas*"), *(package / ".dylibs").glob("*openblas*")]
    for path, prefix, suffix in product(found, ("scipy_openblas", "openblas"), ("64_", "")):
        library = ctypes.CDLL(str(path))  # it is loaded already; this finds it
        try:
            return Blas(library[f"{prefix}_get_num_threads{suffix}"], library[f"{prefix}_set_num_threads{suffix}"])
        except AttributeError:  # its functions have other names
            continue
    return None


@contextmanager
def one_thread() -> Generator[None]:
    """Have products on one thread in the block; also those of other threads of this process, meanwhile."""
    found = blas()
    if found is None:
        yield
        return
    _limit.enter(found)
    try:
        yield
    finally:
        _limit.leave(found)


class _Limit:
    """Sets the limit with the first that enters and takes it back with the last that leaves."""

    def __init__(self) -> None:
        self._lock = lock_across_forks()
        self._inside = 0
        self._before = 1

    def enter(self, found: Blas) -> None:
        with self._lock:
            if self._inside == 0:
                self._before = found.get()
                found.set(1)
            self._inside += 1

    def leave(self, found: Blas) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                found.set(self._before)


_limit = _Limit()
