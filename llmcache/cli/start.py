"""Where the `llmcache` command begins: says how to install it where its libraries are missing."""

import sys


def main() -> int:
    """Run the command with the arguments of this process and return its exit code."""
    try:
        from llmcache.cli.app import run  # noqa: PLC0415 -- needs the extra `cli`, and must not fail without it
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in {"click", "rich"}:
            raise
        sys.stderr.write(f"the llmcache command needs {missing}; install it with: pip install 'llmcache-kit[cli]'\n")
        return 2
    return run(sys.argv[1:])
