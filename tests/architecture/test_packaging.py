"""What is installed: the wheel, in an environment of its own, with nothing but the base dependencies; and the suite's wheel."""

import configparser
import email
import subprocess
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.architecture.sources import ROOT
from tests.environments import built, empty_environment, install

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]

IMPORT_PACKAGES = {
    "llmcache": ROOT / "llmcache",
    "llmcache_sqlite": ROOT / "adapters" / "llmcache_sqlite",
    "llmcache_disk": ROOT / "adapters" / "llmcache_disk",
    "llmcache_redis": ROOT / "adapters" / "llmcache_redis",
    "llmcache_momento": ROOT / "adapters" / "llmcache_momento",
    "llmcache_langchain": ROOT / "adapters" / "llmcache_langchain",
    "llmcache_minilm": ROOT / "adapters" / "llmcache_minilm",
}
SUITE = ROOT / "conformance"
STAND_IN = ROOT / "stand-in"
DEMO = ROOT / "demo"

ONLY_HERE = ("saboteurs/", "matrix.py", "local/", "demo/")
"""Of the conformance suite its own tests, which nobody needs who runs it; Momento's stand-in; and the demonstration."""


MIB = 2**20


@dataclass(frozen=True, slots=True)
class Installation:
    """A wheel and the environment it was installed into."""

    wheel: Path
    python: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the environment's Python somewhere else than in the checkout."""
        command = [str(self.python), "-I", *arguments]
        return subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=60, check=False)

    def llmcache(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the installed `llmcache` command."""
        command = [str(self.python.with_name("llmcache")), *arguments]
        return subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=60, check=False)


def dist_info(wheel: Path, name: str) -> str:
    """Return the text of a file of a wheel's metadata."""
    with zipfile.ZipFile(wheel) as file:
        (path,) = [entry for entry in file.namelist() if entry.endswith(f".dist-info/{name}")]
        return file.read(path).decode()


def metadata_of(wheel: Path) -> Message:
    """Return the core metadata of a wheel."""
    return email.message_from_string(dist_info(wheel, "METADATA"))


def entry_points_of(wheel: Path) -> configparser.ConfigParser:
    """Return the entry points of a wheel."""
    points = configparser.ConfigParser()
    points.read_string(dist_info(wheel, "entry_points.txt"))
    return points


def packed_modules(wheel: Path) -> dict[str, set[str]]:
    """Return the Python files of each package of a wheel, relative to it."""
    found: dict[str, set[str]] = {}
    with zipfile.ZipFile(wheel) as file:
        names = [Path(name) for name in file.namelist()]
    for name in names:
        if not name.parts[0].endswith(".dist-info"):
            modules = found.setdefault(name.parts[0], set())
            modules |= {Path(*name.parts[1:]).as_posix()} if name.suffix == ".py" else set()
    return found


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the conformance suite."""
    return built(SUITE, tmp_path_factory.mktemp("suite"))


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of Momento's stand-in."""
    return built(STAND_IN, tmp_path_factory.mktemp("stand-in"))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the demonstration."""
    return built(DEMO, tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The wheel of this checkout, installed without any extra."""
    folder = tmp_path_factory.mktemp("packaging")
    wheel = built(ROOT, folder)
    python = empty_environment(folder / "venv")
    install(python, "-c", "constraints.txt", str(wheel))
    return Installation(wheel, python)


def module_files(folder: Path) -> set[str]:
    """Return the Python files below a package that are installed, relative to it."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}
    return {name for name in found if not name.startswith(ONLY_HERE)}


def test_wheel_holds_exactly_our_packages(installation: Installation) -> None:
    """Nothing generic such as `adapters` or `tests` is installed, every module of ours is, and all are marked as typed."""
    with zipfile.ZipFile(installation.wheel) as wheel:
        names = set(wheel.namelist())

    assert {package: module_files(folder) for package, folder in IMPORT_PACKAGES.items()} == packed_modules(
        installation.wheel
    )
    assert {f"{package}/py.typed" for package in IMPORT_PACKAGES} <= names
    assert "llmcache_minilm/requirements.txt" in names


def test_suite_is_a_wheel_of_its_own(suite: Path) -> None:
    """It holds the suite without what is broken on purpose, brings pytest, hypothesis and NumPy, and tells pytest of itself."""
    metadata = metadata_of(suite)
    requires = {Requirement(text).name for text in metadata.get_all("Requires-Dist", [])}

    assert {"llmcache_conformance": module_files(SUITE / "llmcache_conformance")} == packed_modules(suite)
    assert ("llmcache-kit-conformance", "Apache-2.0") == (metadata["Name"], metadata["License-Expression"])
    assert "Private :: Do Not Upload" in metadata.get_all("Classifier", [])
    assert {"llmcache-kit", "pytest", "hypothesis", "numpy"} == requires
    assert {"llmcache_conformance": "llmcache_conformance.pytest_plugin"} == dict(entry_points_of(suite)["pytest11"])


def test_others_fit_the_base(installation: Installation, suite: Path, stand_in: Path, demo: Path) -> None:
    """All have one version, and the others ask for that of the base."""
    version = metadata_of(installation.wheel)["Version"]

    for other in map(metadata_of, (suite, stand_in, demo)):
        (base,) = [one for one in map(Requirement, other.get_all("Requires-Dist", [])) if one.name == "llmcache-kit"]
        assert version == other["Version"]
        assert base.specifier.contains(version)


def test_stand_in_and_demonstration_are_wheels_of_their_own(stand_in: Path, demo: Path) -> None:
    """They hold one folder of a package each, and nothing else."""
    assert {"llmcache_momento": modules_in("llmcache_momento", "local")} == packed_modules(stand_in)
    assert {"llmcache_langchain": modules_in("llmcache_langchain", "demo")} == packed_modules(demo)
    for wheel in (stand_in, demo):
        assert "Private :: Do Not Upload" in metadata_of(wheel).get_all("Classifier", [])


def modules_in(package: str, folder: str) -> set[str]:
    """Return the Python files of a folder of a package, relative to the package."""
    whole = ROOT / "adapters" / package
    return {path.relative_to(whole).as_posix() for path in (whole / folder).rglob("*.py")}


def test_metadata(installation: Installation) -> None:
    """The distribution cannot be uploaded by mistake, has a licence, and asks for at most three packages."""
    metadata = metadata_of(installation.wheel)
    requires = metadata.get_all("Requires-Dist", [])
    base = {requirement for requirement in requires if "extra ==" not in requirement}

    assert "llmcache-kit" == metadata["Name"]
    assert ">=3.11" == metadata["Requires-Python"]
    assert "Apache-2.0" == metadata["License-Expression"]
    assert "Private :: Do Not Upload" in metadata.get_all("Classifier", [])
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    assert len(base) <= 3, base
    assert {
        "disk",
        "redis",
        "momento",
        "langchain",
        "langgraph",
        "cli",
        "otel",
        "demo",
        "all",
        "dev",
    } <= set(metadata.get_all("Provides-Extra", []))


def test_entry_points(installation: Installation) -> None:
    """The command and the stores are found by entry point; each of them can be loaded."""
    points = entry_points_of(installation.wheel)
    code = "from importlib.metadata import entry_points as e; print(*[p.load().__name__ for p in e(group='llmcache')])"
    loaded = installation.run("-c", code)

    assert {"llmcache": "llmcache.cli.start:main"} == dict(points["console_scripts"])
    assert {"memory", "sqlite"} <= set(points["llmcache"])
    assert set(points["llmcache"].values()) == set(loaded.stdout.split()), loaded.stderr


def test_base_install_works_and_is_small(installation: Installation) -> None:
    """The base install is three packages and at most five mebibytes, compiled files included, and keeps an answer in both stores it brings."""
    used = """
import llmcache, pathlib, sys, tempfile
request = llmcache.Request(model="m", messages=[{"role": "user", "content": "hi"}])
for url in ("memory:", "sqlite:" + tempfile.mkdtemp()):
    with llmcache.open(url) as cache:
        print(cache.responses.get_or_call(request, lambda: "a"), cache.responses.get_or_call(request, lambda: "b"))
"""
    measured = """
from importlib.metadata import distributions
kept = [d for d in distributions() if d.metadata["Name"] not in ("pip", "setuptools")]
print(*sorted(d.metadata["Name"] for d in kept), sum(f.locate().stat().st_size for d in kept for f in d.files))
"""
    answers = installation.run("-c", used)
    *names, size = installation.run("-c", measured).stdout.split()

    assert ["a", "a"] * 2 == answers.stdout.split(), answers.stderr
    assert ["llmcache-kit", "orjson", "pluggy"] == names
    assert int(size) <= 5 * MIB


@pytest.mark.parametrize("arguments", [(), ("ls",), ("--help",)])
def test_command_without_its_extra_says_what_to_install(installation: Installation, arguments: Sequence[str]) -> None:
    """Without the extra `cli` the command prints one line that says how to install it, and exits with 2."""
    by_name, by_module = installation.llmcache(*arguments), installation.run("-m", "llmcache", *arguments)

    assert (2, "") == (by_name.returncode, by_name.stdout)
    assert by_name.stderr == "the llmcache command needs click; install it with: pip install 'llmcache-kit[cli]'\n"
    assert (by_name.returncode, by_name.stdout, by_name.stderr) == (
        by_module.returncode, by_module.stdout, by_module.stderr,
    )  # fmt: skip
