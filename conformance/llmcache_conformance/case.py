"""A case: steps that show whether a store keeps one or more clauses."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from importlib.util import find_spec
from types import CodeType

from llmcache.model.capabilities import Capabilities
from llmcache.protocols.steps import Steps
from llmcache_conformance.bench import Bench
from llmcache_conformance.subject import Subject


class Need(Enum):
    """What a case cannot do without; the value says what is missing where it is."""

    LOG = "the store does not declare `log`"
    SCAN = "the store does not declare `scan`"
    NEWS = "the store does not declare `news`"
    VECTORS = "the store declares neither `vectors` nor `log`"
    NUMPY = "numpy is not installed, which an index in the logs of a store needs"
    SMALL = "no small store was given to fill"
    ROOM = "a server makes room for the store, by rules of its own"
    BODY_LIMIT = "the store has no largest body that fits into a test"
    SECOND = "the store cannot be opened twice"
    CLOCK = "the store has a clock of its own, which no case can set"
    WIRE = "nobody said where the server of the store listens"
    PROCESS = "another process cannot open the store, for want of a URL that both of them mean"


_LARGEST_TESTED_BODY = 64 << 20


@dataclass(frozen=True, slots=True)
class Case:
    """One case.

    Args:
        steps: Makes the steps, which raise `Broken` where a clause does not hold. Its name is the case's name.
        clauses: The numbers of the clauses it shows.
        needs: What it cannot do without. A clock that can be set need not be named: see `__post_init__`.
    """

    steps: Callable[[Bench], Steps[None]]
    clauses: tuple[str, ...]
    needs: tuple[Need, ...] = ()

    def __post_init__(self) -> None:
        # Who writes a case that lets days pass need not think of stores with a clock of their own; forgetting it would
        # show only on those stores.
        if Need.CLOCK not in self.needs and uses(self.steps, "passing"):
            object.__setattr__(self, "needs", (*self.needs, Need.CLOCK))

    @property
    def name(self) -> str:
        """The name, readable as a sentence."""
        return self.steps.__name__


def uses(steps: Callable[[Bench], Steps[None]], name: str) -> bool:
    """True where the code of a case, or of a function inside it, names `name`."""
    return name in _names(steps.__code__)


def _names(code: CodeType) -> set[str]:
    """Return the attributes that a function uses, and the functions inside it."""
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*map(_names, inner))


def is_met(need: Need, subject: Subject, capabilities: Capabilities) -> bool:
    """True where `subject`, whose store declares `capabilities`, has what `need` names."""
    limit = capabilities.limits.max_body_bytes
    met = {
        Need.LOG: capabilities.log,
        Need.SCAN: capabilities.scan,
        Need.NEWS: capabilities.news,
        Need.VECTORS: capabilities.vectors or capabilities.log,
        Need.NUMPY: capabilities.vectors or not capabilities.log or find_spec("numpy") is not None,
        Need.SMALL: subject.open_small is not None,
        Need.ROOM: not capabilities.server_makes_room,
        Need.BODY_LIMIT: limit is not None and limit <= _LARGEST_TESTED_BODY,
        Need.SECOND: subject.opens_same,
        Need.CLOCK: not subject.own_clock,
        Need.WIRE: subject.wire is not None,
        Need.PROCESS: bool(subject.url) and (capabilities.persistent or capabilities.shared),
    }
    return met[need]
