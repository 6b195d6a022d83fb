"""Vectors on Momento, where one log holds five megabytes."""

import pytest

import llmcache
from llmcache import Document
from llmcache_momento.local import MomentoLocal

DIMENSIONS = 1536


def vectors(count: int) -> list[list[float]]:
    """Return vectors of six kilobytes each."""
    return [[1.0 + place] * DIMENSIONS for place in range(count)]


@pytest.mark.slow
def test_a_full_log_is_made_anew_before_a_document_is_refused() -> None:
    """Fifteen documents that are replaced seventy times are six megabytes, of which 90 kilobytes are kept; none is refused.

    The background is closed, so that nobody makes it anew before.
    """
    with MomentoLocal() as server, llmcache.open(f"momento-local://{server.address}/c?timeout=20s") as cache:
        cache.setup.background.close()
        shelf = cache.vectors("docs", ttl=3600)
        given = vectors(15)
        for turn in range(70):
            shelf.upsert([Document(str(number), "text", {"turn": turn}) for number in range(15)], given)

        assert {69} == {match.document.metadata["turn"] for match in shelf.search(given[0], 20)}


@pytest.mark.slow
def test_many_small_writes_are_put_together_where_a_log_is_full() -> None:
    """A thousand documents that are all kept are six megabytes in small writes; together they lie beside the log."""
    with MomentoLocal() as server, llmcache.open(f"momento-local://{server.address}/c?timeout=20s") as cache:
        cache.setup.background.close()
        shelf = cache.vectors("docs", ttl=3600)
        given = vectors(15)
        for turn in range(70):
            shelf.upsert([Document(f"{turn}-{number}", "text") for number in range(15)], given)

        assert 1050 == len(shelf.search(given[0], 2000))
