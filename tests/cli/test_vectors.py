"""What `ls`, `get`, `stats` and `clear` say of vectors."""

import math

import pytest

import llmcache
from llmcache.keys import embedding_keys
from llmcache.model.embedder import Embedder
from llmcache.model.key import Key
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from tests.api.embedding import vector
from tests.cli.conftest import Command


def vector_key(text: str) -> Key:
    """Where the vector of a text lies."""
    return embedding_keys([text], Embedder("m"), Namespace.of("shop"))[0]


@pytest.fixture(params=["float32", "float16", "int8"])
def precision(request: pytest.FixtureRequest, store: str) -> str:
    """How exactly two vectors of twelve numbers are kept in the store, beside one that cannot be read."""
    kept: str = request.param
    with llmcache.open(store, namespace="shop", embedding_precision=kept) as cache:  # type: ignore[arg-type] # a word of the list
        cache.embeddings.embed(["a"], lambda texts: [vector("a", 12) / 10], model="m", ttl=3600)
        cache.setup.blocking_world.store.put_many([Put(vector_key("b"), b"{}")])
    return kept


def test_vectors_are_listed_by_what_they_are(command: Command, store: str, precision: str) -> None:
    """Dimensions, precision, age, time left, and what is wrong."""
    said = command("ls", "--store", store, "--namespace", "shop", "--kind", "embedding")
    keys = {
        key["name"]: key
        for key in command("ls", "--store", store, "--kind", "embedding", "--namespace", "shop", "--json").data["keys"]
    }
    one = keys[vector_key("a").name]

    assert 0 == said.code
    for shown in (f"12 x {precision}", "1 h", "DecodeError", "Content"):
        assert shown in said.out
    assert (f"12 x {precision}", None, "embedding") == (one["type"], one["model"], one["kind"])
    assert 3600 == one["expires_at"] - one["made_at"]
    assert "DecodeError" == keys[vector_key("b").name]["problem"]


def test_a_vector_is_shown(command: Command, store: str, precision: str) -> None:
    """Its beginning and its length for people, all of it for programs; as exactly as it was kept."""
    key = vector_key("a").physical
    said, data = command("get", key, "--store", store), command("get", key, "--store", store, "--json").data
    expected = (vector("a", 12) / 10).tolist()

    assert (0, 12) == (said.code, len(data["value"]))
    assert all(abs(found - number) < 0.005 for found, number in zip(data["value"], expected, strict=True))
    assert (precision == "float32") is (data["value"] == expected)
    assert f"(length {math.hypot(*data['value']):.6g})" in said.out
    assert f"type 12 x {precision}" in said.out


def test_vectors_are_counted_and_cleared(command: Command, store: str, precision: str) -> None:
    """As answers are."""
    stats = command("stats", "--store", store, "--namespace", "shop")
    cleared = command("clear", "--store", store, "--namespace", "shop", "--kind", "embedding", "--yes")
    left = command("ls", "--store", store, "--json").data["spaces"]

    assert "embedding" in stats.out
    assert "Dropped 2 embeddings" in cleared.out
    assert ["history", "response", "response"] == sorted(space["kind"] for space in left)
