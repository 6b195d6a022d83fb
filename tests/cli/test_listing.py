"""`llmcache ls`: what is kept, without content."""

from pathlib import Path

import pytest

import llmcache
from llmcache.cli.reading import Row, row_of
from llmcache.model.key import Key
from llmcache.protocols.scan import Listed
from tests.api.meaning import CARD, Angles, request, semantic
from tests.cli.conftest import ANSWER, Command, key_of


def test_spaces_are_listed(command: Command, store: str) -> None:
    """Alone, `ls` shows each namespace and kind with its number of entries."""
    said = command("ls", "--store", store)
    rows = [line.split()[:3] for line in said.out.splitlines() if " response " in line or " history " in line]

    assert 0 == said.code
    assert [["other", "response", "1"], ["shop", "history", "1"], ["shop", "response", "2"]] == rows


def test_spaces_as_json(command: Command, store: str) -> None:
    """With --json the same is one document."""
    spaces = command("ls", "--store", store, "--json").data["spaces"]

    assert [("other", "response", 1), ("shop", "history", 1), ("shop", "response", 2)] == [
        (space["namespace"], space["kind"], space["entries"]) for space in spaces
    ]
    assert all(space["body_bytes"] > 0 for space in spaces)


def test_keys_are_listed_without_content(command: Command, store: str) -> None:
    """With a namespace `ls` shows age, time left, model, tags and sizes, and nothing of questions or answers."""
    said = command("ls", "--store", store, "--namespace", "shop")

    assert 0 == said.code
    for shown in ("gpt-5.4-mini", "faq new", "for ever", "1 h", "ada/1"):
        assert shown in said.out
    for hidden in (ANSWER, "What is a cache", "hello", "theirs"):
        assert hidden not in said.out


def test_keys_as_json(command: Command, store: str) -> None:
    """With --json each key stands in full, with its header and numbers."""
    keys = {key["key"]: key for key in command("ls", "--store", store, "--namespace", "shop", "--json").data["keys"]}
    answer = keys[key_of("shop").physical]

    assert 3 == len(keys)
    assert ("response", "gpt-5.4-mini", "json", []) == (answer["kind"], answer["model"], answer["type"], answer["tags"])
    assert 3590 < answer["ttl"] <= 3600
    assert answer["expires_at"] - answer["made_at"] == 3600
    assert "value" not in answer


def test_one_kind(command: Command, store: str) -> None:
    """With --kind only that kind is listed."""
    keys = command("ls", "--store", store, "--namespace", "shop", "--kind", "history", "--json").data["keys"]

    assert [("ada/1", 2)] == [(key["name"], key["length"]) for key in keys]


def test_every_kind_that_is_counted_can_be_listed(command: Command, tmp_path: Path) -> None:
    """The cache's own, too: indexes of questions, their vectors and marks of tags."""
    store = f"sqlite:{tmp_path / 'meanings'}"
    with llmcache.open(store) as cache:
        semantic(cache, Angles()).put(request(CARD), "On its way.")
        cache.clear(tags=["faq"])
    spaces = command("ls", "--store", store, "--json").data["spaces"]
    found = {space["kind"]: command("ls", "--store", store, "--kind", space["kind"]) for space in spaces}

    assert {"response", "question", "embedding", "tag"} <= found.keys()
    assert [] == [(kind, said.err) for kind, said in found.items() if said.code != 0 or f"\n{kind}\n" not in said.out]
    assert not [kind for kind, said in found.items() if "Error" in said.out or CARD in said.out]


def test_pages(command: Command, store: str) -> None:
    """--limit cuts the list and says how to go on; --after goes on, across kinds, to the end."""
    seen: list[str] = []
    more: list[str] = []
    while True:
        page = command("ls", "--store", store, "--namespace", "shop", "--limit", "1", "--json", *more).data
        seen += [key["key"] for key in page["keys"]]
        if page["more_after"] is None:
            break
        more = ["--after", page["more_after"]]

    assert sorted(seen) == seen
    assert 3 == len(set(seen)) == len(seen)


def test_page_says_how_to_go_on(command: Command, store: str) -> None:
    """For people the continuation is a line to copy, whole, however narrow the screen; it needs no namespace."""
    first = command("ls", "--store", store, "--namespace", "shop", "--limit", "2")
    (line,) = [line for line in first.out.splitlines() if "--after" in line]
    rest = command("ls", "--store", store, "--json", "--after", line.split("--after ")[1])

    assert 1 == len(rest.data["keys"])


def test_many_keys_are_read_page_by_page(command: Command, empty_store: str) -> None:
    """A namespace larger than a page of the store is listed whole."""
    with llmcache.open(empty_store, namespace="big") as cache:
        for number in range(450):
            cache.responses.put(llmcache.Request(model="m", messages=[{"content": str(number)}]), number)

    keys = command("ls", "--store", empty_store, "--namespace", "big", "--limit", "1000", "--json").data["keys"]

    assert 450 == len({key["key"] for key in keys})


def test_damaged_entry_is_a_row(command: Command, damaged_store: str) -> None:
    """An entry that cannot be read is listed with the reason, and does not hide the others."""
    said = command("ls", "--store", damaged_store, "--namespace", "shop")
    as_json = command("ls", "--store", damaged_store, "--namespace", "shop", "--json")

    assert 0 == said.code
    assert "DecodeError" in said.out
    assert "gpt-5.4-mini" in said.out
    assert ["DecodeError"] == [key["problem"] for key in as_json.data["keys"] if "problem" in key]


def test_entry_that_goes_while_it_is_listed() -> None:
    """Between the listing and the reading of an entry it may expire or be dropped: the row says so."""
    with llmcache.open("memory:") as cache:
        listed = Listed(Key(cache.responses.space(), "abc"), body_bytes=10, length=1, ttl=0.1)

        assert Row(listed, None, "gone meanwhile") == row_of(cache, listed)


def test_empty_store(command: Command) -> None:
    """A store that holds nothing says so."""
    assert "holds nothing yet" in command("ls", "--store", "memory:").out
    assert "nothing is kept" in command("ls", "--store", "memory:", "--namespace", "shop").out
    assert [] == command("ls", "--store", "memory:", "--json").data["spaces"]


def test_looking_makes_no_store(command: Command, empty_store: str) -> None:
    """The commands that only look do not make the folder of a store that is not there."""
    folder = empty_store.removeprefix("sqlite:")
    codes = [
        command(*arguments, "--store", empty_store).code
        for arguments in (["ls"], ["ls", "--namespace", "shop"], ["stats"], ["get", "abc"], ["clear", "--yes"])
    ]

    assert [0, 0, 0, 1, 0] == codes
    assert not Path(folder).exists()


@pytest.mark.parametrize("namespace", ["sh\u00f6p/\u6f22", "a b", "100%"])
def test_namespaces_are_shown_as_they_are_written(command: Command, empty_store: str, namespace: str) -> None:
    """What a listing shows can be given to --namespace again."""
    with llmcache.open(empty_store, namespace=namespace) as cache:
        cache.history("ada").append(["hello"])
    spaces, keys = (
        command("ls", "--store", empty_store),
        command("ls", "--store", empty_store, "--namespace", namespace),
    )
    (as_json,) = command("ls", "--store", empty_store, "--json").data["spaces"]

    assert namespace in spaces.out
    assert (f"{namespace} in sqlite:", True) == (keys.out[: len(namespace) + 11], "ada" in keys.out)
    assert namespace == as_json["namespace"]
    assert namespace in command("stats", "--store", empty_store).out
