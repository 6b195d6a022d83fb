"""LangChain's embeddings of questions at angles."""

from langchain_core.embeddings import Embeddings

from tests.api.meaning import Angles


class AngleEmbeddings(Embeddings):
    """Embeds as `Angles`; the async methods are LangChain's own, in a thread."""

    model = "angles"

    def __init__(self) -> None:
        self.angles = Angles()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        rows: list[list[float]] = self.angles(texts).tolist()
        return rows

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]
