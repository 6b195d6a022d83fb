"""The clauses against the protocols they are taken from, and the cases against the clauses."""

import ast
import inspect
import pkgutil
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import llmcache_conformance
from llmcache.errors import UsageError
from llmcache.protocols import key_value, log, news, scan, vectors
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import GetMany
from llmcache.protocols.world_ops import Call
from llmcache_conformance import CLAUSES, Broken, Case, Colour, Need, Run, Subject, conformance_cases, run_case
from llmcache_conformance import cases as cases_package
from llmcache_conformance.bench import Bench
from llmcache_conformance.cases import CASES
from llmcache_conformance.expect import expect, expect_equal, refused
from tests.conformance.test_memory_conforms import MEMORY

CITED = re.compile(r"\(((?:KV|LOG|SCAN|NEWS|VEC)-\d+)\)")


def text_of(module: ModuleType) -> str:
    """The source of a protocol, without what docstrings break lines by."""
    return " ".join(inspect.getsource(module).split())


PROTOCOLS = " ".join(text_of(module) for module in (key_value, log, scan, news, vectors))


def test_every_cited_clause_exists_and_every_clause_is_cited() -> None:
    """The numbers in the protocols and the numbers of the suite are the same."""
    cited = set(CITED.findall(PROTOCOLS))

    assert cited == set(CLAUSES)


@pytest.mark.parametrize("number", CLAUSES)
def test_clause_is_the_sentence_of_the_protocol(number: str) -> None:
    """The suite checks what the protocol says, word for word."""
    sentence = f"{CLAUSES[number]} ({number})"

    assert sentence in PROTOCOLS


def test_every_clause_has_a_case() -> None:
    """No clause goes unchecked, and no case cites one that does not exist."""
    shown = {clause for case in CASES for clause in case.clauses}

    assert set(CLAUSES) == shown


def test_every_case_is_in_the_registry() -> None:
    """A case that was written is run: each function of a case module that takes a bench is registered."""
    modules = [
        import_module(f"{cases_package.__name__}.{found.name}")
        for found in pkgutil.iter_modules(cases_package.__path__)
    ]
    written = [
        name
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isgeneratorfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    ]

    assert sorted(written) == sorted(case.name for case in CASES)


def test_every_case_says_what_it_shows() -> None:
    """Each case has a docstring that can be printed where it fails."""
    silent = [case.name for case in CASES if not inspect.getdoc(case.steps)]

    assert [] == silent


def test_no_check_vanishes_without_assertions() -> None:
    """The suite has no bare `assert`, which `python -O` would remove."""
    folder = Path(llmcache_conformance.__path__[0])
    found = [
        path.name
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assert)
    ]

    assert [] == found


def test_every_case_runs_in_every_colour() -> None:
    """The plan has each case in four colours, and leaves out only what is named."""
    all_runs = conformance_cases()
    without = conformance_cases(without={Need.SCAN})
    left_out = {run.case for run in all_runs} - {run.case for run in without}

    assert 4 * len(CASES) == len(all_runs) == len(set(map(str, all_runs)))
    assert {case for case in CASES if Need.SCAN in case.needs} == left_out


@pytest.mark.parametrize("need", [Need.SECOND, Need.SMALL])
def test_case_without_what_it_needs_is_an_error(need: Need) -> None:
    """A case that cannot be run on a subject says so, and never passes."""
    case = next(case for case in CASES if need in case.needs)
    lacking = Subject("memory", MEMORY.open)

    with pytest.raises(TypeError):
        Run(case, Colour.BLOCKING).on(lacking)


def test_failed_case_is_told_in_every_colour() -> None:
    """What a case raises comes out of the driver of every colour."""

    def breaks(bench: Bench) -> Steps[None]:
        """Break at once."""
        yield from bench.passing(1.0)
        expect(False, "broken")

    for colour in Colour:
        with pytest.raises(Broken, match="broken"):
            run_case(Case(breaks, ()), MEMORY, colour)


@pytest.mark.parametrize(("expected", "actual"), [(b"a", bytearray(b"a")), (True, 1), ([], ()), (None, b"")])
def test_equal_things_of_other_types_are_not_equal(expected: object, actual: object) -> None:
    """The suite's comparison looks at types, too: a bytearray is not a body."""
    with pytest.raises(Broken, match="expected"):
        expect_equal(expected, actual)


def test_long_values_are_clipped() -> None:
    """A failure of a large body is told in a few lines."""
    with pytest.raises(Broken) as raised:
        expect_equal(b"a" * 100_000, b"b" * 100_000)

    assert len(str(raised.value)) < 600


def test_refusal_of_another_class_is_none() -> None:
    """An op that raises a foreign exception, or none, did not refuse as the clause demands."""

    def divide(bench: Bench) -> Steps[None]:
        """Expect a refusal of what fails otherwise."""
        call: Call[float] = Call(lambda: 1 / 0)
        yield from refused(call, UsageError)

    def accept(bench: Bench) -> Steps[None]:
        """Expect a refusal of what is accepted."""
        yield from refused(GetMany((bench.key(),)), UsageError)

    with pytest.raises(Broken, match="Call: expected UsageError, got ZeroDivisionError"):
        run_case(Case(divide, ()), MEMORY, Colour.BLOCKING)
    with pytest.raises(Broken, match="GetMany: expected UsageError, but it was accepted"):
        run_case(Case(accept, ()), MEMORY, Colour.BLOCKING)
