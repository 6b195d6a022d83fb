"""Several processes on one document, in every order that a seed brings: what holds is the later writing, whole."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from llmcache.codec.envelopes import READABLE
from llmcache.drivers.blocking import BlockingWorld, run
from llmcache.drivers.worlds import Surroundings, blocking_world
from llmcache.errors import StoreLimit
from llmcache.flows import coming_back, documents
from llmcache.flows.documents import Renewal, Search, Terms
from llmcache.layers.indexed import Indexed
from llmcache.memory.indexes import Indexes
from llmcache.memory.key_value import MemoryStore
from llmcache.memory.matrix import Matrix
from llmcache.model.capabilities import Limits
from llmcache.model.document import Document
from llmcache.model.entry import Entry
from llmcache.model.key import Key, Kind, Space
from llmcache.model.vectors import Point
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps, through
from llmcache.protocols.vector_ops import PutPoints
from tests.layers.indexes import AT, INDEX, abandon, floats

SEEDS = range(100)
SAID = ("old", "one", "two", "source")
ANY = Search(floats(1.0, 1.0, 1.0, 1.0), 5, None, -1.0, with_vectors=True)
TEXTS = Space(INDEX.space.namespace, Kind.DOCUMENT)


def direction(text: str) -> bytes:
    """Return the vector of a text, at length 1 and unlike that of any other."""
    return floats(*(1.0 if text == one else 0.0 for one in SAID))


@dataclass(slots=True)
class Deed:
    """What somebody does, and when it began and ended, in steps of all.

    Attributes:
        text: What the document says after it, "nothing" where it is gone; "" where nothing is written.
    """

    steps: Steps[Any]
    world: BlockingWorld
    text: str
    began: int = -1
    ended: int = -1


@dataclass(slots=True)
class Many:
    """Processes on one store.

    Attributes:
        source: What a loader says; None means that documents come back from their kept texts.
        turn: How many steps were done.
        asked: When the loader was asked last.
    """

    source: str | None = None
    now: float = AT
    turn: int = 0
    asked: int = 0
    store: MemoryStore = field(init=False)

    def __post_init__(self) -> None:
        self.store = MemoryStore(clock=lambda: self.now)

    def terms(self) -> Terms:
        """Return how the collection behaves."""
        return Terms(
            TEXTS,
            INDEX,
            READABLE,
            lambda texts: [direction(one) for one in texts],
            ttl=100.0,
            remembered=1000.0,
            load=None if self.source is None else self.load,
        )

    def load(self, name: str) -> Document:
        """Return a document as its source has it."""
        self.asked = self.turn
        return Document(name, self.source or "")

    def deed(self, make: Callable[[Terms], Steps[Any]], text: str) -> Deed:
        """Return what a new process does."""
        world = blocking_world(self.store, Surroundings(lambda: self.now, lambda: self.now, lambda told: None))
        layer = Indexed(Indexes(Matrix, READABLE.unwrap, 2**30), READABLE, Limits())
        return Deed(through(layer, make(self.terms())), world, text)

    def upsert(self, text: str) -> Deed:
        """Somebody keeps the document."""
        return self.deed(lambda terms: documents.upsert(terms, [Document("x", text)], [direction(text)]), text)

    def delete(self, text: str = "nothing") -> Deed:
        """Somebody deletes it."""
        return self.deed(lambda terms: documents.delete(terms, ["x"]), "nothing")

    def clear(self, text: str = "nothing") -> Deed:
        """Somebody clears the collection."""
        return self.deed(documents.clear, "nothing")

    def remake(self) -> Deed:
        """Somebody makes the index anew."""
        layer = Indexed(Indexes(Matrix, READABLE.unwrap, 2**30), READABLE, Limits())
        return replace(self.nothing(), steps=through(layer, layer.renew(INDEX)))

    def nothing(self, text: str = "") -> Deed:
        """Somebody looks, and changes nothing."""
        return self.deed(lambda terms: documents.nearest(terms, ANY), "")

    def search(self, text: str = "") -> Deed:
        """Somebody searches, before which it comes back where it has ended."""
        return self.deed(lambda terms: coming_back.find(terms, ANY), "")

    def do(self, deed: Deed) -> Any:
        """Do it with nobody beside."""
        return run(deed.steps, deed.world)

    def found(self) -> list[tuple[str, bytes]]:
        """Return texts and vectors that a search finds where nothing has to come back."""
        matches = self.do(self.deed(lambda terms: documents.nearest(terms, ANY), ""))
        return [(one.document.text, one.vector) for one in matches]


def interleave(many: Many, deeds: list[Deed], chance: random.Random) -> None:
    """Do the ops of all, one at a time, in an order that `chance` decides."""
    waiting = dict(enumerate(deeds))
    ops = {number: next(deed.steps) for number, deed in waiting.items()}
    while waiting:
        many.turn += 1
        number = chance.choice(sorted(waiting))
        deed = waiting[number]
        deed.began = many.turn if deed.began < 0 else deed.began
        try:
            ops[number] = deed.steps.send(ops[number].on(deed.world))
        except StopIteration:
            deed.ended = many.turn
            del waiting[number]


def check(many: Many, deeds: list[Deed]) -> None:
    """See that what is there was written whole, by one of the last that wrote."""
    writers = [one for one in deeds if one.text]
    last = {one.text for one in writers if not any(other.began > one.ended for other in writers)}
    if "nothing" in last and any(one.text == "nothing" and many.asked > one.ended for one in writers):
        last.add("source")  # a clearing took the text, and the point came after it: then the source is asked once more
    many.source = None
    found = many.found()
    (kept,) = many.do(many.deed(lambda terms: coming_back.get(terms, ["x"]), ""))
    there = found[0][0] if found else "nothing"

    assert there in last
    assert len(found) <= 1
    assert [direction(text) for text, _ in found] == [vector for _, vector in found]
    assert there == ("nothing" if kept is None else kept.text)


@pytest.mark.parametrize("source", [None, "source"], ids=["kept texts", "loader"])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_later_writing_holds_whole_whoever_brings_the_document_back(seed: int, source: str | None) -> None:
    """Two that write it or take it away, in any order with two searches that find it has ended, and with who makes the index anew."""
    chance, many = random.Random(seed), Many(source)
    many.do(many.upsert("old"))
    many.now += 100.0
    writers = [many.upsert("one"), chance.choice((many.upsert, many.delete, many.clear, many.nothing))("two")]
    deeds = [*writers, many.search(), many.search(), many.remake()]

    interleave(many, deeds, chance)

    check(many, deeds)


def test_no_entry_is_left_that_no_point_names() -> None:
    """Of a document that is upserted, brought back and deleted one after the other."""
    many, left = Many("source"), []
    for deed in (many.upsert, many.search, many.upsert, many.search, many.delete):
        many.do(deed("one"))
        left.append(len(many.store.scan(TEXTS)))
        many.now += 100.0

    assert [1, 1, 1, 1, 0] == left


@pytest.mark.parametrize("source", [None, "source"], ids=["kept texts", "loader"])
@pytest.mark.parametrize("what", ["search", "upsert", "delete"])
def test_who_is_killed_at_any_step_leaves_what_others_go_on_with(what: str, source: str | None) -> None:
    """The document is there as it was or as it was to be, and can come back, be written and be taken away."""
    done, length = 0, 100
    while done < length:
        many = Many(source)
        many.do(many.upsert("old"))
        many.now += 100.0
        killed = getattr(many, what)("one")
        length = _kill(killed, done)
        many.do(many.search())
        ((said, vector),) = many.found() or [("nothing", b"")]

        assert (
            said
            in {
                "search": {source or "old"},
                "upsert": {"one", source or "old"},
                "delete": {"nothing", source or "old"},
            }[what]
        )
        assert said == "nothing" or vector == direction(said)
        many.do(many.upsert("two"))
        assert ["two"] == [text for text, _ in many.found()]
        many.do(many.delete())
        assert [] == many.found()
        done += 1

    assert 5 < length < 100


def _kill(deed: Deed, after: int) -> int:
    """Do so many ops of a process and no more, and return how many those are, or more."""
    op = next(deed.steps)
    for _ in range(after):
        try:
            op = deed.steps.send(op.on(deed.world))
        except StopIteration:
            return after
    abandon(deed.steps)
    return after + 2


def test_documents_from_before_there_were_versions_are_read_and_replaced() -> None:
    """Their texts lie under their ids alone, and their points have the empty version; nothing of them is left behind."""
    many = Many()
    terms = many.terms()
    entry = Entry({"id": "x", "text": "old", "metadata": {}}, made_at=AT, expires_at=AT + 100.0, type="document")
    point = Point("x", direction("old"), AT + 100.0, AT + 1100.0)
    before = Key(TEXTS, "x")
    many.store.put_many((Put(before, READABLE.pack(entry, before), 1100.0),))
    many.do(many.deed(lambda _: iter(PutPoints(INDEX, (point,), AT)), ""))

    assert [("old", direction("old"))] == many.found()
    assert ["old"] == [one.text for one in many.do(many.deed(lambda _: coming_back.get(terms, ["x"]), "")) if one]
    many.do(many.upsert("one"))
    assert [("one", direction("one"))] == many.found()
    assert [None] == many.store.get_many([before])


def test_a_renewal_that_came_too_late_leaves_nothing_behind() -> None:
    """Nor where others were renewed with it, which have the version of what it has written in vain."""
    many = Many()
    both = [Document("x", "old"), Document("y", "old")]
    vectors = [direction("old")] * 2
    many.do(many.deed(lambda terms: documents.upsert(terms, both, vectors), ""))
    known = many.do(many.deed(lambda terms: documents.present(terms, ["x", "y"]), ""))
    many.do(many.upsert("one"))
    late = [Renewal(one.id, point, one, AT, direction("old")) for one, (point, _) in zip(both, known, strict=True)]
    many.do(many.deed(lambda terms: documents.renew(terms, late), ""))

    assert ["one", "old"] == sorted((text for text, _ in many.found()), reverse=True)
    assert 2 == sum(use.entries for use in many.store.spaces() if use.space == TEXTS)


@pytest.mark.parametrize("count", [1, 600], ids=["the points", "the entries"])
def test_what_has_no_room_leaves_nothing_behind(count: int) -> None:
    """However often it is tried again, and whatever found no room: all the entries that are there are those of documents."""
    many, tries = Many(), 5
    many.store = MemoryStore(clock=lambda: many.now, max_bytes=200_000)
    # One fits as an entry and not beside that as a point; of many the first 250 fit.
    refused = [Document(f"{number}", "one", {"long": "x" * (120_000 // count)}) for number in range(count)]
    many.do(many.deed(lambda terms: documents.upsert(terms, [Document("y", "old")], [direction("old")]), ""))
    for _ in range(tries):
        with pytest.raises(StoreLimit):
            many.do(many.deed(lambda terms: documents.upsert(terms, refused, [direction("one")] * count), ""))

    assert ["old"] == [text for text, _ in many.found()]
    assert [1] == [use.entries for use in many.store.spaces() if use.space == TEXTS]
