"""The demonstration of the vector store: texts in files that change, found by meaning, never older than their time to live."""

import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

from llmcache.api.opening import open as open_cache
from llmcache.model.units import Seconds
from llmcache_langchain.vectorstore import VectorStore
from llmcache_minilm import MiniLM, MiniLMEmbeddings

NAMESPACE = "llmcache-demo-vectors"
TTL = 3_600
NEAR = 0.2
"""Least cosine that counts as found."""

TEXTS = {
    "opening.txt": "We are open Monday to Friday, from nine to five.",
    "delivery.txt": "Parcels leave at once and arrive two days later.",
    "repairs.txt": "Broken lamps are mended in our workshop in a week.",
    "payment.txt": "We take cards and bank transfers.",
}
CHANGED, REMOVED = "opening.txt", "repairs.txt"
NEW_TEXT = "We are open Tuesday to Saturday, from ten to six."

WEEKEND, ORDER, LAMP = "Can I drop in at the weekend?", "When will my order be here?", "My lamp is broken. What now?"


@dataclass(frozen=True, slots=True)
class Search:
    """One question and the document that was found for it.

    Attributes:
        minutes: Since the documents were kept, by the demonstration's clock.
        found: The text; None where nothing is near.
        similarity: The cosine between both.
        seconds: What it took, the question's embedding included.
    """

    minutes: int
    question: str
    found: str | None
    similarity: float
    seconds: Seconds


@dataclass(slots=True)
class Outcome:
    """What happened.

    Attributes:
        embedded: Documents embedded at first.
        loaded: How often the source was asked for a document that had ended.
        embedded_again: Documents embedded since then.
    """

    searches: list[Search] = field(default_factory=list)
    embedded: int = 0
    loaded: int = 0
    embedded_again: int = 0


class Clock:
    """A time of day that can be turned forward."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self._ahead

    def turn(self, minutes: int) -> None:
        """Let some minutes have passed."""
        self._ahead += 60.0 * minutes


class Folder:
    """Documents as files, and how often they were asked for."""

    def __init__(self, path: Path, texts: Mapping[str, str]) -> None:
        self._path = path
        self.asked = 0
        for name, text in texts.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        """Make or change a file."""
        (self._path / name).write_text(text, "utf-8")

    def remove(self, name: str) -> None:
        """Delete a file."""
        (self._path / name).unlink()

    def load(self, name: str) -> Document | None:
        """Return a file as a document, or None where it is there no more: what a vector store takes as its loader."""
        self.asked += 1
        path = self._path / name
        return Document(path.read_text("utf-8")) if path.exists() else None


class Counted(Embeddings):
    """MiniLM, and how many documents it embedded."""

    model = MiniLM.name

    def __init__(self) -> None:
        self._minilm = MiniLMEmbeddings()
        self.documents = 0

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vectors of documents."""
        self.documents += len(texts)
        return self._minilm.embed_documents(texts)

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a question."""
        return self._minilm.embed_query(text)


class Course:
    """A shelf, its source, its model and its clock."""

    def __init__(self, shelf: VectorStore, folder: Folder, model: Counted, clock: Clock) -> None:
        self._shelf, self._folder, self._model, self._clock = shelf, folder, model, clock
        self._minutes = 0
        self.outcome = Outcome()

    def run(self) -> None:
        """Keep the documents, ask, change the files, let time pass, and ask again."""
        self._shelf.delete()
        self._shelf.add_texts(list(TEXTS.values()), ids=list(TEXTS))
        self.outcome.embedded = self._model.documents
        self._ask(WEEKEND, ORDER, LAMP)
        self._folder.write(CHANGED, NEW_TEXT)
        self._folder.remove(REMOVED)
        self._wait(30)
        self._ask(WEEKEND)
        self._wait(31)
        self._ask(WEEKEND, ORDER, LAMP)
        self.outcome.loaded = self._folder.asked
        self.outcome.embedded_again = self._model.documents - self.outcome.embedded

    def _wait(self, minutes: int) -> None:
        self._clock.turn(minutes)
        self._minutes += minutes

    def _ask(self, *questions: str) -> None:
        for question in questions:
            began = time.perf_counter()
            ((document, similarity),) = self._shelf.similarity_search_with_score(question, k=1)
            took = time.perf_counter() - began
            found = document.page_content if similarity >= NEAR else None
            self.outcome.searches.append(Search(self._minutes, question, found, similarity, took))


def run(store: str) -> Outcome:
    """Run the demonstration on a store and return what happened.

    Raises:
        LLMCacheError: The store failed, or the model's files are missing.
    """
    with _course(store) as course:
        course.run()
    return course.outcome


@contextmanager
def _course(store: str) -> Generator[Course]:
    clock, model = Clock(), Counted()
    model.embed_query("load the model, so that the first search is as quick as the others")
    with (
        tempfile.TemporaryDirectory(prefix="llmcache-demo-") as path,
        open_cache(store, namespace=NAMESPACE, clock=clock) as cache,
    ):
        cache.clear()
        folder = Folder(Path(path), TEXTS)
        yield Course(VectorStore(model, cache, name="shop", ttl=TTL, loader=folder.load), folder, model, clock)
