"""What embeddings of LangChain's say about their model."""

from langchain_core.embeddings import Embeddings

from llmcache.errors import UsageError


def check_order(store: object, embeddings: object, right: str) -> None:
    """Raise UsageError where the store and the embeddings have changed places, and say which order is right."""
    if isinstance(store, Embeddings) and not isinstance(embeddings, Embeddings):
        raise UsageError(f"the store and the embeddings stand in each other's place; the order is {right}")


def check_embeddings(name: str, found: object) -> None:
    """Raise UsageError unless `found` embeds as LangChain's embeddings do."""
    if not isinstance(found, Embeddings):
        raise UsageError(f"{name} is LangChain's Embeddings, found {type(found).__name__}")


def name_of(embeddings: Embeddings) -> str:
    """Return what the embeddings themselves call their model; UsageError where they do not: a guess would mix up models."""
    for name in ("model", "model_name", "model_id"):
        found = getattr(embeddings, name, None)
        if isinstance(found, str) and found:
            return found
    raise UsageError(
        f"{type(embeddings).__name__} does not say what its model is called; name it: model='all-minilm-l6-v2'"
    )


def dimensions_of(embeddings: Embeddings) -> int | None:
    """Return how many numbers the embeddings ask their model for, if they say it."""
    found = getattr(embeddings, "dimensions", None)
    return found if isinstance(found, int) and not isinstance(found, bool) else None
