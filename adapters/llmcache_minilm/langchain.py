"""MiniLM as LangChain's `Embeddings`: for `VectorStore`, `CachedEmbeddings`, `SemanticCache`, and whatever else takes one."""

from langchain_core.embeddings import Embeddings

from llmcache_minilm.model import MiniLM


class MiniLMEmbeddings(Embeddings):
    """all-MiniLM-L6-v2 without network or torch; documents and questions are embedded alike.

    The async methods, which come from LangChain, run in a thread, so that a loop goes on meanwhile.

    Attributes:
        model: The model's name, under which caches keep its vectors.
    """

    model = MiniLM.name

    def __init__(self) -> None:
        self._minilm = MiniLM()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a vector of unit length for each text, in order."""
        vectors: list[list[float]] = self._minilm.embed(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of one text."""
        (vector,) = self.embed_documents([text])
        return vector
