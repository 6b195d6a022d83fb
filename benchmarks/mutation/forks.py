"""Forks: each mutant lives and dies in a process of its own, made from one that has everything ready.

A process that starts pytest, imports and collects costs over a second, the tests that meet a mutant often a hundredth.
So pytest runs once for each folder, up to the point where it would run the tests; there the *warm* process runs each
test alone and notes which functions it calls, and then forks for every mutant whose change lies inside a function: the
child exchanges that function's code and runs the tests that call it, the quickest first, until one fails.

A change outside functions (a table, a default, a pattern), or in a function that our modules call while they are
imported, needs everything imported anew: the *cold* process forks before anything of ours is imported, with everything
foreign imported already, and the child runs pytest from the start.

What this does not show: a warm mutant meets inputs that test modules made at import with the healthy code, so that a
change on both sides of a round trip is noticed a little more often than it would be from the start.
"""

import functools
import gc
import importlib
import importlib.abc
import json
import os
import resource
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, NoReturn, TypeAlias

import pytest
from hypothesis import HealthCheck, Phase, settings

from benchmarks.mutation.mutants import Mutant, code_inside, code_of

OURS = ("llmcache", "llmcache_sqlite", "llmcache_langchain", "llmcache_conformance", "tests", "benchmarks")
NOT_RUN = ("-m", "not slow", "-k", "not under_every_python")
"""Tests that start programs are not run: a program reads the files, which are not changed."""

IGNORED = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
"""pytest would rather import its plugins itself."""

SURVIVED, KILLED, ENDLESS = "survived", "killed", "endless"
_MOST_MEMORY = 3 << 30

_Place: TypeAlias = tuple[str, str]
"""A function: its file and its qualified name."""

settings.register_profile(
    "mutation",
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


def arguments(folder: str) -> list[str]:
    """Return what pytest is told for a folder of tests."""
    return [folder, "-q", "-s", "--tb=no", "-p", "no:cacheprovider", *IGNORED, *NOT_RUN]


class Warm:
    """A plugin that runs mutants in place of tests.

    Args:
        root: The copy of the checkout that is imported.
        mutants: What to try.
        tell: Is called with what became of each, in order; None for one that must be tried cold.
    """

    def __init__(self, root: Path, mutants: Sequence[Mutant], tell: Callable[[str | None], None]) -> None:
        self.root = root
        self.mutants = mutants
        self.tell = tell
        self.failed = False
        self.seconds: dict[str, float] = {}
        self._inside = f"{root}/llmcache/"
        self._called: set[_Place] = set()

    def profile(self, frame: FrameType, event: str, argument: object) -> None:
        """Note the call of a function of ours; for `sys.setprofile`."""
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(self._inside):
            self._called.add((code.co_filename, code.co_qualname.partition(".<locals>")[0]))

    def profile_imports(self, frame: FrameType, event: str, argument: object) -> None:
        """Note the call of a function of ours by a module of ours that is just being imported."""
        if event == "call" and frame.f_code.co_filename.startswith(self._inside):
            module = frame
            while module.f_code.co_name != "<module>" and module.f_back is not None:
                module = module.f_back
            if module.f_code.co_filename.startswith(self._inside):
                self.profile(frame, event, argument)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed = self.failed or report.failed

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        sys.setprofile(None)
        at_import, self._called = self._called, set()
        functions = _functions(self._inside)
        callers = self._callers(session.items, functions)
        gc.collect()
        gc.freeze()
        if forked(lambda: self._notice(session.items), 60) != SURVIVED:
            raise RuntimeError("a test fails in a fork without any mutant")
        for mutant in self.mutants:
            place = (f"{self.root}/{mutant.file}", mutant.function or "")
            if mutant.function is None or place in at_import or place not in functions:
                self.tell(None)
                continue
            tests = callers[place]
            most = 3 + 5 * sum(self.seconds[item.nodeid] for item in tests)
            self.tell(forked(partial(self._try, mutant, functions[place], tests), most))
        return True

    def _callers(self, items: Sequence[pytest.Item], functions: Iterable[_Place]) -> dict[_Place, list[pytest.Item]]:
        """Return the tests that call each function, the quickest first."""
        called = {item.nodeid: self._called_by(item) for item in items}
        everything = set(functions)
        callers: dict[_Place, list[pytest.Item]] = defaultdict(list)
        for item in sorted(items, key=lambda item: self.seconds[item.nodeid]):
            for place in everything if (own := called[item.nodeid]) is None else own:
                callers[place].append(item)
        return callers

    def _called_by(self, item: pytest.Item) -> set[_Place] | None:
        """Return the functions that a test calls; None where it cannot be watched, as one that itself watches."""
        _forget()
        self._called = set()
        begun = time.perf_counter()
        sys.setprofile(self.profile)
        _run(item)
        is_watched = sys.getprofile() is not None  # Python ends a profile that raises, as on a full stack.
        sys.setprofile(None)
        self.seconds[item.nodeid] = time.perf_counter() - begun
        if not self.failed:
            return self._called if is_watched else None
        self.failed = False
        item.session.testsfailed = 0
        _run(item)
        if self.failed:
            raise RuntimeError(f"{item.nodeid} fails without any mutant")
        return None

    def _try(self, mutant: Mutant, functions: Sequence[FunctionType], tests: Sequence[pytest.Item]) -> bool:
        code = code_inside(code_of(self.root, mutant), mutant.function or "")
        for function in functions:
            function.__code__ = code
        return self._notice(tests)

    def _notice(self, tests: Sequence[pytest.Item]) -> bool:
        """Run tests until one fails, and return whether one did."""
        _forget()
        for item in tests:
            _run(item)
            if self.failed:
                return True
        return False


class _Changed(importlib.abc.InspectLoader):
    """A loader whose module has the code it is given."""

    def __init__(self, code: CodeType) -> None:
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        return self._code

    def get_source(self, fullname: str) -> None:
        """Return nothing: the text in the file is not what runs."""


class Cold(importlib.abc.MetaPathFinder):
    """A finder of the one module that is changed, and a plugin that has quick tests run first."""

    def __init__(self, root: Path, mutant: Mutant, seconds: dict[str, float]) -> None:
        self._name = mutant.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        self._path = str(root / mutant.file)
        self._code = code_of(root, mutant)
        self._seconds = seconds

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        within = [str(Path(self._path).parent)] if self._path.endswith("/__init__.py") else None
        loader = _Changed(self._code)
        return spec_from_file_location(fullname, self._path, loader=loader, submodule_search_locations=within)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self._seconds.get(item.nodeid, 0.0))


def run_warm(root: Path, folder: str, mutants: Sequence[Mutant], told: Path) -> None:
    """Run pytest in this process, and the mutants that can be tried warm; one line of JSON for each, in order, in `told`.

    The last line has the seconds of each test, and the names of the foreign modules that were imported.
    """
    with told.open("w") as file:

        def tell(fate: str | None) -> None:
            file.write(json.dumps(fate) + "\n")
            file.flush()

        settings.load_profile("mutation")
        warm = Warm(root, mutants, tell)
        sys.setprofile(warm.profile_imports)
        ended = pytest.main(arguments(folder), plugins=[warm])
        sys.setprofile(None)
        if ended != pytest.ExitCode.OK:
            raise RuntimeError(f"pytest {folder} ended with {ended!r} without any mutant")
        foreign = [name for name in sys.modules if name.partition(".")[0] not in OURS]
        file.write(json.dumps({"seconds": warm.seconds, "foreign": foreign}))


def run_cold(root: Path, folder: str, mutant: Mutant, seconds: dict[str, float]) -> str:
    """Return what becomes of a mutant where everything of ours is imported anew."""
    settings.load_profile("mutation")

    def attempt() -> bool:
        cold = Cold(root, mutant, seconds)
        sys.meta_path.insert(0, cold)
        return pytest.main([*arguments(folder), "-x"], plugins=[cold]) != pytest.ExitCode.OK

    return forked(attempt, 10 + 5 * sum(seconds.values()))


def forked(attempt: Callable[[], bool], most_seconds: float) -> str:
    """Return what `attempt` finds in a process of its own, bounded in processor time and memory."""
    pid = os.fork()
    if pid == 0:
        _silently(attempt, int(most_seconds) + 1)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return ENDLESS
    return SURVIVED if os.WEXITSTATUS(status) == 0 else KILLED


def in_process(work: Callable[[], object]) -> int:
    """Do the work in a process of its own, and return its status: 0 where it ended without an exception."""
    pid = start(work)
    return os.waitpid(pid, 0)[1]


def start(work: Callable[[], object]) -> int:
    """Begin the work in a process of its own; return its number, to be waited for."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException:  # noqa: BLE001 -- nothing may run on in a copy of the process
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    return pid


def _silently(attempt: Callable[[], bool], most_seconds: int) -> NoReturn:
    status = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (most_seconds, most_seconds))
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        status = int(attempt())
    finally:
        os._exit(status)


def import_foreign(names: Sequence[str]) -> None:
    """Import what the warm process had imported of others, for all forks to share."""
    for name in names:
        try:
            importlib.import_module(name)
        except Exception:  # noqa: BLE001 -- whoever needs it will see the error
            continue


def _run(item: pytest.Item) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)


def _functions(inside: str) -> dict[_Place, list[FunctionType]]:
    found: dict[_Place, list[FunctionType]] = defaultdict(list)
    for thing in gc.get_objects():
        if type(thing) is FunctionType and thing.__code__.co_filename.startswith(inside):
            found[thing.__code__.co_filename, thing.__code__.co_qualname].append(thing)
    return dict(found)


def _forget() -> None:
    """Empty the memories of functions, so that no test is answered from before the change."""
    for thing in _memories():
        thing.cache_clear()


@functools.cache
def _memories() -> list[Any]:
    kind = type(_memories)
    return [thing for thing in gc.get_objects() if type(thing) is kind and str(thing.__module__).startswith("llmcache")]
