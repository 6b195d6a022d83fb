"""A case: steps that show whether a store keeps one or more clauses."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from llmcache.model.capabilities import Capabilities
from llmcache.protocols.steps import Steps
from llmcache_conformance.bench import Bench
from llmcache_conformance.subject import Subject


class Need(Enum):
    """What a case cannot do without; the value says what is missing where it is."""

    LOG = "the store does not declare `log`"
    SCAN = "the store does not declare `scan`"
    SMALL = "no small store was given to fill"
    BODY_LIMIT = "the store has no largest body that fits into a test"
    SECOND = "the store cannot be opened twice"


_LARGEST_TESTED_BODY = 64 << 20


@dataclass(frozen=True, slots=True)
class Case:
    """One case.

    Args:
        steps: Makes the steps, which raise `Broken` where a clause does not hold. Its name is the case's name.
        clauses: The numbers of the clauses it shows.
        needs: What it cannot do without.
    """

    steps: Callable[[Bench], Steps[None]]
    clauses: tuple[str, ...]
    needs: tuple[Need, ...] = ()

    @property
    def name(self) -> str:
        """The name, readable as a sentence."""
        return self.steps.__name__


def is_met(need: Need, subject: Subject, capabilities: Capabilities) -> bool:
    """True where `subject`, whose store declares `capabilities`, has what `need` names."""
    limit = capabilities.limits.max_body_bytes
    met = {
        Need.LOG: capabilities.log,
        Need.SCAN: capabilities.scan,
        Need.SMALL: subject.open_small is not None,
        Need.BODY_LIMIT: limit is not None and limit <= _LARGEST_TESTED_BODY,
        Need.SECOND: subject.opens_same,
    }
    return met[need]
