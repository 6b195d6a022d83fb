"""The program that runs Momento's own tests; what it runs is not here, so only that it says so."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT


@pytest.mark.slow
def test_what_is_no_checkout_is_refused(tmp_path: Path) -> None:
    """With the name of what is missing, and before anything is made in it."""
    command = [sys.executable, "-m", "tests.momento.sdk_suite", str(tmp_path)]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert (1, []) == (done.returncode, list(tmp_path.iterdir()))
    assert "tests/momento/cache_client" in done.stderr
