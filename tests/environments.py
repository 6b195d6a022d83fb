"""Environments of their own, for tests that see llmcache as its users get it: from a wheel, and with other versions."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def empty_environment(folder: Path) -> Path:
    """Make an environment without pip, which takes longer to come than all else, and return its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=120)
    return folder / "bin" / "python"


def install(python: Path, *arguments: str) -> None:
    """Install into an environment with the pip of this one."""
    _pip("--python", str(python), "install", "--quiet", *arguments)


def built(source: Path, folder: Path) -> Path:
    """Return the wheel of one distribution, made in an empty folder."""
    _pip("wheel", "--no-deps", "--quiet", "--wheel-dir", str(folder), str(source))
    (wheel,) = folder.glob("*.whl")
    return wheel


def _pip(*arguments: str) -> None:
    """Run pip and show what it said where it fails."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
