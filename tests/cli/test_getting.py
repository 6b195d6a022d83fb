"""`llmcache get`: the content of one key."""

import json

import pytest

import llmcache
from llmcache.api.responses import Form
from llmcache.model.entry import Provenance
from llmcache.model.key import Key
from llmcache.protocols.key_value import Put
from tests.cli.conftest import ANSWER, NASTY, OTHER, Command, key_of

PLAIN = Form("json", lambda answer: answer, lambda _: None)


def test_by_whole_key(command: Command, store: str) -> None:
    """A physical key shows the entry: times, model, and the value whole."""
    said = command("get", key_of("shop").physical, "--store", store)

    assert 0 == said.code
    assert said.out.startswith(key_of("shop").physical + "\n")
    for shown in ("made 20", "gone after 20", "type json", "model gpt-5.4-mini", json.dumps(ANSWER)):
        assert shown in said.out


def test_what_is_known_of_the_call_is_readable(command: Command, store: str) -> None:
    """How long it took, and until when an answer without an end is kept, in the words of `ls`."""
    with llmcache.open(store, namespace="paid") as cache:
        request = llmcache.Request(model="m", messages=[])
        known = Provenance(model="m", input_tokens=3, seconds=1.2345678901)
        cache.responses.offer(key_of("paid", request), "answer", PLAIN, provenance=known)
    said = command("get", key_of("paid", request).physical, "--store", store).out
    listed = command("ls", "--namespace", "paid", "--store", store).out

    assert "model m, input tokens 3, took 1.2 s\n" in said
    assert ("kept until room is needed", "until room is needed") == tuple(
        text for text, where in (("kept until room is needed", said), ("until room is needed", listed)) if text in where
    )


def test_by_beginning_of_a_digest(command: Command, store: str) -> None:
    """The beginning that `ls` shows is enough; without a namespace it is looked for everywhere."""
    said = command("get", key_of("other").name[:12], "--store", store, "--json")

    assert (0, "theirs", key_of("other").physical) == (said.code, said.data["value"], said.data["key"])


def test_by_namespace(command: Command, store: str) -> None:
    """With a namespace, what begins alike in another one is not looked at."""
    said = command("get", key_of("other").name[:12], "--store", store, "--namespace", "shop")

    assert 1 == said.code
    assert "nothing is kept under" in said.err


def test_conversation(command: Command, store: str) -> None:
    """A conversation is found by its name, and shown message by message in order."""
    said = command("get", "ada/1", "--store", store)
    messages = command("get", "ada/1", "--store", store, "--json").data["messages"]

    assert 0 == said.code
    assert said.out.index('"hi"') < said.out.index('"hello"')
    assert [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}] == [
        message["value"] for message in messages
    ]


def test_content_cannot_steer_the_terminal(command: Command, store: str) -> None:
    """An escape sequence in an answer is shown, not sent; in JSON it is the same value again."""
    asked = ("get", key_of("shop", OTHER).physical, "--store", store)

    assert {"text": NASTY} == command(*asked, "--json").data["value"]
    assert not {"\x1b", "\x9b", "\u202e"} & set(command(*asked).out)


def test_long_lines_are_not_broken(command: Command, empty_store: str) -> None:
    """A long text is printed in one piece, so that what is copied is what was kept."""
    text = "word " * 200
    with llmcache.open(empty_store, namespace="shop") as cache:
        cache.responses.put(OTHER, text)

    assert json.dumps(text) in command("get", key_of("shop", OTHER).physical, "--store", empty_store).out


def test_raw(command: Command, store: str) -> None:
    """--raw writes the stored bytes as they are."""
    said = command("get", key_of("shop").physical, "--store", store, "--raw")
    with llmcache.open(store) as cache:
        body = cache.body(key_of("shop"))

    assert said.out.encode() == (body or b"") + b"\n"


def test_not_found(command: Command, store: str) -> None:
    """What is not kept is exit code 1 and one line that says what to do; with --json an object on the error stream."""
    absent = key_of("nobody").physical
    said, as_json = command("get", absent, "--store", store), command("get", "fff", "--store", store, "--json")

    assert (1, "") == (said.code, said.out)
    assert 1 == len(said.err.splitlines())
    assert "`llmcache ls`" in said.err
    assert (1, "", 1) == (as_json.code, as_json.out, json.loads(as_json.err)["exit_code"])


def test_ambiguous_beginning(command: Command, store: str) -> None:
    """A beginning that several keys have is refused, and the keys are named."""
    with llmcache.open(store, namespace="shop") as cache:
        space = cache.responses.space()
        cache.setup.blocking_world.store.put_many([Put(Key(space, "f00d" + digit * 60), b"x") for digit in "123456"])
    said = command("get", "f00d", "--store", store)

    assert 2 == said.code
    assert "several keys begin with 'f00d': llmcache:1:shop:response:f00d1" in said.err
    assert "..." in said.err


def test_whole_name_wins_over_beginnings(command: Command, empty_store: str) -> None:
    """A conversation whose name begins another one's name can still be had by its name."""
    with llmcache.open(empty_store, namespace="shop") as cache:
        for name in ("ada", "ada-2", "ada-3"):
            cache.history(name).append([name])

    assert ["ada"] == [
        message["value"] for message in command("get", "ada", "--store", empty_store, "--json").data["messages"]
    ]


@pytest.mark.parametrize("name", ["é", "a b/c", "100%", "💬"])
def test_names_with_escapes(command: Command, empty_store: str, name: str) -> None:
    """A name that stands escaped in its key is found as it is spoken, and by its beginning."""
    with llmcache.open(empty_store, namespace="shop") as cache:
        cache.history(name + "-and-more").append(["hello"])

    assert 0 == command("get", name + "-and-more", "--store", empty_store).code
    assert 0 == command("get", name, "--store", empty_store).code


def test_damaged_entry(command: Command, damaged_store: str) -> None:
    """An entry that cannot be read is exit code 4 and one line; its bytes can still be had raw."""
    said = command("get", "dddd", "--store", damaged_store)

    assert (4, "") == (said.code, said.out)
    assert 1 == len(said.err.splitlines())
    assert "not an entry\n" == command("get", "dddd", "--store", damaged_store, "--raw").out


def test_key_of_another_format(command: Command, store: str) -> None:
    """A key of a format that this release does not know is refused as a wrong argument."""
    assert 2 == command("get", "llmcache:9:shop:response:abc", "--store", store).code


def test_store_that_cannot_be_listed(command: Command) -> None:
    """A conversation's name and its namespace are its key; for all else the whole key is asked for."""
    unlisted = "momento-local:///by-name"
    with llmcache.open(unlisted, namespace="shop") as cache:
        cache.history("ada").append(["hello"])
    named = command("get", "ada", "--namespace", "shop", "--store", unlisted)
    refused = [command("get", *asked, "--store", unlisted) for asked in (["ada"], ["bob", "--namespace", "shop"])]

    assert (0, True) == (named.code, "hello" in named.out)
    assert ["cannot be listed; give the whole key" in said.err for said in refused] == [True, True]
