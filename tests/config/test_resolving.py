"""The settings in force: which word wins, and where it came from."""

from pathlib import Path
from typing import Any

import pytest

from llmcache.config.resolving import naming_in_force, resolve
from llmcache.config.settings import NearChoice, Settings
from llmcache.config.sources import VARIABLES
from llmcache.errors import ConfigError, UsageError
from llmcache.model.namespace import Namespace

FILE = """
[llmcache]
namespace = "shop"
profile = "dev"
responses.ttl = "1d"
history = { ttl = 60, max_messages = 5 }

[profiles.dev]
store = "sqlite:./.llmcache"

[profiles.prod]
namespace = "shop/${STAGE}"
store = "shared"
responses = { ttl = "7d", early_refresh = "10%" }
history = { store = "durable", sliding = false }

[stores.shared]
url = "redis://:${PASSWORD}@${HOST}:6379/0?timeout=${TIMEOUT}"

[stores.durable]
url = "sqlite:/var/cache/shop"
"""
SET = {"STAGE": "prod", "PASSWORD": "a:b/c@d?e", "HOST": "h", "TIMEOUT": "5 s"}


def settled(folder: Path, text: str = FILE, environment: dict[str, str] | None = None, **given: Any) -> Settings:
    """Return the settings in force in a folder with a file."""
    (folder / "llmcache.toml").write_text(text)
    return resolve(environment=environment or {}, folder=folder, **given)


def test_with_nothing_said_it_is_the_embedded_default(tmp_path: Path) -> None:
    """SQLite in the user's cache folder, for every purpose."""
    found = resolve(environment={}, folder=tmp_path)

    assert ("sqlite:", "sqlite:", Namespace(("default",))) == (found.responses.url, found.history.url, found.namespace)
    assert (None, None, True, None) == (found.ttl, found.history_ttl, found.sliding, found.max_messages)
    assert (None, None, None, False, "process", False) == (
        found.early_refresh, found.jitter, found.stale_if_error, found.background_refresh, found.coalesce, found.tag_models,
    )  # fmt: skip
    assert {"the default"} == {setting.origin.text for setting in found.listed}


def test_a_profile_holds_over_the_main_table(tmp_path: Path) -> None:
    """Key by key: what the profile leaves open, the main table says."""
    dev = settled(tmp_path)
    prod = settled(tmp_path, environment=SET | {"LLMCACHE_PROFILE": "prod"})

    assert ("dev", Namespace(("shop",)), 86_400.0, 60.0, True, 5) == (
        dev.profile, dev.namespace, dev.ttl, dev.history_ttl, dev.sliding, dev.max_messages,
    )  # fmt: skip
    assert ("prod", Namespace(("shop", "prod")), 7 * 86_400.0, 60.0, False, 5) == (
        prod.profile, prod.namespace, prod.ttl, prod.history_ttl, prod.sliding, prod.max_messages,
    )  # fmt: skip


def test_each_purpose_has_its_store(tmp_path: Path) -> None:
    """One that names none uses the common one; both uses of one store are one store."""
    dev, prod = settled(tmp_path), settled(tmp_path, environment=SET, profile="prod")

    assert ["sqlite:./.llmcache"] == [choice.url for choice in dev.stores]
    assert ["shared", "durable"] == [choice.name for choice in prod.stores]
    assert {tmp_path.resolve()} == {choice.folder for choice in (*dev.stores, *prod.stores)}


def test_a_store_may_have_a_deadline_and_be_written_behind(tmp_path: Path) -> None:
    """Where nobody says so, neither is listed."""
    text = """
[llmcache]
store = "a"
history.store = "b"
[stores.a]
url = "memory:"
deadline = "250ms"
write_behind = "16MiB"
[stores.b]
url = "memory:"
"""
    found = settled(tmp_path, text)
    listed = {one.key: one.value for one in found.listed if one.key.startswith("stores.")}

    assert (0.25, 16 << 20) == (found.responses.deadline, found.responses.write_behind)
    assert (None, None) == (found.history.deadline, found.history.write_behind)
    assert {
        "stores.a.url": "memory:",
        "stores.a.deadline": 0.25,
        "stores.a.write_behind": 16 << 20,
        "stores.b.url": "memory:",
    } == listed


def test_a_store_may_have_a_near_tier(tmp_path: Path) -> None:
    """Whatever uses the store; without its time to live that is half a minute."""
    text = """
[llmcache]
store = "a"
history.store = "b"
[stores.a]
url = "memory:"
near = { max_bytes = "64MiB", ttl = "5s" }
[stores.b]
url = "memory:"
near.max_bytes = 65536
"""
    found = settled(tmp_path, text)
    listed = {one.key: (one.value, one.origin.text) for one in found.listed if "near" in one.key}

    assert (NearChoice(64 << 20, 5.0), NearChoice(1 << 16, 30.0)) == (found.responses.near, found.history.near)
    assert {
        "stores.a.near.max_bytes": (64 << 20, "llmcache.toml:7 [stores.a.near]"),
        "stores.a.near.ttl": (5.0, "llmcache.toml:7 [stores.a.near]"),
        "stores.b.near.max_bytes": (1 << 16, "llmcache.toml:10 [stores.b.near]"),
        "stores.b.near.ttl": (30.0, "the default"),
    } == {key: (value, origin.rpartition("/")[2]) for key, (value, origin) in listed.items()}


def test_references_are_filled(tmp_path: Path) -> None:
    """Percent-encoded where a password or an option stands, so that any character may be in them; as it is in a host."""
    prod = settled(tmp_path, environment=SET, profile="prod")

    assert "redis://:a%3Ab%2Fc%40d%3Fe@h:6379/0?timeout=5%20s" == prod.responses.url
    assert ("PASSWORD", "HOST", "TIMEOUT") == prod.responses.variables


def test_a_whole_url_may_come_from_the_environment(tmp_path: Path) -> None:
    """As platforms hand it out: unchanged."""
    text = '[llmcache]\nstore = "main"\n[stores.main]\nurl = "${REDIS_URL}"\n'
    found = settled(tmp_path, text, {"REDIS_URL": "rediss://u:p%2F@h:1/0?a=b"})

    assert "rediss://u:p%2F@h:1/0?a=b" == found.responses.url
    assert "${REDIS_URL}" == found.responses.shown


def test_a_url_from_the_environment_may_stand_by_itself(tmp_path: Path) -> None:
    """Without a table of its own."""
    found = settled(tmp_path, '[llmcache]\nstore = "${REDIS_URL}"\n', {"REDIS_URL": "redis://h"})

    assert ("redis://h", "${REDIS_URL}") == (found.responses.url, found.responses.shown)


@pytest.mark.parametrize("wrong", [5, b"sqlite:"])
def test_what_is_no_text_is_left_to_who_opens_it(wrong: Any, tmp_path: Path) -> None:
    """The error about it is the same as everywhere; nothing is shown of it."""
    assert wrong is resolve(wrong, environment={}, folder=tmp_path).responses.url
    assert type(wrong).__name__ == resolve(wrong, environment={}, folder=tmp_path).responses.shown


@pytest.mark.parametrize(("environment", "why"), [({}, "not set"), ({"REDIS_URL": ""}, "empty")])
def test_a_missing_variable_is_named(tmp_path: Path, environment: dict[str, str], why: str) -> None:
    """With the place that needs it; a store that two purposes use needs it once."""
    text = '[llmcache]\nstore = "main"\nhistory.store = "main"\n[stores.main]\nurl = "${REDIS_URL}"\n'
    with pytest.raises(ConfigError) as raised:
        settled(tmp_path, text, environment)

    place = f"{tmp_path}/llmcache.toml:5: [stores.main] url"
    said = f"found ${{REDIS_URL}}, which is {why}; allowed a variable of the environment that has a value"

    assert f"{place}: {said}" == str(raised.value)


def test_all_missing_variables_are_named_at_once(tmp_path: Path) -> None:
    """Those of the profile in force, and no others."""
    with pytest.raises(ConfigError) as raised:
        settled(tmp_path, environment={"HOST": "h"}, profile="prod")

    assert ["STAGE", "PASSWORD", "TIMEOUT"] == [
        mistake.found.partition("${")[2].partition("}")[0] for mistake in raised.value.mistakes
    ]
    assert "dev" == settled(tmp_path).profile


def test_a_variable_that_makes_no_url_is_not_shown(tmp_path: Path) -> None:
    """Its value may be a secret that was put into the wrong variable."""
    text = '[llmcache]\nstore = "main"\nnamespace = "a/${PATH_BELOW}"\n[stores.main]\nurl = "${REDIS_URL}"\n'
    with pytest.raises(ConfigError) as raised:
        settled(tmp_path, text, {"REDIS_URL": "hunter2", "PATH_BELOW": "/"})

    assert 2 == len(raised.value.mistakes)
    assert "'${REDIS_URL}', which is no URL when filled from the environment" in str(raised.value)
    assert "'a/${PATH_BELOW}', filled from the environment" in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_the_environment_and_the_arguments_hold_over_the_file(tmp_path: Path) -> None:
    """The namespace from $LLMCACHE_NAMESPACE, the profile from $LLMCACHE_PROFILE, each over the file's; arguments over both."""
    environment = SET | {"LLMCACHE_NAMESPACE": "mine", "LLMCACHE_PROFILE": "prod"}
    by_environment = settled(tmp_path, environment=environment)
    by_argument = settled(tmp_path, environment=environment, namespace="theirs", profile="dev")

    assert ("mine", "prod") == (by_environment.namespace.text, by_environment.profile)
    assert ("theirs", "dev") == (by_argument.namespace.text, by_argument.profile)


def test_an_address_holds_alone(tmp_path: Path) -> None:
    """Where the argument or $LLMCACHE_URL is an address no file is read: two sources are never merged."""
    by_argument = settled(tmp_path, given="memory:", environment={"LLMCACHE_PROFILE": "prod"})
    by_variable = settled(tmp_path, environment={"LLMCACHE_URL": "memory:", "LLMCACHE_CONFIG": "/nowhere.toml"})

    for found, origin in ((by_argument, "the argument"), (by_variable, "$LLMCACHE_URL")):
        assert ("memory:", None, "default", origin) == (
            found.responses.url, found.ttl, found.namespace.text, found.responses.origin.text,
        )  # fmt: skip
    assert by_argument == by_variable


def test_every_value_says_where_it_comes_from(tmp_path: Path) -> None:
    """A line of the file, a variable, an argument, or the default; no secret among them."""
    environment = SET | {"LLMCACHE_PROFILE": "prod"}
    found = settled(tmp_path, environment=environment, given=str(tmp_path / "llmcache.toml"), namespace="n")
    file = tmp_path / "llmcache.toml"

    assert [
        ("profile", "prod", "$LLMCACHE_PROFILE"),
        ("namespace", "n", "the argument"),
        ("responses.store", "shared", f"{file}:13 [profiles.prod]"),
        ("stores.shared.url", "redis://:${PASSWORD}@${HOST}:6379/0?timeout=${TIMEOUT}", f"{file}:18 [stores.shared]"),
        ("history.store", "durable", f"{file}:15 [profiles.prod.history]"),
        ("stores.durable.url", "sqlite:/var/cache/shop", f"{file}:21 [stores.durable]"),
        ("embeddings.store", "shared", f"{file}:13 [profiles.prod]"),
        ("responses.ttl", 604_800.0, f"{file}:14 [profiles.prod.responses]"),
        ("responses.early_refresh", 0.1, f"{file}:14 [profiles.prod.responses]"),
        ("responses.background_refresh", False, "the default"),
        ("responses.stale_if_error", None, "the default"),
        ("responses.jitter", None, "the default"),
        ("responses.coalesce", "process", "the default"),
        ("responses.tag_models", False, "the default"),
        ("history.ttl", 60, f"{file}:6 [llmcache.history]"),
        ("history.sliding", False, f"{file}:15 [profiles.prod.history]"),
        ("history.max_messages", 5, f"{file}:6 [llmcache.history]"),
        ("embeddings.ttl", None, "the default"),
        ("embeddings.precision", "float32", "the default"),
        ("semantic.similarity", None, "the default"),
        ("semantic.margin", None, "the default"),
        ("seal.keys", None, "the default"),
        ("seal.names", None, "the default"),
    ] == [(setting.key, setting.value, setting.origin.text) for setting in found.listed]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:hunter2@h", "redis://:***@h"),
        ("redis://u:hun?ter2@h?a=1", "redis://u:***@h?a=1"),
        ("momento://c?api_key=hunter2&a=1", "momento://c?api_key=***&a=1"),
        ("memory:?hunter2", "memory:?***"),
        ("sqlite:./x?max_bytes=1GiB", "sqlite:./x?max_bytes=1GiB"),
    ],
)
def test_an_address_is_listed_without_its_secrets(url: str, shown: str, tmp_path: Path) -> None:
    """Those of the environment and of an argument may have some."""
    found = resolve(url, environment={}, folder=tmp_path)

    assert [shown] * 3 == [setting.value for setting in found.listed if setting.key.endswith(".store")]
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    ("text", "environment", "complaint"),
    [
        (
            FILE,
            {"LLMCACHE_PROFILE": "prd"},
            r"LLMCACHE_PROFILE is 'prd'; profiles of .*llmcache.toml are dev, prod; did you",
        ),
        ("", {"LLMCACHE_PROFILE": "prod"}, r"LLMCACHE_PROFILE is 'prod'; profiles of .*llmcache.toml are none$"),
        (
            "[profiles.a]\n[profiles.b]",
            {},
            r'has the profiles a, b and does not say which holds; write profile = "a" below',
        ),
        ("", {"LLMCACHE_NAMESPACE": "a//b"}, "LLMCACHE_NAMESPACE is 'a//b': a namespace part is empty"),
    ],
)
def test_what_the_environment_says_must_fit(
    text: str, environment: dict[str, str], complaint: str, tmp_path: Path
) -> None:
    """The error names the variable, and what is allowed."""
    with pytest.raises(ConfigError, match=complaint):
        settled(tmp_path, text, environment)


def test_a_profile_needs_a_file(tmp_path: Path) -> None:
    """One that is asked for and cannot be found must not end in the default store."""
    with pytest.raises(ConfigError, match=r"LLMCACHE_PROFILE is 'prod', and there is no llmcache\.toml"):
        resolve(environment={"LLMCACHE_PROFILE": "prod"}, folder=tmp_path)
    with pytest.raises(UsageError, match="profiles are in a file; the store comes from the argument"):
        resolve("memory:", profile="prod", environment={}, folder=tmp_path)


def test_the_main_table_alone_is_enough(tmp_path: Path) -> None:
    """No profile is needed; with a store of its own none need be chosen."""
    alone = settled(tmp_path, '[llmcache]\nstore = "memory:"\n[profiles.prod]\nstore = "sqlite:"\n')

    assert ("memory:", "") == (alone.responses.url, alone.profile)


def test_the_namespace_alone_needs_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who only makes keys is not asked for the secrets of a store."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "llmcache.toml").write_text('[llmcache]\nnamespace = "shop"\nstore = "redis://${NOT_SET}"\n')

    found = [naming_in_force(None), naming_in_force("mine")]
    (tmp_path / "llmcache.toml").write_text('[llmcache]\nnamespace = "${STAGE_NOT_SET}"\n')

    assert [(Namespace(("shop",)), None), (Namespace(("mine",)), None)] == found
    with pytest.raises(ConfigError, match=r"STAGE_NOT_SET\}, which is not set"):
        naming_in_force(None)
