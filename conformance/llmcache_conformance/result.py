"""What became of a check."""

from dataclasses import dataclass, replace
from datetime import date
from enum import Enum

from llmcache.model.units import Seconds


class Status(Enum):
    """How a check ended. There is no word for skipped: what was not run says why, and counts unless it was asked for."""

    PASS = "pass"  # noqa: S105 -- no password
    """The store keeps the clauses."""
    FAIL = "fail"
    """The store breaks one of them."""
    ERROR = "error"
    """The suite itself went wrong; nothing is known about the store."""
    UNSUPPORTED = "unsupported"
    """The store does not declare what this is about, and a probe showed that it then refuses it, or has no need of it."""
    WAIVED = "waived"
    """It fails, and somebody said why that is accepted, and until when."""
    NOT_RUN = "not run"
    """It was planned and did not come about."""


class NotRun(Exception):
    """Raised by a check that cannot be made on this machine; its text says why."""


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one check.

    Attributes:
        check: Its name, the colour included.
        status: How it ended.
        profile: What it belongs to: "key-value", "log", "scan", "news" or "vector".
        family: Which group of checks it stands in, such as "expiry".
        clauses: The numbers of the clauses it shows.
        says: What it shows, in words.
        why: For every status but `pass`, why it is so.
        seconds: How long it took.
        asked: It was not run because the caller left it out by name.
        until: The last day of its waiver.
    """

    check: str
    status: Status
    profile: str
    family: str
    clauses: tuple[str, ...]
    says: str
    why: str = ""
    seconds: Seconds = 0.0
    asked: bool = False
    until: date | None = None

    @property
    def is_bad(self) -> bool:
        """True where it keeps the whole from being a success."""
        return self.status in {Status.FAIL, Status.ERROR} or (self.status is Status.NOT_RUN and not self.asked)

    @property
    def has_run(self) -> bool:
        """True where the store was really asked."""
        return self.status in {Status.PASS, Status.FAIL, Status.ERROR, Status.WAIVED}

    def ended(self, status: Status, why: str = "") -> "Result":
        """Return it with another end."""
        return replace(self, status=status, why=why)
