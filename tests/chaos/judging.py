"""What must be true of everything that was written down, whatever went wrong meanwhile.

- An answer was made by a model call for exactly that question (judged on the spot), and never one that was kept before a clearing
  began which had returned before the question was asked.
- No call fails because of the cache (judged on the spot).
- A message that was acknowledged is in its conversation, once, behind those of its writer that were acknowledged before; one
  that was refused is not.
- No call takes longer than its deadlines and half of them, beside the time in the model and what a plain sleep was late by.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate

from llmcache.model.units import Seconds
from tests.chaos.model import TAGS
from tests.chaos.records import (
    AnswerId,
    Appended,
    Asked,
    Cleared,
    Counted,
    Held,
    Late,
    Read,
    Record,
    Struck,
    Wrong,
)

BEFORE_LOSS: Seconds = 3.0
"""What a server had acknowledged so shortly before it was lost, it may have lost."""
SLACK: Seconds = 0.05
"""Time that every call may take on a machine that does other things, too."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long calls may take: the deadline of a call for entries, and of one for a conversation.

    Attributes:
        ask: How many calls for entries one question comes to, at most: its look-up, the marks of its tags, and keeping.
        loses: Faults after which the server may have lost what it had acknowledged.
        unseen: How long a process may not see what another one has cleared.
        waits: How much longer a question may take, because others may be making its answer.
        keeps_back: Clearing everything does not reach what other processes have not written yet; clearing by tag hides it.
    """

    timeout: Seconds
    log_timeout: Seconds
    ask: int = 3
    loses: frozenset[str] = frozenset()
    unseen: Seconds = 0.0
    waits: Seconds = 0.0
    keeps_back: bool = False

    def of(self, record: Record) -> Seconds:
        """Return the longest time that an operation may take."""
        match record:
            case Asked():
                return self.ask * self.timeout + self.waits
            case Cleared():
                # Clearing everything is bounded as conversations are; clearing a tag reads and writes.
                return max(2 * self.timeout, self.log_timeout) + 0.2
            case Appended():
                return self.log_timeout
            case _:
                return 5 * self.log_timeout


@dataclass(slots=True)
class Verdict:
    """What the judge found.

    Attributes:
        broken: What must not be, by kind: a few words each.
        counts: How often what was done.
        spans: Sorted durations by operation, in seconds, the time in the model taken off.
        late: Sorted lateness of plain sleeps, in seconds.
        faults: How often each fault struck.
    """

    broken: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)
    spans: dict[str, list[Seconds]] = field(default_factory=lambda: defaultdict(list))
    late: list[Seconds] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def is_good(self) -> bool:
        """True where nothing was broken."""
        return not any(self.broken.values())


def judged(records: Iterable[Record], limits: Limits) -> Verdict:
    """Return the verdict on all records of one run."""
    verdict = Verdict()
    by_kind: dict[type[Record], list[Record]] = defaultdict(list)
    for record in records:
        by_kind[type(record)].append(record)
    asked = [one for one in by_kind[Asked] if isinstance(one, Asked)]
    struck = [one for one in by_kind[Struck] if isinstance(one, Struck)]
    appended = [one for one in by_kind[Appended] if isinstance(one, Appended)]
    verdict.faults.update(one.fault for one in struck)
    lost = [one for one in struck if one.fault in limits.loses]
    for one in by_kind[Wrong]:
        if isinstance(one, Wrong):
            verdict.broken[one.what].append(one.said)
    for one in by_kind[Counted]:
        if isinstance(one, Counted):
            verdict.counts.update({f"counted {what}": number for what, number in one.counts.items()})
    cleared = [one for one in by_kind[Cleared] if isinstance(one, Cleared)]
    _judge_clearings(verdict, asked, cleared, struck, limits)
    _judge_messages(verdict, appended, [one for one in by_kind[Held] if isinstance(one, Held)], lost)
    late = sorted((one for one in by_kind[Late] if isinstance(one, Late)), key=lambda one: one.at)
    _judge_times(verdict, [*asked, *by_kind[Cleared], *appended, *by_kind[Read]], late, limits)
    return verdict


def _judge_clearings(
    verdict: Verdict, asked: list[Asked], cleared: list[Cleared], struck: list[Struck], limits: Limits
) -> None:
    lost = [one for one in struck if one.fault in limits.loses]
    kept: dict[AnswerId, float] = {one.answer: one.ended for one in asked if one.is_kept and one.answer is not None}
    sure = [
        one
        for one in cleared
        if not any(one.began < loss.ended and one.ended > loss.began - BEFORE_LOSS for loss in lost)
    ]
    sure = [one for one in sure if one.is_sure]
    if limits.keeps_back:
        sure = [one for one in sure if one.tag is not None]
    by_tag = {
        tag: _Clearings([one for one in sure if one.tag is None or one.tag == tag]) for tag in (*range(TAGS), None)
    }
    for one in asked:
        verdict.counts[f"asked {one.way}"] += 1
        verdict.counts["hits" if one.answer is not None and not one.was_called else "called or failed"] += 1
        if one.answer is None or one.was_called or one.answer not in kept:
            continue
        tag = None if one.question % 5 == 0 else one.question % TAGS
        since, made = by_tag[tag].latest_before(one.began - limits.unseen), kept[one.answer]
        if since is not None and made < since.began:
            during = [
                f"{each.fault} {each.began:.3f}" for each in struck if each.ended > made - 2 and each.began < one.began
            ]
            verdict.broken["cleared answer"].append(f"{one} kept {made:.3f}, {since}; {', '.join(during)}")
    verdict.counts["cleared"] = sum(one.is_sure for one in cleared)


class _Clearings:
    """Answers which clearing had returned before a moment and began last."""

    def __init__(self, cleared: list[Cleared]) -> None:
        ordered = sorted(cleared, key=lambda one: one.ended)
        self._ended = [one.ended for one in ordered]
        self._latest = list(accumulate(ordered, _later))

    def latest_before(self, moment: float) -> Cleared | None:
        place = bisect_left(self._ended, moment)
        return self._latest[place - 1] if place else None


def _later(one: Cleared, other: Cleared) -> Cleared:
    return other if other.began > one.began else one


def _judge_messages(verdict: Verdict, appended: list[Appended], held: list[Held], lost: list[Struck]) -> None:
    by_talk: dict[str, dict[tuple[str, int], Appended]] = defaultdict(dict)
    for one in appended:
        by_talk[one.talk][one.writer, one.number] = one
        verdict.counts[f"message {one.outcome}"] += 1
    found = {one.talk: one.messages for one in held}
    for talk, sent in by_talk.items():
        if talk not in found:
            verdict.broken["unread conversation"].append(talk)
            continue
        _judge_talk(verdict, talk, sent, found[talk], lost)


def _judge_talk(
    verdict: Verdict,
    talk: str,
    sent: dict[tuple[str, int], Appended],
    found: tuple[tuple[str, int], ...],
    lost: list[Struck],
) -> None:
    times = Counter(found)
    for message, count in times.items():
        if count > 1:
            verdict.broken["doubled message"].append(f"{talk}: {message} {count} times")
    latest: dict[str, int] = {}
    for writer, number in found:
        # Of one that was not acknowledged nobody knows when it arrives, or whether.
        if (one := sent.get((writer, number))) is None or one.outcome != "kept":
            continue
        if number < latest.get(writer, -1):
            verdict.broken["message out of order"].append(f"{talk}: {writer} {number} behind {latest[writer]}")
        latest[writer] = number
    for message, one in sent.items():
        is_exempt = any(one.began < loss.ended and one.ended > loss.began - BEFORE_LOSS for loss in lost) or any(
            loss.fault.startswith("file") and one.began < loss.ended for loss in lost
        )
        if one.outcome == "kept" and message not in times and not is_exempt:
            verdict.broken["lost message"].append(f"{talk}: {message}, acknowledged at {one.ended:.3f}")
        if one.outcome == "not" and message in times:
            verdict.broken["refused message is there"].append(f"{talk}: {message}, refused at {one.ended:.3f}")


def _judge_times(verdict: Verdict, done: list[Record], late: list[Late], limits: Limits) -> None:
    moments = [one.at for one in late]
    verdict.late = sorted(one.seconds for one in late)
    for one in done:
        if not isinstance(one, Asked | Cleared | Appended | Read):
            continue
        name = f"ask by {one.way}" if isinstance(one, Asked) else type(one).__name__.lower()
        took = one.ended - one.began - (one.model if isinstance(one, Asked) else 0.0)
        verdict.spans[name].append(took)
        allowed = limits.of(one) * 1.5 + SLACK
        if took > allowed:
            # Looked up for the few that are late: what woke up late while they lasted.
            waited = _waited(late[bisect_left(moments, one.began) : bisect_right(moments, one.ended + 0.1)])
            if took - waited > allowed:
                told = (
                    f"{name}: {took:.3f} s, may take {allowed:.3f} s; plain sleeps were {waited:.3f} s late meanwhile"
                )
                verdict.broken["over its deadline"].append(told)
    for span in verdict.spans.values():
        span.sort()


def _waited(late: list[Late]) -> Seconds:
    """Return by how much the sleeps of one process were late, of that process where it was most."""
    by_process: dict[str, Seconds] = defaultdict(float)
    for one in late:
        by_process[one.process] += one.seconds
    return max(by_process.values(), default=0.0)
