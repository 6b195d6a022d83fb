"""Golden keys: what was kept yesterday is found today, here and elsewhere.

A change that turns one of these red makes every user pay again. If it is meant, it raises `KEY_FORMAT`, and these files
and docs/decisions/0003 change with it.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from llmcache.keys import (
    embedding_keys,
    explain_embedding,
    explain_langchain,
    explain_request,
    first_difference,
    langchain_key,
    request_key,
)
from llmcache.keys.canonical import MAX_DEPTH
from llmcache.model.embedder import Embedder
from llmcache.model.key import KEY_FORMAT
from llmcache.model.namespace import Namespace
from llmcache.model.request import Request
from tests.keys.langchain_pairs import pairs

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
VECTORS: dict[str, Any] = json.loads((GOLDEN / "keys.json").read_text("utf-8"))
VERSIONS: list[dict[str, Any]] = json.loads((GOLDEN / "langchain_versions.json").read_text("utf-8"))
NAMESPACE = Namespace(tuple(VECTORS["namespace"]))


def test_golden_keys_are_of_this_format() -> None:
    """The number stands in every digest; the limit of nesting decides what is read, so that it is part of the format."""
    assert KEY_FORMAT == VECTORS["format"]
    assert 100 == MAX_DEPTH


@pytest.mark.parametrize("title", VECTORS["requests"])
def test_golden_requests_keep_their_keys(title: str) -> None:
    """A plain request has the name it had."""
    vector = VECTORS["requests"][title]
    request = Request(**vector["request"])

    assert vector["name"] == request_key(request, NAMESPACE).name
    assert vector["fingerprint"] == explain_request(request).digest


@pytest.mark.parametrize("title", VECTORS["langchain"])
def test_golden_texts_keep_their_keys(title: str) -> None:
    """LangChain's texts have the name they had."""
    vector = VECTORS["langchain"][title]

    assert vector["name"] == langchain_key(vector["prompt"], vector["llm_string"], NAMESPACE).name
    assert vector["fingerprint"] == explain_langchain(vector["prompt"], vector["llm_string"]).digest


@pytest.mark.parametrize("title", VECTORS["embeddings"])
def test_golden_embedded_texts_keep_their_keys(title: str) -> None:
    """A text under a model with its settings has the name it had."""
    vector = VECTORS["embeddings"][title]
    embedder = Embedder(**vector["embedder"])

    assert [vector["name"]] == [key.name for key in embedding_keys([vector["text"]], embedder, NAMESPACE)]
    assert vector["fingerprint"] == explain_embedding(vector["text"], embedder).digest


def test_golden_keys_are_all_different() -> None:
    """No two vectors share a name, and no name is a fingerprint."""
    vectors = [*VECTORS["requests"].values(), *VECTORS["langchain"].values(), *VECTORS["embeddings"].values()]

    assert 2 * len(vectors) == len({vector[field] for vector in vectors for field in ("name", "fingerprint")})


@pytest.mark.parametrize("title", VERSIONS[0]["pairs"])
def test_versions_of_langchain_share_their_keys(title: str) -> None:
    """The floor and the newest write different texts for one conversation, and hit each other's entries."""
    oldest, newest = (explain_langchain(*made["pairs"][title]) for made in VERSIONS)

    assert None is first_difference(oldest, newest)
    assert oldest.digest == newest.digest


def test_installed_langchain_hits_what_the_others_kept() -> None:
    """Whatever version runs here: the same conversations have the keys of the fixture."""
    for title, asked in pairs().items():
        difference = first_difference(explain_langchain(*VERSIONS[0]["pairs"][title]), explain_langchain(*asked))

        assert (title, None) == (title, difference)


def test_versions_of_langchain_do_write_different_texts() -> None:
    """The fixture would prove nothing otherwise; each has every conversation, and all of them differ."""
    first, second = ({title: tuple(pair) for title, pair in made["pairs"].items()} for made in VERSIONS)
    names = {langchain_key(prompt, llm_string, NAMESPACE).name for prompt, llm_string in first.values()}

    assert ["1.3.3", "1.7.2"] == [made["versions"]["langchain-core"] for made in VERSIONS]
    assert first.keys() == second.keys()
    assert 9 == sum(first[title] != second[title] for title in first)
    assert len(first) == len(names)


def golden_names() -> dict[str, str]:
    """Return by title what `names.py` prints where all is well."""
    names: dict[str, str] = {}
    for title, vector in [
        *VECTORS["requests"].items(),
        *VECTORS["langchain"].items(),
        *VECTORS["embeddings"].items(),
    ]:
        names[title] = vector["name"]
        names[f"{title}, fingerprint"] = vector["fingerprint"]
    for made in VERSIONS:
        for title, (prompt, llm_string) in made["pairs"].items():
            names[f"{title}, {made['versions']['langchain-core']}"] = langchain_key(prompt, llm_string, NAMESPACE).name
    return names


def made_by(interpreter: str, seed: str = "random") -> dict[str, str]:
    """Return the names that another process makes of the golden vectors, without any installed package."""
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [interpreter, "-S", str(GOLDEN / "names.py"), str(ROOT)]
    done = subprocess.run(command, capture_output=True, env=environment, cwd="/", check=True, timeout=60)
    names: dict[str, str] = json.loads(done.stdout)
    return names


def interpreters() -> dict[str, str]:
    """Return a path for every CPython from 3.11 up on this machine, by its full version."""
    on_path = [shutil.which(f"python3.{minor}") for minor in range(11, 20)]
    candidates = [path for path in on_path if path]
    candidates += sorted(glob.glob(str(Path("~/.pyenv/versions/*/bin/python3").expanduser())))  # noqa: PTH207 -- "~" and "*"
    found = {"{}.{}.{}".format(*sys.version_info): sys.executable}
    for candidate in candidates:
        asked = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False, timeout=60)
        version = re.fullmatch(r"Python (3\.(\d+)\.\w+)\s*", asked.stdout)
        if version and int(version[2]) >= 11:
            found.setdefault(version[1], candidate)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["0", "1", "4294967295"])
def test_keys_are_the_same_in_another_process_under_any_hash_seed(seed: str) -> None:
    """Nothing depends on the order in which a set or dict happens to be walked."""
    assert golden_names() == made_by(sys.executable, seed)


@pytest.mark.slow
def test_keys_are_the_same_under_every_python_on_this_machine() -> None:
    """From the floor up, whatever its Unicode tables, its parser and its limits are."""
    expected = golden_names()

    for version, interpreter in interpreters().items():
        assert (version, expected) == (version, made_by(interpreter))
