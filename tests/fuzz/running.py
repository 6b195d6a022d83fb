"""One target in one process, guided by coverage.

`python -m tests.fuzz.running TARGET PROGRAM [options of libFuzzer] [folders]`, where PROGRAM is what libFuzzer runs for the
parts of a merge: an executable that calls this module with all but the last two.
"""

import importlib
import sys

from tests.fuzz import corpora

OURS = [
    "llmcache",
    "llmcache_disk",
    "llmcache_langchain",
    "llmcache_momento",
    "llmcache_redis",
]


def main() -> None:
    """Fuzz until libFuzzer has had enough; it ends the process itself."""
    # By its name, because only the extra `fuzz` installs it.
    atheris = importlib.import_module("atheris")
    name, program, *options = sys.argv[1:]
    with atheris.instrument_imports(include=OURS, enable_loader_override=False):
        check = corpora.target(name).check
    atheris.Setup([program, *options], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
