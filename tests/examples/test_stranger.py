"""A stranger's package, `examples/llmcache-lmdb`: installed by pip into a fresh environment, found there, and conformant."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT
from tests.environments import built, empty_environment, install
from tests.examples.sources import code_lines

EXAMPLE = ROOT / "examples" / "llmcache-lmdb"
GUIDE = ROOT / "docs" / "howto" / "write-a-store.md"
_MOST_LINES_OF_A_CLASS = 8
_MOST_SECONDS = 400
_MEMORY = Path("/dev/shm")
_ROOM = 512 << 20


def run(command: list[str], folder: Path, *, seconds: int = 300, **variables: str) -> str:
    """Run a program somewhere else than in the checkout, and return what it printed; show it where it fails."""
    quiet = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST", "LLMCACHE"))}
    done = subprocess.run(
        command, cwd=folder, env=quiet | variables, capture_output=True, text=True, timeout=seconds, check=False
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment with our packages and the stranger's installed, each from its own wheel."""
    folder = tmp_path_factory.mktemp("stranger")
    sources = {"core": ROOT, "suite": ROOT / "conformance", "example": EXAMPLE}
    core, suite, example = (built(source, folder / name) for name, source in sources.items())
    python = empty_environment(folder / "venv")
    install(python, "-c", str(ROOT / "constraints.txt"), f"{core}[cli]", str(suite), str(example))
    return python.parent


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is room: LMDB waits for the disk at each write, and thousands of waits show nothing."""
    has_room = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM
    with tempfile.TemporaryDirectory(dir=_MEMORY if has_room else tmp_path) as folder:
        yield Path(folder)


@pytest.mark.slow
@pytest.mark.timeout(_MOST_SECONDS)
@pytest.mark.xdist_group("packaging")
def test_store_is_found_by_its_entry_point(environment: Path, tmp_path: Path) -> None:
    """`llmcache stores` lists it with its distribution, and it is ready to be opened."""
    listed = json.loads(run([str(environment / "llmcache"), "stores", "--json"], tmp_path))
    (found,) = [store for store in listed["stores"] if store["scheme"] == "lmdb"]

    assert ("llmcache-lmdb", "0.1.0", "ready") == (found["distribution"], found["version"], found["state"])
    assert ["log", "scan", "persistent", "shared"] == found["abilities"]


@pytest.mark.slow
@pytest.mark.timeout(_MOST_SECONDS)
@pytest.mark.xdist_group("packaging")
def test_store_conforms_where_it_is_installed(environment: Path, tmp_path: Path, quick_folder: Path) -> None:
    """Its own tests pass in the fresh environment: the whole suite by a class, and what the suite cannot know."""
    shutil.copytree(EXAMPLE / "tests", tmp_path / "tests")
    python = [str(environment / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    printed = run([*python, "tests"], tmp_path, seconds=_MOST_SECONDS, TMPDIR=str(quick_folder))
    passed = re.search(r"(\d+) passed", printed)
    foreign = re.search(r"skipped|xfailed|deselected", printed)

    assert passed is not None
    assert int(passed[1]) > 300
    assert foreign is None, printed


def test_class_of_the_suite_is_short() -> None:
    """The file that runs the whole suite needs at most eight lines, its docstrings and blank lines not counted."""
    assert code_lines(EXAMPLE / "tests" / "test_lmdb_conforms.py") <= _MOST_LINES_OF_A_CLASS


def test_guide_tells_how_many_lines_it_takes() -> None:
    """The figure in the guide is that of the package."""
    lines = sum(code_lines(path) for path in (EXAMPLE / "llmcache_lmdb").glob("*.py"))
    told = re.search(r"It has (\d+) lines of code", GUIDE.read_text("utf-8"))

    assert told is not None
    assert lines == int(told[1])


def test_example_was_written_from_the_guide_alone() -> None:
    """Every module of ours that the example imports is one that the guide shows."""
    guide = GUIDE.read_text("utf-8")
    sources = [path.read_text("utf-8") for path in EXAMPLE.rglob("*.py")]
    used = {
        name for source in sources for name in re.findall(r"from (llmcache(?:_conformance|\.[.\w]+)) import", source)
    }

    assert {"llmcache.errors", "llmcache.plugins.spec", "llmcache_conformance"} <= used
    assert set() == {name for name in used if name not in guide}
