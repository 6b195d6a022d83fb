"""`python -m llmcache` is the `llmcache` command."""

import sys

from llmcache.cli.start import main

if __name__ == "__main__":
    sys.exit(main())
