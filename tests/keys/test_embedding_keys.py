"""Keys of embedded texts: what makes another vector has another key, and nothing else does."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.errors import UsageError
from llmcache.keys import embedding_keys, explain_embedding, first_difference
from llmcache.model.embedder import Embedder, check_precision
from llmcache.model.namespace import Namespace

SHOP = Namespace(("shop",))
texts = st.text(st.characters(exclude_categories=()))


def names(given_texts: list[str], embedder: Embedder) -> list[str]:
    """The digests of texts."""
    return [key.name for key in embedding_keys(given_texts, embedder, SHOP)]


def test_nothing_is_dropped_of_what_is_hashed() -> None:
    """The whole form can be read, and a name has the namespace in it beside that."""
    shown = explain_embedding("hi", Embedder("m"))

    assert {"model": "m", "role": "document", "dimensions": None, "normalised": False, "text": "hi"} == shown.form
    assert () == shown.dropped
    assert shown.digest not in names(["hi"], Embedder("m"))


@given(st.lists(texts, max_size=5), st.text(min_size=1), st.sampled_from((None, 1, 384)), st.booleans())
def test_a_batch_has_the_keys_of_its_texts(given_texts: list[str], model: str, dimensions: int, flag: bool) -> None:
    """In their order, whatever stands beside them; any text has one, half of an emoji included."""
    embedder = Embedder(model, "query", dimensions, flag)

    assert names(given_texts, embedder) == [names([text], embedder)[0] for text in given_texts]
    assert len(set(given_texts)) == len(set(names(given_texts, embedder)))


def test_every_setting_makes_another_key() -> None:
    """And so does every letter of the text: a tokeniser may see each difference."""
    embedders = [
        Embedder("m"), Embedder("M"), Embedder("m "), Embedder("m", "query"), Embedder("m", dimensions=1),
        Embedder("m", dimensions=2), Embedder("m", normalised=True), Embedder("m", "query", 1, normalised=True),
    ]  # fmt: skip
    same_looking = ["é", unicodedata.normalize("NFD", "é"), "É", "é ", " é", "é\n", ""]
    found = [name for embedder in embedders for name in names(same_looking, embedder)]

    assert len(embedders) * len(same_looking) == len(set(found))


def test_text_and_settings_do_not_run_into_each_other() -> None:
    """Each stands behind its length."""
    assert names(["b"], Embedder("a")) != names([""], Embedder("ab"))
    assert names(["b"], Embedder("a")) != names(["ab"], Embedder("a"))


def test_what_differs_is_shown() -> None:
    """For the person who asks why a text was embedded again."""
    difference = first_difference(
        explain_embedding("hi", Embedder("m")), explain_embedding("hi", Embedder("m", "query"))
    )

    assert difference is not None
    assert "role" in str(difference)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"model": ""}, "model is a non-empty text"),
        ({"model": 3}, "model is a non-empty text such as 'all-minilm-l6-v2', found int"),
        ({"model": "m", "role": "passage"}, "role is 'passage'; allowed are 'document' and 'query'"),
        ({"model": "m", "dimensions": 0}, "dimensions is 0; allowed are whole numbers from 1, or None"),
        ({"model": "m", "dimensions": True}, "dimensions is True"),
        ({"model": "m", "dimensions": 384.0}, "dimensions is 384.0"),
        ({"model": "m", "normalised": 1}, "normalised is True or False, found int"),
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object], said: str) -> None:
    """Before anything is hashed, because 384 and 384.0 would be two keys."""
    with pytest.raises(UsageError, match=said):
        Embedder(**wrong)  # type: ignore[arg-type] # the point


def test_wrong_precisions_are_refused() -> None:
    """With what is allowed."""
    with pytest.raises(UsageError, match="precision is 'float64'; allowed are 'float32', 'float16', 'int8'"):
        check_precision("float64")
