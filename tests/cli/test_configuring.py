"""`llmcache config`: what is in force, what is wrong, and the schema."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from llmcache.cli import checking
from llmcache.config.editors import json_schema
from llmcache.errors import StoreUnavailable
from llmcache.memory import open_pair
from llmcache.plugins import catalogue
from llmcache.protocols.whole import StorePair
from tests.cli.conftest import Command

FILE = """
[llmcache]
namespace = "shop"
profile = "dev"
responses = { ttl = "7d", early_refresh = "10%", stale_if_error = "1d" }

[profiles.dev]
store = "sqlite:./kept"
history.store = "mine"

[profiles.prod]
store = "redis://:${SECRET}@${HOST}:6379/0?timeout=${TIMEOUT}&max_connections=5"

[stores.mine]
url = "memory:?max_bytes=64MiB"
"""


@pytest.fixture
def file(command: Command, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration in the working folder, and an environment without its variables."""
    for name in ("SECRET", "HOST", "TIMEOUT", "LLMCACHE_CONFIG", "LLMCACHE_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "300")
    Path("llmcache.toml").write_text(FILE)
    return Path("llmcache.toml").absolute()


def test_thresholds_are_shown_as_they_are_written(command: Command, file: Path) -> None:
    """A cosine is no percentage."""
    file.write_text('[llmcache]\nstore = "memory:"\nsemantic = { similarity = 0.7 }\n')

    assert ["semantic.similarity", "0.7"] in [line.split()[:2] for line in command("config", "show").out.splitlines()]


def test_what_is_in_force(command: Command, file: Path) -> None:
    """Each value with the line it stands on; paths that count from the file's folder say so."""
    said = command("config", "show")
    lines = [re.split(r" {2,}", line.strip()) for line in said.out.splitlines()[3:]]

    assert 0 == said.code
    assert f"{file}, found from the working folder upward" == said.out.splitlines()[0]
    assert ["profile", "dev", "llmcache.toml:4 [llmcache]"] in lines
    assert ["responses.ttl", "604,800 s (7 d)", "llmcache.toml:5 [llmcache.responses]"] in lines
    assert ["responses.early_refresh", "10 %", "llmcache.toml:5 [llmcache.responses]"] in lines
    assert ["responses.stale_if_error", "86,400 s (1 d)", "llmcache.toml:5 [llmcache.responses]"] in lines
    assert ["history.ttl", "none", "the default"] in lines
    assert ["history.sliding", "true", "the default"] in lines
    assert ["stores.mine.url", "memory:?max_bytes=64MiB", "llmcache.toml:15 [stores.mine]"] in lines
    assert f"sqlite:./kept (in {file.parent})" in " ".join(said.out.split())


def test_what_is_in_force_for_programs(command: Command, file: Path) -> None:
    """The same as data."""
    data = command("config", "show", "--json", "--namespace", "mine").data
    settings = {one["key"]: one for one in data["settings"]}

    assert ("found from the working folder upward", str(file), "dev", []) == (
        data["source"], data["file"], data["profile"], data["not_used"],
    )  # fmt: skip
    assert {"key": "namespace", "value": "mine", "from": "the argument", "line": None, "table": []} == settings[
        "namespace"
    ]
    assert (604_800.0, 5, ["llmcache", "responses"]) == (
        settings["responses.ttl"]["value"], settings["responses.ttl"]["line"], settings["responses.ttl"]["table"],
    )  # fmt: skip
    assert [
        {"url": "sqlite:./kept", "name": None, "folder": str(file.parent), "variables": []},
        {"url": "memory:?max_bytes=64MiB", "name": "mine", "folder": str(file.parent), "variables": []},
    ] == data["stores"]


def test_secrets_are_never_shown(command: Command, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither those of variables that a file refers to, nor those in an address of the environment."""
    for name, value in (("SECRET", "hunter2"), ("HOST", "cache.internal"), ("TIMEOUT", "5s")):
        monkeypatch.setenv(name, value)
    shown = [
        command("config", verb, "--profile", "prod", *more) for verb in ("show", "check") for more in ((), ("--json",))
    ]
    monkeypatch.setenv("LLMCACHE_URL", "redis://:hunter2@host")
    shown += [command("config", verb, *more) for verb in ("show", "check") for more in ((), ("--json",))]

    assert [0] * 8 == [said.code for said in shown]
    assert "hunter2" not in "".join(said.out + said.err for said in shown)
    assert "redis://:${SECRET}@${HOST}:6379/0?timeout=${TIMEOUT}" in " ".join(shown[0].out.split())
    assert "redis://:***@host" in shown[4].out


def test_what_is_passed_over(command: Command, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set and says nothing is told, with what says more."""
    monkeypatch.setenv("LLMCACHE_CONFIG", str(file))
    monkeypatch.setenv("LLMCACHE_PROFILE", "prod")
    monkeypatch.setenv("LLMCACHE_URL", "memory:")
    said = command("config", "show")

    assert "No file: the store comes from $LLMCACHE_URL." in said.out
    assert "Not used: $LLMCACHE_CONFIG, because $LLMCACHE_URL names the store." in said.out
    assert ["LLMCACHE_CONFIG", "LLMCACHE_PROFILE"] == command("config", "show", "--json").data["not_used"]
    assert ["LLMCACHE_URL", "LLMCACHE_CONFIG"] == command(
        "config", "show", "--json", "--store", str(file), "--profile", "dev"
    ).data["not_used"]


def test_nothing_is_wrong(command: Command, file: Path) -> None:
    """It says so, which profile is in force, and what others would need; nothing is made."""
    said = command("config", "check")

    assert (0, "") == (said.code, said.err)
    assert [
        "llmcache.toml: no mistake.",
        "Profiles: dev (in force), prod.",
        "Variables that other profiles need and that are not set: SECRET, HOST, TIMEOUT.",
    ] == said.out.splitlines()
    assert ["llmcache.toml"] == [path.name for path in file.parent.iterdir()]


def test_nothing_to_check(command: Command) -> None:
    """Without a file the default is right."""
    assert "the store of the default: no mistake.\n" == command("config", "check").out


def test_every_mistake_is_found(command: Command, file: Path) -> None:
    """Exit code 2; for programs with its parts."""
    file.write_text(FILE.replace("profile =", "profil =").replace('"7d"', '"7x"'))
    said, data = command("config", "check"), command("config", "check", "--json")
    first = data.data["mistakes"][0]

    assert (2, 2, "") == (said.code, data.code, said.err)
    assert ["llmcache.toml:4:", "llmcache.toml:5:", "llmcache.toml:"] == [
        line.split()[0] for line in said.out.splitlines()
    ]
    assert "llmcache.toml: 2 mistakes." == said.out.splitlines()[-1]
    assert first.pop("text") == said.out.splitlines()[0]
    assert first == {
        "file": "llmcache.toml",
        "line": 4,
        "table": "llmcache",
        "key": "profil",
        "found": "an unknown key",
        "allowed": "profile, namespace, store, responses, history, embeddings, semantic, seal",
        "nearest": "profile",
        "hint": "",
    }


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            "redis://",
            "redsi://",
            r"llmcache.toml:12: \[profiles.prod\] store: no store is installed .* did you mean 'redis'",
        ),
        (
            "timeout=",
            "timout=",
            r"llmcache.toml:12: \[profiles.prod\] store: unknown option 'timout' in redis://:\*\*\*@\$\{",
        ),
        ("max_connections=5", "max_connections=x", r"llmcache.toml:12: .*max_connections in .* is 'x'"),
        ("memory:?", "memory:x?", r"llmcache.toml:15: \[stores.mine\] url: memory: takes no address"),
        ("sqlite:./kept", "sqlite:./kept?max_bytes=10", r"llmcache.toml:8: .* max_bytes is an integer of at least"),
        (":6379/0", ":port/0", None),
        ("${HOST}:6379/0", "host:port/0", None),
        ("redis://:${SECRET}@${HOST}:6379/0", "redis://host:port", r"llmcache.toml:12: .* redis: a port is a number"),
        ('64MiB"', '64MiB"\ndeadline = "1s"', None),
        (
            '"memory:?max_bytes=64MiB"',
            '"sqlite:"\ndeadline = "1s"',
            r"llmcache.toml:16: \[stores.mine\] deadline: sqlite keeps a deadline of its own; set it in the URL",
        ),
        ('profile = "dev"', 'profile = "prod"', r"llmcache.toml:12: .* found \$\{SECRET\}, which is not set"),
    ],
)
def test_addresses_of_every_profile_are_checked(
    command: Command, file: Path, before: str, after: str, says: str | None
) -> None:
    """All that a store can judge unopened, also where the variables are not set here."""
    file.write_text(FILE.replace(before, after))
    said = command("config", "check")

    assert (0 if says is None else 2) == said.code
    assert re.search(says or "no mistake", said.out)


def test_an_address_is_judged_once_it_is_known(command: Command, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the profile in force every variable is set."""
    for name, value in (("SECRET", "s"), ("HOST", "h:port"), ("TIMEOUT", "5s")):
        monkeypatch.setenv(name, value)
    file.write_text(FILE.replace(":6379/0", ""))
    dev, prod = command("config", "check"), command("config", "check", "--profile", "prod")

    assert (0, 2) == (dev.code, prod.code)
    assert re.search(r"llmcache.toml:12: .* a port is a number", prod.out)
    assert "1 mistake." in prod.out


def test_wrong_addresses_are_among_all_mistakes(command: Command, file: Path) -> None:
    """In the order of the lines; no second run is needed to find them."""
    wrong = FILE.replace("sqlite:", "sqllite:").replace("memory:?", "memory:x?").replace("redis://", "redsi://")
    file.write_text(wrong.replace("profile =", "profil ="))

    assert [4, 8, 12, 15] == [one["line"] for one in command("config", "check", "--json").data["mistakes"]]


def test_other_commands_say_all_mistakes_too(command: Command, file: Path) -> None:
    """A line each on the error stream, or one object."""
    file.write_text(FILE.replace("profile =", "profil =").replace('"7d"', '"7x"'))
    said, data = command("ls"), json.loads(command("ls", "--json").err)

    assert (2, "") == (said.code, said.out)
    assert ["error: llmcache.toml:4:", "error: llmcache.toml:5:"] == [
        line.partition(" [")[0] for line in said.err.splitlines()
    ]
    assert (2, [4, 5]) == (data["exit_code"], [mistake["line"] for mistake in data["mistakes"]])


def test_connecting_asks_the_stores_in_force(command: Command, file: Path) -> None:
    """One that is not there is not made; one that is answers, with the time it took."""
    before = command("config", "check", "--connect", "--json")
    left = [path.name for path in file.parent.iterdir()]
    command("clear", "--store", "sqlite:./kept", "--yes")
    Path("kept").mkdir()

    assert (0, ["new", "answers"]) == (before.code, [one["state"] for one in before.data["stores"]])
    assert ["llmcache.toml"] == left
    assert before.data["stores"][1]["seconds"] > 0
    assert "memory:?max_bytes=64MiB answers, " in " ".join(command("config", "check", "--connect").out.split())


class Refusing:
    """A store that cannot be reached."""

    name = "refusing"

    def get_many(self, keys: Sequence[object]) -> None:
        """Fail."""
        raise StoreUnavailable("nobody answers at cache.internal")

    def close(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize(("broken", "code", "state"), [("get_many", 3, "failed"), ("address", 2, "wrong")])
def test_a_store_that_does_not_answer(
    command: Command, file: Path, monkeypatch: pytest.MonkeyPatch, broken: str, code: int, state: str
) -> None:
    """Exit code 3 where it cannot be reached, 2 where its address cannot be right; the others are asked nevertheless."""
    file.write_text(FILE.replace("sqlite:./kept", "disk:./llmcache.toml" if broken == "address" else "memory:"))

    def opened(url: object, *more: object) -> object:
        refused = broken == "get_many" and not getattr(url, "options", None)
        return StorePair(Refusing(), None) if refused else catalogue.open_pair(url, *more)  # type: ignore[arg-type] # fewer methods, on purpose

    monkeypatch.setattr(checking, "open_pair", opened)
    said = command("config", "check", "--connect", "--json")

    assert (code, [state, "answers"]) == (said.code, [one["state"] for one in said.data["stores"]])


def test_a_store_that_is_only_awaited_is_asked(command: Command, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an event loop of its own."""
    monkeypatch.setattr(checking, "open_pair", lambda *_: StorePair(None, open_pair().awaiting))
    said = command("config", "check", "--connect", "--store", "memory:", "--json")

    assert ["answers"] == [one["state"] for one in said.data["stores"]]


def test_the_schema_is_printed(command: Command) -> None:
    """As one JSON document, with or without --json."""
    assert json_schema() == command("config", "schema").data == command("config", "schema", "--json").data
