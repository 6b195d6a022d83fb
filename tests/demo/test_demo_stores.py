"""The demonstration on every store, with output that is the same but for the store's name and the times."""

import re
import shlex
from pathlib import Path

import pytest

from tests.demo.test_demo import run

# Of one group with the tests of the cluster, because on one of them it runs, too.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cluster")]

# Nothing is folded at this width, so that a time of one more digit moves no word to another line.
VARIABLES = {"COLUMNS": "300", "NO_COLOR": "1", "TALKS": "talks"}

FILE = """
[llmcache]
namespace = "not/the/demos/own"
profile = "both"

[profiles.both]
store = "disk:./answers"
history = { store = "talks", ttl = "1h" }

[stores.talks]
url = "sqlite:./${TALKS}"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all of them run."""
    return tmp_path_factory.mktemp("stores")


@pytest.fixture(scope="module")
def expected(folder: Path) -> str:
    """What it prints on the default store."""
    return neutral(printed(folder, "sqlite:./.llmcache"), "sqlite:./.llmcache")


def printed(folder: Path, store: str) -> str:
    """Run it on a store and return what it prints."""
    done = run(folder, "demo", "--delay", "0", "--store", store, variables=VARIABLES)

    assert 0 == done.returncode, done.stderr
    return done.stdout


def neutral(text: str, store: str) -> str:
    """Return the output with a word in the place of the store's name and of every time."""
    for name in (shlex.quote(store), store):
        text = text.replace(name, "STORE")
    text = re.sub(r"[\d.,]+ m?s\b", "TIME", text)
    return re.sub(r" +", " ", re.sub(r"[\d,]+x", "TIMES", text))


def pasted(folder: Path, text: str) -> list[str]:
    """Run the commands that it ends with, and return what they print."""
    lines = [line.strip() for line in text.splitlines() if " get llmcache:" in line]
    looks = [run(folder, line, program=["sh", "-c"], variables=VARIABLES) for line in lines]

    assert [0, 0] == [look.returncode for look in looks], [look.stderr for look in looks]
    return [look.stdout for look in looks]


@pytest.mark.stores(needs="persistent", cluster=True, few=True)
def test_every_store(folder: Path, expected: str, url: str) -> None:
    """It prints the same, and the commands that it ends with show what was kept, on a store that cannot list, too."""
    text = printed(folder, url)
    answer, conversation = pasted(folder, text)

    assert expected == neutral(text, url)
    assert "You asked: " in answer
    assert "My name is Ada" in conversation


def test_momento_without_an_address(folder: Path, expected: str) -> None:
    """On a stand-in that the demonstration starts and all of its processes find; the colon may be left out."""
    assert expected == neutral(printed(folder, "momento-local"), "momento-local:")


def test_file(folder: Path, expected: str) -> None:
    """With a configuration file in which answers and conversations have stores of their own."""
    (folder / "llmcache.toml").write_text(FILE)
    text = printed(folder, "./llmcache.toml")
    answer, conversation = pasted(folder, text)

    assert expected == neutral(text, "./llmcache.toml")
    assert {"answers", "talks"} <= {path.name for path in folder.iterdir()}
    assert "You asked: " in answer
    assert "My name is Ada" in conversation
