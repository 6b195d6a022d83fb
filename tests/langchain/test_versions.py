"""What one version of LangChain cached is found by another: the floor we support, and the newest that installs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import langchain_core
import pytest

from llmcache_langchain.demo.model import LocalModel
from tests.environments import ROOT, empty_environment, install

FLOOR = ["langchain-core==1.3.3", "langchain-openai==1.2.1"]


@pytest.fixture(scope="module")
def floor_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the oldest LangChain we support, and this checkout."""
    folder = tmp_path_factory.mktemp("floor")
    python = empty_environment(folder)
    install(python, *FLOOR, "-e", str(ROOT))
    return python


def converse(python: Path | str, url: str, model: LocalModel) -> dict[str, Any]:
    """Run the conversations once under a Python, and return what it counted."""
    ran = subprocess.run(
        [python, "-m", "tests.langchain.conversing", url, model.base_url],
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    counted: dict[str, Any] = json.loads(ran.stdout)
    return counted


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("versions")
@pytest.mark.parametrize("first", ["floor", "newest"])
def test_conversations_cached_by_one_version_hit_under_the_other(
    first: str, floor_python: Path, tmp_path: Path
) -> None:
    """In both directions: twelve calls by the first, none by the second."""
    pythons: list[Path | str] = [floor_python, sys.executable]
    url = f"sqlite:{tmp_path}"
    with LocalModel() as model:
        counted = [converse(python, url, model) for python in (pythons if first == "floor" else reversed(pythons))]

        assert {count["version"] for count in counted} == {"1.3.3", langchain_core.__version__}
        assert langchain_core.__version__ != "1.3.3"
        assert [(count["hits"], count["misses"]) for count in counted] == [(0, 12), (12, 0)]
        assert model.calls == 12


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("versions")
def test_a_crowd_pays_once_under_the_oldest_version(floor_python: Path) -> None:
    """Its model calls are found by the same names."""
    command: list[Path | str] = [floor_python, "-m", "tests.langchain.crowding"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr
    assert [1, 1, 1] == json.loads(ran.stdout)
