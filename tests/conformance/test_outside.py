"""The checks that look at a store from outside: what it leaves behind, and what is left when its process is killed."""

from collections.abc import Iterator

import pytest

from llmcache_conformance import Broken, Subject
from llmcache_conformance.check import Check
from llmcache_conformance.outside.killed import KILLED
from llmcache_conformance.outside.leaks import LEAKS
from llmcache_conformance.outside.points import POINT_WRITERS
from llmcache_conformance.outside.programs import PROGRAMS
from llmcache_conformance.outside.writing import bodies, body, number_of
from llmcache_conformance.remote.server import MemoryServer
from llmcache_conformance.saboteurs import SABOTEURS
from llmcache_conformance.saboteurs.processes import (
    KILLED_SABOTEURS,
    LEAKING_SABOTEURS,
    PORT_VARIABLE,
    KilledSaboteur,
)
from tests.conformance.test_memory_conforms import MEMORY

CAUGHT_BY = {
    "open_halves": "killed_writer_leaves_no_half_entry",
    "open_parts": "killed_writer_leaves_whole_messages",
    "open_late": "other_processes_see_what_is_written",
    "open_home": "points_of_all_processes_are_found",
    "LeavesAThread": "closing_ends_the_threads",
    "LeavesAFile": "closing_gives_back_files_and_connections",
    "LeavesATask": "closing_leaves_no_task",
}
"""Each broken store with the check that must catch it; every check is there once."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryServer]:
    """A store behind a socket that other processes find by its port."""
    with MemoryServer() as running:
        monkeypatch.setenv(PORT_VARIABLE, str(running.port))
        yield running


def named(name: str) -> Check:
    """Return a check by its name."""
    return next(check for check in (*KILLED, *POINT_WRITERS, *LEAKS) if check.name == name)


def test_every_check_has_a_saboteur() -> None:
    """No check from outside is without a store that fails it."""
    assert sorted(CAUGHT_BY.values()) == sorted(check.name for check in (*KILLED, *POINT_WRITERS, *LEAKS))


@pytest.mark.slow
@pytest.mark.parametrize("check", LEAKS, ids=lambda check: check.name)
def test_reference_leaves_nothing_behind(check: Check) -> None:
    """The memory store has no threads, files or tasks to leave."""
    check.run(MEMORY)


@pytest.mark.slow
@pytest.mark.parametrize("subject", LEAKING_SABOTEURS, ids=lambda subject: subject.name)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_store_that_leaves_something_is_caught(subject: Subject) -> None:
    """A thread, a file, a task: each is seen by the check that is about it."""
    with pytest.raises(Broken, match=r"left after opening and closing 3 times|still run after close"):
        named(CAUGHT_BY[subject.name]).run(subject)


@pytest.mark.slow
@pytest.mark.parametrize("check", [*KILLED, *POINT_WRITERS], ids=lambda check: check.name)
def test_killed_reference_keeps_its_word(check: Check, server: MemoryServer) -> None:
    """Whole calls of a server are there or not, whoever is killed."""
    check.run(KilledSaboteur("open_honest", ()).subject(server.port))


@pytest.mark.slow
@pytest.mark.parametrize("saboteur", KILLED_SABOTEURS, ids=lambda saboteur: saboteur.opening)
def test_store_that_writes_by_halves_is_caught(saboteur: KilledSaboteur, server: MemoryServer) -> None:
    """What is half done when its process is killed is seen afterwards."""
    with pytest.raises(Broken):
        named(CAUGHT_BY[saboteur.opening]).run(saboteur.subject(server.port))


@pytest.mark.slow
def test_writer_that_cannot_start_is_told() -> None:
    """A store that another process cannot open fails with the reason that process gave."""
    subject = Subject("absent", MEMORY.open, url="python:no_such_module:open")

    with pytest.raises(Broken, match="another process could not write: ModuleNotFoundError"):
        named("killed_writer_leaves_no_half_entry").run(subject)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["FoldsCase", "KeepsTheFirst", "NeverForgets", "CapsOneTooMany"])
def test_random_programs_catch_a_broken_store(name: str) -> None:
    """The few programs of a run see coarse faults, and the reference has none."""
    (check,) = PROGRAMS
    saboteur = next(one for one in SABOTEURS if one.name == name)
    check.run(MEMORY)

    with pytest.raises(Broken):
        check.run(saboteur.subject())


def test_whole_bodies_are_told_from_parts() -> None:
    """A body says which write it is of, and a part of it says nothing."""
    numbers = [number_of(found) for found in (body(7), bodies(12)[1], body(7)[:-1], b"", b"x 1", body(12)[:100])]

    assert [7, 12, -1, -1, -1, -1] == numbers
