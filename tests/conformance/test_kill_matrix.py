"""The suite against stores that are broken on purpose: every fault is caught, and every case catches one."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from llmcache.drivers.offload import Offloaded
from llmcache_conformance import CLAUSES, Case, Colour, run_case
from llmcache_conformance.case import Need
from llmcache_conformance.cases import CASES
from llmcache_conformance.matrix import certain, kill_matrix
from llmcache_conformance.saboteurs import SABOTEURS, PointsMemory, Saboteur, SharedMemory
from llmcache_conformance.saboteurs.processes import KILLED_SABOTEURS, LEAKING_SABOTEURS
from llmcache_conformance.saboteurs.wires import WIRE_SABOTEURS

COMMITTED = Path(__file__).parent / "kill_matrix.json"


@pytest.fixture(scope="module")
def matrix() -> Mapping[str, frozenset[str]]:
    """The cases that catch each saboteur for the reason it gives."""
    return kill_matrix(SABOTEURS, CASES)


@pytest.mark.slow
@pytest.mark.xdist_group("matrix")
def test_every_saboteur_is_caught(matrix: Mapping[str, frozenset[str]]) -> None:
    """Each broken store is caught by a case that cites the clause it breaks."""
    survivors = [name for name, killers in matrix.items() if not killers]

    assert [] == survivors


@pytest.mark.slow
@pytest.mark.xdist_group("matrix")
def test_every_case_catches_a_saboteur(matrix: Mapping[str, frozenset[str]]) -> None:
    """There is no case that every broken store passes: each one can fail."""
    vacuous = {case.name for case in CASES} - {case for killers in matrix.values() for case in killers}

    assert set() == vacuous


@pytest.mark.slow
@pytest.mark.xdist_group("matrix")
def test_matrix_is_the_committed_one(matrix: Mapping[str, frozenset[str]]) -> None:
    """A case that lost its bite, or gained one, is seen in the diff: `python -m llmcache_conformance.matrix FILE` writes it."""
    committed = json.loads(COMMITTED.read_text("utf-8"))

    assert committed == certain(matrix, CASES)


def test_there_are_saboteurs_of_every_family() -> None:
    """Broken stores of all families that stores are broken in, wires and killed processes among them."""
    everyone = (*SABOTEURS, *WIRE_SABOTEURS, *KILLED_SABOTEURS, *LEAKING_SABOTEURS)
    families = {saboteur.store.__module__ for saboteur in SABOTEURS}

    assert len(everyone) >= 220
    assert len(families) >= 12


def test_every_clause_has_a_saboteur() -> None:
    """Each clause is broken by one store at least."""
    broken = {clause for saboteur in SABOTEURS for clause in saboteur.clauses}

    assert set(CLAUSES) == broken


def test_saboteurs_have_names_of_their_own() -> None:
    """No saboteur hides another in the matrix."""
    names = [saboteur.name for saboteur in SABOTEURS]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("colour", Colour)
@pytest.mark.parametrize("case", [case for case in CASES if Need.SECOND in case.needs], ids=lambda case: case.name)
def test_honest_handles_pass(case: Case, colour: Colour) -> None:
    """The ground on which broken handles stand is not broken itself."""
    honest = Saboteur(SharedMemory, (), opens_same=True).subject()

    run_case(case, honest, colour)


@pytest.mark.parametrize("colour", Colour)
@pytest.mark.parametrize("case", [case for case in CASES if Need.VECTORS in case.needs], ids=lambda case: case.name)
def test_honest_points_pass(case: Case, colour: Colour) -> None:
    """Nor the store with vectors of its own, awaited in threads."""
    honest = Saboteur(PointsMemory, (), Offloaded, opens_same=True).subject()

    run_case(case, honest, colour)
