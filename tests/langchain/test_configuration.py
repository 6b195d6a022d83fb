"""LangChain's objects with nothing said: they use the configuration."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.outputs import Generation

import llmcache
from llmcache.config.sources import VARIABLES
from llmcache.errors import ClosedError, ConfigError, UsageError
from llmcache_langchain import ChatMessageHistory, LLMCache
from llmcache_langchain.holding import SharedCaches, shared_caches

FILE = """
[llmcache]
namespace = "shop"
store = "sqlite:./kept"
history = { store = "memory:", max_messages = 2 }
"""
ANSWER = [Generation(text="an answer")]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working folder, with a configuration; what is opened and shared in it is closed afterwards."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "llmcache.toml").write_text(FILE)
    shared_caches.close()
    yield tmp_path
    shared_caches.close()


def test_the_answer_cache_uses_the_file(here: Path) -> None:
    """With its namespace and its stores; whoever opens it next finds the answer."""
    cache = LLMCache()
    cache.update("prompt", "model", ANSWER)
    cache.close()
    again = LLMCache("./llmcache.toml")

    assert "<LLMCache in <llmcache.Cache on sqlite and memory, namespace 'shop'>>" == repr(again)
    found = again.lookup("prompt", "model")
    assert found is not None
    assert "an answer" == found[0].text
    again.close()
    assert ["kept", "llmcache.toml"] == sorted(path.name for path in here.iterdir())


def test_histories_use_the_file_and_share_its_stores(here: Path) -> None:
    """A turn's object finds what the one of the last turn added, also in a store that lives in this process; the cap holds."""
    for text in ("one", "two", "three"):
        ChatMessageHistory("s").add_user_message(text)

    assert ["two", "three"] == [message.text for message in ChatMessageHistory("s").messages]
    assert ["two", "three"] == [message.text for message in ChatMessageHistory("s", "./llmcache.toml").messages]
    assert [] == ChatMessageHistory("s", namespace="other").messages
    ChatMessageHistory("s", max_messages=1).add_user_message("four")
    assert ["four"] == [message.text for message in ChatMessageHistory("s").messages]


def test_another_folder_or_environment_is_another_configuration(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds is asked with every object."""
    ChatMessageHistory("s").add_user_message("here")
    (here / "elsewhere").mkdir()
    (here / "elsewhere" / "llmcache.toml").write_text(FILE.replace("shop", "elsewhere"))
    monkeypatch.chdir(here / "elsewhere")
    elsewhere = len(ChatMessageHistory("s").messages)
    monkeypatch.chdir(here)
    monkeypatch.setenv("LLMCACHE_NAMESPACE", "mine")
    mine = len(ChatMessageHistory("s").messages)
    monkeypatch.delenv("LLMCACHE_NAMESPACE")

    assert (0, 0, 1) == (elsewhere, mine, len(ChatMessageHistory("s").messages))


def test_those_who_mean_the_same_share_it(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether an argument or a variable says it; the file is read once, and a change of it holds for the next process."""
    shared = SharedCaches()
    by_file = shared.get(None, None)
    (here / "llmcache.toml").write_text("wrong")
    monkeypatch.setenv("LLMCACHE_CONFIG", str(here / "llmcache.toml"))
    with pytest.raises(ConfigError, match="no TOML"):
        shared.get(None, None)
    monkeypatch.setenv("LLMCACHE_URL", "memory:")
    by_variable = shared.get(None, "n")
    monkeypatch.delenv("LLMCACHE_URL")
    monkeypatch.delenv("LLMCACHE_CONFIG")

    assert by_file is shared.get(None, None)
    assert by_variable is shared.get("memory:", "n")
    shared.close()
    with pytest.raises(ClosedError):
        by_file.history("s").length()


def test_what_is_wrong_is_said_by_both(here: Path) -> None:
    """A mistake in the file is no miss: the program does not begin."""
    (here / "llmcache.toml").write_text("[llmcache]\nstor = 1\n")
    for make in (LLMCache, lambda: ChatMessageHistory("s")):
        with pytest.raises(ConfigError, match=r"^llmcache\.toml:2: \[llmcache\] stor: .* did you mean 'store'\?$"):
            make()
    with pytest.raises(UsageError, match="namespace is a text"):
        ChatMessageHistory("s", namespace=["shop"])  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] -- the mistake itself


def test_an_open_cache_with_two_stores_serves_both(here: Path) -> None:
    """Answers go to the one, sessions to the other."""
    with llmcache.open() as cache:
        LLMCache(cache).update("prompt", "model", ANSWER)
        ChatMessageHistory("s", cache).add_user_message("hi")

        assert ["history", "response"] == [use.space.kind.value for use in cache.spaces()]
    with llmcache.open() as cache:
        assert ["response"] == [use.space.kind.value for use in cache.spaces()]
