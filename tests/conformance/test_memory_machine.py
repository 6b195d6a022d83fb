"""The memory store against the oracle, and the machine against broken stores."""

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from llmcache.memory import open_pair
from llmcache_conformance import Broken, Subject
from llmcache_conformance.machine import machine_for
from llmcache_conformance.saboteurs import SABOTEURS, Saboteur

SHORT = settings(max_examples=60, stateful_step_count=30, deadline=None, derandomize=True)
FIND_ONLY = settings(SHORT, phases=(Phase.generate,))
SEEN = (
    "FoldsCase",
    "StripsNames",
    "IgnoresKinds",
    "TakesEmptyForMissing",
    "KeepsTheFirst",
    "EarlierPutHolds",
    "ChecksAsItWrites",
    "NeverForgets",
    "PutsAnyway",
    "DeletesAnything",
    "ClearsByBeginning",
    "ClearsAllKinds",
    "AppendsBackwards",
    "CapsOneTooMany",
    "ReadsToTheLast",
    "CountsNoBytes",
    "ListsNoTime",
    "HoldsItsOwn",
)


@pytest.mark.slow
def test_memory_answers_as_the_oracle() -> None:
    """Whatever program is run, the memory store answers as a dict and a list do."""
    subject = Subject("memory", open=lambda clock: open_pair(max_bytes=1 << 24, clock=clock))

    run_state_machine_as_test(machine_for(subject), settings=SHORT)


@pytest.mark.slow
@pytest.mark.parametrize("saboteur", [one for one in SABOTEURS if one.name in SEEN], ids=lambda one: one.name)
def test_machine_sees_a_broken_store(saboteur: Saboteur) -> None:
    """The machine notices stores that are broken in what it looks at, so its silence means something."""
    with pytest.raises(Broken):
        run_state_machine_as_test(machine_for(saboteur.subject()), settings=FIND_ONLY)
