"""When a store that fails is asked no more, and when it is tried again. Times are passed in.

    closed  --one timeout, one slow failure, or a few failures in a row-->  open
    open    --its pause is over, and somebody reads-->  half open: that read is the probe, all others are refused
    half open  --the probe is answered-->  closed
    half open  --the probe fails-->  open, for twice as long

Only reads probe. A model call looks up first and keeps afterwards: whichever of the two meets the hung store, the other one
is refused at once, so that together they lose one deadline and not two (docs/decisions/0015). A write may probe where nobody
reads: after a long time without a single read, or where none was ever asked for since the breaker opened.

One breaker serves one opened store, both colours, all threads. While it is closed nothing is locked; what a race there can do is
count a failure more or less. Everything else is done under the lock that is passed in.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass

from llmcache.model.units import Seconds


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers.

    Attributes:
        failures: So many in a row open the breaker, where none of them is a timeout.
        slow: A failure that took this long counts as a timeout. Two that are shorter cost a caller less than the usual deadline.
        first_pause: How long the store is not asked at first; doubled with each probe that fails.
        longest_pause: And no longer than this.
        readers_gone: After so long without a read, writes probe, too. Longer than models take to answer.
    """

    failures: int = 3
    slow: Seconds = 0.05
    first_pause: Seconds = 0.5
    longest_pause: Seconds = 30.0
    readers_gone: Seconds = 600.0


@dataclass(frozen=True, slots=True)
class Pass:
    """Leave to ask the store once; its outcome is told with it.

    Attributes:
        term: Counts how often the breaker opened and closed before. What is told of an earlier term is out of date.
        is_probe: The store is asked to see whether it is back.
    """

    term: int
    is_probe: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The store must not be asked now.

    Attributes:
        seconds: How much longer; 0 where its pause is over, and somebody else is to try it first.
    """

    seconds: Seconds


class Breaker:
    """Closed, open or half open.

    Args:
        lock: Held for each change; free in a child process after a fork.
        rules: The numbers.
    """

    __slots__ = ("_failures", "_lock", "_pass", "_pause", "_probe_ends", "_read_at", "_rules", "_term", "_until")

    def __init__(self, lock: AbstractContextManager[object], rules: Rules | None = None) -> None:
        self._lock = lock
        self._rules = Rules() if rules is None else rules
        self._term = 0
        self._pass: Pass | None = Pass(0)
        self._failures = 0
        self._pause: Seconds = 0.0
        self._until = 0.0
        self._read_at: float | None = None
        self._probe_ends: float | None = None

    @property
    def is_closed(self) -> bool:
        """True where the store is asked as usual."""
        return self._pass is not None

    def ask(self, now: float, *, reads: bool) -> Pass | Refused:
        """Say whether the store may be asked.

        Args:
            now: On a clock that never jumps.
            reads: It is asked to read, and not to write.
        """
        usual = self._pass
        if usual is not None:
            return usual
        with self._lock:
            if self._pass is not None:
                return self._pass
            if now < self._until:
                self._note_reader(now, reads=reads)
                return Refused(self._until - now)
            # A probe whose thread ended, or stayed behind in another process when this one was forked, tells nothing any more.
            is_probed = self._probe_ends is not None and now < self._probe_ends
            if is_probed or not (reads or self._is_without_readers(now)):
                self._note_reader(now, reads=reads)
                return Refused(0.0)
            self._note_reader(now, reads=reads)
            self._probe_ends = now + self._rules.longest_pause
            return Pass(self._term, is_probe=True)

    def answered(self, given: Pass) -> bool:
        """Note that the store answered, be it by a refusal; True where that has closed the breaker."""
        if not given.is_probe and not self._failures:
            return False
        with self._lock:
            if given.term != self._term:
                return False
            self._failures = 0
            if given.is_probe:
                self._term += 1
                self._read_at = self._probe_ends = None
                self._pass = Pass(self._term)
            return given.is_probe

    def failed(self, given: Pass, now: float, *, took: Seconds, is_late: bool, reads: bool, chance: float) -> bool:
        """Note that no answer came; True where that has opened the breaker.

        Args:
            given: What `ask` gave.
            now: On the same clock.
            took: How long the call took.
            is_late: Its deadline passed.
            reads: As for `ask`.
            chance: From 0 to 1, drawn anew each time: clients that failed together must not come back together.
        """
        with self._lock:
            if given.term != self._term:
                return False
            self._failures += 1
            is_enough = is_late or took >= self._rules.slow or self._failures >= self._rules.failures
            if not (given.is_probe or is_enough):
                return False
            self._open(now, chance, is_again=given.is_probe)
            self._note_reader(now, reads=reads)
            return not given.is_probe

    def gave_up(self, given: Pass) -> None:
        """Note that the call ended without telling anything about the store, as one that was cancelled does."""
        if given.is_probe:
            with self._lock:
                if given.term == self._term:
                    self._probe_ends = None

    def _open(self, now: float, chance: float, *, is_again: bool) -> None:
        rules = self._rules
        self._pause = min(2 * self._pause, rules.longest_pause) if is_again else rules.first_pause
        self._until = now + self._pause * (0.5 + chance / 2)
        self._term += 1
        self._pass = self._probe_ends = None
        self._failures = 0

    def _note_reader(self, now: float, *, reads: bool) -> None:
        if reads:
            self._read_at = now

    def _is_without_readers(self, now: float) -> bool:
        return self._read_at is None or now - self._read_at >= self._rules.readers_gone
