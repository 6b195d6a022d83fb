"""What importing the cache for LangChain costs: next to nothing beside LangChain itself."""

import pytest

from tests.architecture.sources import run_python


def test_importing_the_cache_brings_in_two_small_modules() -> None:
    """Whoever has LangChain's caches loaded pays for two files at import; the rest comes with the first cache."""
    loaded = run_python(
        "import sys, importlib, typing, langchain_core.caches\n"
        "before = set(sys.modules)\n"
        "from llmcache_langchain import LLMCache\n"
        "print(*sorted(set(sys.modules) - before), sep='\\n')",
        "-I",
    )

    assert ["llmcache_langchain", "llmcache_langchain.cache"] == loaded.split()


def test_every_name_of_the_package_is_there() -> None:
    """All public names can be had and are listed, and others are not."""
    shown = run_python(
        "import llmcache_langchain as door\n"
        "print(*[getattr(door, name).__name__ for name in dir(door)], hasattr(door, 'nothing'))",
        "-I",
    )

    assert (
        "ByteStore CachedEmbeddings ChatMessageHistory LLMCache SemanticCache VectorStore messages_from_momento False"
        == shown.strip()
    )


@pytest.mark.parametrize(
    ("package", "name", "told"),
    [
        ("numpy", "VectorStore", "VectorStore needs numpy; install with: pip install 'llmcache-kit[vectors]'"),
        ("langchain_core", "LLMCache", "LLMCache needs langchain_core; install with: pip install 'llmcache-kit[langchain]'"),
        ("llmcache.errors", "LLMCache", "import of llmcache.errors halted; None in sys.modules"),
    ],
)  # fmt: skip
def test_a_missing_package_says_which_extra_brings_it(package: str, name: str, told: str) -> None:
    """Without LangChain, or without NumPy where it is needed, the import says what to install; of others it is left as it is."""
    shown = run_python(
        f"import sys\n"
        f"sys.modules[{package!r}] = None\n"
        f"try:\n"
        f"    from llmcache_langchain import {name}\n"
        f"    {name}('memory:')\n"
        f"except ModuleNotFoundError as error:\n"
        f"    print(error)",
        "-I",
    )

    assert shown.strip() == told
