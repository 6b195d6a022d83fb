"""Answering by meaning as steps: after an exact miss, the answer of a kept question that means the same.

For each partition (`keys.partition`) there are two indexes. One holds the questions, each under the name of its answer's key, with its
text and a label that says which questions share an answer. The other holds the answers that differ: a new answer that says the
same as one of them gets its label, decided once, when it is kept. No index holds an answer that could be served: a hit reads the
entry itself, so that what expired, was cleared or replaced is never served from here.

Nothing here fails the caller. A store or a model of embeddings that fails is told as an event, and the question goes on as an exact miss does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal, TypeAlias

from llmcache.codec.envelopes import Envelopes
from llmcache.errors import UsageError
from llmcache.flows.failsafe import failing_open
from llmcache.flows.looking import Found, Near, saving, seek
from llmcache.flows.responses import Draft, keep
from llmcache.keys.digest import fingerprint, utf8
from llmcache.keys.partition import Question
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Kind, Space
from llmcache.model.units import Instant, Plain, Seconds
from llmcache.model.vectors import Neighbour, Point
from llmcache.policy.guard import DOUBTS, contradiction, refusal
from llmcache.policy.saying import said
from llmcache.policy.similarity import NEIGHBOURS, Candidate, Decision, Thresholds, Verdict, alike, decide
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Op, Steps
from llmcache.protocols.store_ops import PutIfAbsent
from llmcache.protocols.vector_ops import DeletePoints, Nearest, PutPoints
from llmcache.protocols.world_ops import Behind, Emit, Now

Role: TypeAlias = Literal["query", "document"]

SAME_ANSWER: Final = 0.9
"""The least cosine between two answers that say the same, if no number, denial or opposite speaks against it."""

FINDABLE: Final[Seconds] = 30 * 24 * 3600.0
"""Longest that a question is found by meaning after it was answered, also where its answer never expires. Each course of a
conversation is a partition with indexes of its own, and most never come again: without an end they would fill the store."""

_MOST_TRIES: Final = 3
_QUESTION, _LABEL, _ANSWER = "question", "label", "answer"


@dataclass(frozen=True, slots=True)
class Comparing:
    """How questions are compared.

    Attributes:
        embed: Returns the op that embeds one text: float32, little-endian.
        thresholds: How sure a hit must be.
        decoded: How answers are opened to be served.
        envelopes: How they stand in the store.
        verify: Returns the op that says whether the answer to a kept question, given with it, may be given to what is asked; None where
            nobody is asked. It has a time limit of its own.
    """

    embed: Callable[[str, Role], Op[bytes]]
    thresholds: Thresholds
    decoded: Envelopes
    envelopes: Envelopes
    verify: Callable[[str, str, Plain], Op[bool]] | None = None


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One question, with how it is compared.

    Attributes:
        question: Its text, and its partition as the store knows it.
        answers: The space that its answer is kept in.
        comparing: How.
    """

    question: Question
    answers: Space
    comparing: Comparing

    def look(self, key: Key, *, max_age: Seconds | None) -> Steps[Found | None]:
        """Return the answer of a question that means the same, or None; `key` is that of the exact answer, which is not there."""
        try:
            return (yield from failing_open(self._look(key, max_age), key, None))
        except UsageError as error:
            # Of an embedding model whose vectors have changed their length, or that gives none.
            yield from Emit(Event(Happening.SEMANTIC_FAILED, key.digest, type(error).__name__))
            return None

    def _look(self, key: Key, max_age: Seconds | None) -> Steps[Found | None]:
        vector = yield from self._embedded(key, self.question.text, "query")
        if vector is None:
            return None
        now = yield from Now()
        near = yield from Nearest(self.question.partition, vector, NEIGHBOURS, now)
        known = {each.point.id: each for each in near if _is_ours(each.point) and each.point.id != key.name}
        for _ in range(_MOST_TRIES):
            decision = self._decide(known)
            if decision.verdict is not Verdict.HIT or decision.candidate is None:
                yield from self._told(key, decision, known, vector)
                return None
            found = yield from self._read(key, decision, known, max_age)
            if isinstance(found, Found):
                return (yield from self._verified(key, found))
            # Its answer is gone, and so is what it said about the neighbourhood.
            known.pop(decision.candidate.id)
            if found:
                yield from DeletePoints(self.question.partition, (decision.candidate.id,), now)
        return None

    def _decide(self, known: dict[str, Neighbour]) -> Decision:
        def refused(each: Candidate) -> str | None:
            beside = [known[other.id].point.facts[_QUESTION] for other in alike(each, candidates)]
            return refusal(self.question.text, known[each.id].point.facts[_QUESTION], beside)

        candidates = [Candidate(name, each.similarity, each.point.facts[_LABEL]) for name, each in known.items()]
        return decide(candidates, self.comparing.thresholds, refused)

    def _read(
        self, key: Key, decision: Decision, known: dict[str, Neighbour], max_age: Seconds | None
    ) -> Steps[Found | bool]:
        """Return the candidate's answer; or else whether it is gone for good, and not for this caller alone."""
        name = decision.candidate.id if decision.candidate else ""
        sought = yield from seek(Key(self.answers, name), self.comparing.decoded, max_age=max_age)
        if sought.found is None:
            return max_age is None
        near = Near(known[name].point.facts[_QUESTION], decision.similarity, decision.margin)
        return replace(sought.found, near=near)

    def _verified(self, key: Key, found: Found) -> Steps[Found | None]:
        """Return `found` if it is confirmed, where somebody is asked to."""
        if found.near is not None and self.comparing.verify is not None:
            confirmed = yield from self._confirmed(key, found.near.question, found.entry.value)
            if not confirmed:
                return None
        yield from Emit(saving(Happening.SEMANTIC_HIT, found.entry, key))
        return found

    def _confirmed(self, key: Key, kept: str, answer: Plain) -> Steps[bool]:
        """Ask whether the answer may be given. Who fails to say, or says something else than True, has not confirmed it."""
        if self.comparing.verify is None:
            return False
        try:
            confirmed = yield from self.comparing.verify(self.question.text, kept, answer)
        except Exception as error:  # noqa: BLE001 -- the user's own; whatever it is, no answer is confirmed by it
            yield from Emit(Event(Happening.SEMANTIC_FAILED, key.digest, type(error).__name__))
            return False
        if confirmed is not True:
            yield from Emit(Event(Happening.SEMANTIC_REJECTED, key.digest))
        return confirmed is True

    def _told(self, key: Key, decision: Decision, known: dict[str, Neighbour], vector: bytes) -> Steps[None]:
        """Tell why there is no hit, and have a near miss, or what the guard doubts, looked at behind the caller's back."""
        if decision.verdict is Verdict.REFUSED:
            yield from Emit(Event(Happening.SEMANTIC_REFUSED, key.digest, decision.reason))
        if decision.verdict is Verdict.NEAR_MISS:
            yield from Emit(Event(Happening.NEAR_MISS, key.digest, decision.reason))
        is_open = decision.verdict is Verdict.NEAR_MISS or decision.reason in DOUBTS
        if is_open and self.comparing.verify is not None and decision.candidate is not None:
            facts = known[decision.candidate.id].point.facts
            yield from Behind(key, partial(self._promoted, key, decision.candidate.id, facts, vector))

    def _promoted(self, key: Key, name: str, facts: Mapping[str, Plain], vector: bytes) -> Steps[None]:
        """Ask whether a near miss means the same after all. If so its answer is kept for this question, too, and they share a label."""
        reason = refusal(self.question.text, facts[_QUESTION])
        if reason is not None and reason not in DOUBTS:
            return
        kept = Key(self.answers, name)
        sought = yield from seek(kept, self.comparing.decoded)
        if sought.found is None:
            return
        if not (yield from self._confirmed(key, facts[_QUESTION], sought.found.entry.value)):
            return
        now = yield from Now()
        # As it stands in the store, and not as an integration's own objects.
        entry = self.comparing.envelopes.unpack(sought.body, kept)
        ttl = None if entry.expires_at is None else entry.expires_at - now
        if ttl is None or ttl > 0:
            # Not over an answer of its own, which the caller may have got in the meantime.
            yield from PutIfAbsent(Put(key, self.comparing.envelopes.pack(entry, key), ttl))
            ends_at = _end(now, ttl)
            yield from self._index(key, vector, facts[_LABEL], ends_at, now)
            yield from Emit(Event(Happening.SEMANTIC_PROMOTED, key.digest))

    def learn(self, key: Key, answer: Plain, ttl: Seconds | None) -> Steps[None]:
        """Have the question found by those that mean the same, with the answer that was kept under `key`; never raises.

        Args:
            answer: JSON-like. One that calls a tool is not learned.
            ttl: How long it may be found, at most `FINDABLE`; the entry itself says what may be served.
        """
        try:
            yield from failing_open(self._learn(key, answer, ttl), key, None)
        except UsageError as error:
            yield from Emit(Event(Happening.SEMANTIC_FAILED, key.digest, type(error).__name__))

    def _learn(self, key: Key, answer: Plain, ttl: Seconds | None) -> Steps[None]:
        text = said(answer)
        vector = None if text is None else (yield from self._embedded(key, self.question.text, "query"))
        if text is None or vector is None:
            return
        now = yield from Now()
        ends_at = _end(now, ttl)
        label = yield from self._label(key, text, now, ends_at)
        if label is not None:
            yield from self._index(key, vector, label, ends_at, now)

    def _label(self, key: Key, text: str, now: Instant, ends_at: Instant) -> Steps[str | None]:
        """Return the label of an answer: that of one kept before that says the same, or a new one."""
        vector = yield from self._embedded(key, text, "document")
        if vector is None:
            return None
        answers = Key(self.question.partition.space, f"{self.question.partition.name}-answers")
        for each in (yield from Nearest(answers, vector, 1, now, SAME_ANSWER)):
            kept = each.point.facts.get(_ANSWER)
            if isinstance(kept, str) and contradiction(text, kept) is None:
                return each.point.id
        # Not the key's name: where its answer changes, those that shared the old one would seem to share the new one.
        label = fingerprint(Kind.QUESTION, _ANSWER, (utf8(text),))
        yield from PutPoints(answers, (Point(label, vector, ends_at, ends_at, {_ANSWER: text}),), now)
        return label

    def _index(self, key: Key, vector: bytes, label: str, ends_at: Instant, now: Instant) -> Steps[None]:
        facts = {_QUESTION: self.question.text, _LABEL: label}
        yield from PutPoints(self.question.partition, (Point(key.name, vector, ends_at, ends_at, facts),), now)

    def _embedded(self, key: Key, text: str, role: Role) -> Steps[bytes | None]:
        try:
            return (yield from self.comparing.embed(text, role))
        except Exception as error:  # noqa: BLE001 -- the user's own model; a question goes on as an exact miss
            yield from Emit(Event(Happening.SEMANTIC_FAILED, key.digest, type(error).__name__))
            return None


def look_up_or_near(
    key: Key, envelopes: Envelopes, inquiry: Inquiry | None, *, max_age: Seconds | None = None
) -> Steps[Found | None]:
    """Return the entry under `key`, or that of a question that means the same; where the store fails, nothing more is asked of it."""
    sought = yield from failing_open(seek(key, envelopes, max_age=max_age), key, None)
    if sought is None:
        return None
    yield from Emit(sought.told)
    if sought.found is not None or inquiry is None:
        return sought.found
    return (yield from inquiry.look(key, max_age=max_age))


def keep_and_learn(key: Key, value: Plain, draft: Draft, envelopes: Envelopes, inquiry: Inquiry | None) -> Steps[None]:
    """Keep `value` as `flows.responses.keep` does, and have its question found."""
    yield from keep(key, value, draft, envelopes)
    if inquiry is not None:
        yield from inquiry.learn(key, value, draft.ttl)


def _end(now: Instant, ttl: Seconds | None) -> Instant:
    return now + (FINDABLE if ttl is None else min(ttl, FINDABLE))


def _is_ours(point: Point) -> bool:
    return all(isinstance(point.facts.get(name), str) for name in (_QUESTION, _LABEL))
