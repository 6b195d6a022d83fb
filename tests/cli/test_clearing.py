"""`llmcache clear`: drops what was meant, and nothing else."""

from pathlib import Path

import llmcache
from tests.cli.conftest import ANSWER, OTHER, QUESTION, Command, answer_of


def messages_of(store: str) -> int:
    """Return how long the conversation in "shop" is."""
    with llmcache.open(store, namespace="shop") as cache:
        return cache.history("ada/1").length()


def test_answers_of_one_namespace(command: Command, store: str) -> None:
    """Without --kind the answers of the namespace go; conversations and other namespaces stay."""
    said = command("clear", "--store", store, "--namespace", "shop", "--yes")

    assert (0, "") == (said.code, said.err)
    assert said.out.startswith("Dropped 2 answers (")
    assert None is answer_of(store, "shop")
    assert "theirs" == answer_of(store, "other")
    assert 2 == messages_of(store)


def test_conversations(command: Command, store: str) -> None:
    """With --kind history the conversations go, and the answers stay."""
    said = command("clear", "--store", store, "--namespace", "shop", "--kind", "history", "--yes")

    assert said.out.startswith("Dropped 1 conversation (")
    assert ANSWER == answer_of(store, "shop")
    assert 0 == messages_of(store)


def test_tags(command: Command, store: str) -> None:
    """With --tag only the answers go that carry one of the tags."""
    said = command("clear", "--store", store, "--namespace", "shop", "--tag", "new", "--tag", "old", "--yes")

    assert "Dropped the answers that carry new or old.\n" == said.out
    assert None is answer_of(store, "shop", OTHER)
    assert ANSWER == answer_of(store, "shop")


def test_models(command: Command, tmp_path: Path) -> None:
    """With --model only the answers of one model go, where the configuration tags models."""
    file = tmp_path / "llmcache.toml"
    file.write_text(f'[llmcache]\nstore = "sqlite:{tmp_path / "m"}"\nresponses.tag_models = true\n')
    other = llmcache.Request("other", QUESTION.messages)
    with llmcache.open(str(file)) as cache:
        for request in (QUESTION, other):
            cache.responses.put(request, ANSWER)
    said = command("clear", "--store", str(file), "--model", "other", typed="y\n")
    with llmcache.open(str(file)) as cache:
        left = [cache.responses.get(request) for request in (QUESTION, other)]

    assert "that are of other? [y/N]" in said.err
    assert "Dropped the answers that are of other.\n" == said.out
    assert [ANSWER, None] == left


def test_models_that_nobody_tags(command: Command, store: str) -> None:
    """It is refused, because nothing would be dropped; the tag itself may be named."""
    said = command("clear", "--store", store, "--namespace", "shop", "--model", "gpt-5.4-mini", "--yes")

    assert (2, "") == (said.code, said.out)
    assert "use --tag model:gpt-5.4-mini" in said.err


def test_question_says_what_would_go(command: Command, store: str) -> None:
    """Without --yes it says how much would go, on the error stream, and a yes does it."""
    said = command("clear", "--store", store, "--namespace", "shop", typed="y\n")

    assert 0 == said.code
    assert said.err.startswith("Drop 2 answers (")
    assert f"of shop in {store}? [y/N]" in said.err
    assert None is answer_of(store, "shop")


def test_question_about_tags(command: Command, store: str) -> None:
    """With --tag the question says that not all of them would go."""
    said = command("clear", "--store", store, "--namespace", "shop", "--tag", "faq", "--tag", "old", typed="yes\n")

    assert 0 == said.code
    assert said.err.startswith("Drop those of the 2 answers (")
    assert "that carry faq or old? [y/N]" in said.err


def test_declined(command: Command, store: str) -> None:
    """A no, or nothing but return, leaves everything and is exit code 1."""
    for typed in ("n\n", "\n"):
        said = command("clear", "--store", store, "--namespace", "shop", typed=typed)

        assert (1, "") == (said.code, said.out)
    assert ANSWER == answer_of(store, "shop")


def test_nobody_there_to_answer(command: Command, store: str) -> None:
    """Where standard input is at its end it is a wrong call, and nothing is dropped."""
    said = command("clear", "--store", store, "--namespace", "shop")

    assert 2 == said.code
    assert "add --yes" in said.err.splitlines()[-1]
    assert ANSWER == answer_of(store, "shop")


def test_tags_are_on_answers_only(command: Command, store: str) -> None:
    """A tag together with another kind is refused: it would drop more than was meant."""
    said = command("clear", "--store", store, "--namespace", "shop", "--kind", "history", "--tag", "faq", "--yes")

    assert 2 == said.code
    assert 2 == messages_of(store)


def test_nothing_to_drop(command: Command, store: str) -> None:
    """An empty namespace is said and is no error, and no question is asked."""
    said = command("clear", "--store", store, "--namespace", "nobody")

    assert (0, "") == (said.code, said.err)
    assert f"nobody in {store} holds no answers.\n" == said.out


def test_json(command: Command, store: str) -> None:
    """With --json the answer says what was there and whether it went."""
    arguments = ("clear", "--store", store, "--namespace", "shop", "--yes", "--json")
    first, second = command(*arguments).data, command(*arguments).data

    assert (2, True) == (first["entries"], first["cleared"])
    assert (0, False) == (second["entries"], second["cleared"])


def test_documents_go_with_their_index(command: Command, store: str) -> None:
    """Nothing is left of a collection, so that none of its memory is taken by what nobody can find."""
    with llmcache.open(store, namespace="shop") as cache:
        cache.vectors("papers").upsert([llmcache.Document("one", "text")], [[1.0]])

    said = command("clear", "--store", store, "--namespace", "shop/papers", "--kind", "document", "--yes")

    assert said.out.startswith("Dropped 1 document (")
    with llmcache.open(store) as cache:
        assert not [use for use in cache.spaces() if use.space.namespace.parts == ("shop", "papers")]
