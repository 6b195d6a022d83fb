"""Momento's own integration tests of its Python SDK, against the stand-in.

    python -m tests.momento.sdk_suite PATH-OF-A-CHECKOUT [pytest arguments]

The checkout is of the repository momentohq/client-sdk-python, at the version that constraints.txt names or near it. Nothing in it
is changed: the tests run in an environment of their own, which is made in it once, and are turned to the stand-in by a plugin
that replaces the addresses of the credentials they read.
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from llmcache_momento.local import MomentoLocal
from tests.architecture.sources import ROOT
from tests.certificates import certificates

_HOOK = Path(__file__).parent / "hook"
_SUITES = ("cache_client", "topic_client", "local")
"""Not `auth_client`: the stand-in makes no disposable tokens. The other folders ask no server."""
_CACHE = "python-integration-test"
_NETWORK = 0.05
"""Seconds that every call takes at least: the suite asks that a millisecond is too short for any, on a busy machine, too."""
_TOOLS = (
    # What the suite was written with. Later ones of pytest-describe take one of several behaviours and leave the others out,
    # and later ones of PyJWT refuse the wrong key that the suite shows.
    "pytest==7.4.*",
    "pytest-asyncio==0.19.*",
    "pytest-describe==2.0.1",
    "pytest-timeout",
    "pyjwt==2.10.*",
    "typing_extensions",
)
_NONE_CHOSEN = 5
"""How pytest ends where no test was chosen."""
_LEFT_OUT = "not subscription_initialization"
"""Those want two thousand subscriptions at once and say themselves that no local server will do."""


def main() -> None:
    """Run the suite and end as pytest does."""
    parser = argparse.ArgumentParser(prog="python -m tests.momento.sdk_suite", description=__doc__)
    parser.add_argument("checkout", type=Path, help="the checkout")
    chosen, rest = parser.parse_known_args()
    checkout: Path = chosen.checkout.resolve()
    folders = _folders(checkout)
    command = [_environment(checkout / ".llmcache-venv"), "-m", "pytest", "-p", "momento_to_stand_in", "-m", _LEFT_OUT]
    with _stand_ins() as told:
        # Twice: what must find no connection open has a process of its own, because clients of one process share theirs.
        codes = {
            subprocess.run(
                [*command, *folders, *rest],
                check=False,
                cwd=checkout,
                env={**os.environ, **told, "LLMCACHE_APART": apart},
            ).returncode
            for apart in ("", "yes")
        }
    sys.exit(max(codes - {_NONE_CHOSEN}, default=_NONE_CHOSEN))


@contextmanager
def _stand_ins() -> Generator[dict[str, str]]:
    """Run two stand-ins: one as the service is, with a key, TLS and a network, and one as Momento's local server is, without.

    Gives the environment that the suite and the plugin read.
    """
    key = _key()
    with tempfile.TemporaryDirectory() as folder:
        made = certificates(Path(folder))
        tls = ((made / "cert.pem").read_bytes(), (made / "key.pem").read_bytes())
        with MomentoLocal(token=key, tls=tls) as service, MomentoLocal() as local:
            service.faults.add(delay=_NETWORK)
            yield {**_told(key, service, local), "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(made / "cert.pem")}


def _folders(checkout: Path) -> list[str]:
    folders = [f"tests/momento/{suite}" for suite in _SUITES if (checkout / "tests/momento" / suite).is_dir()]
    if not folders:
        sys.exit(f"{checkout} has no tests/momento/cache_client: it is no checkout of client-sdk-python")
    return folders


def _environment(folder: Path) -> str:
    """Return the Python of an environment with the SDK that is pinned here and the tools of its tests."""
    python = folder / "bin" / "python"
    if not python.exists():
        pinned = [line for line in (ROOT / "constraints.txt").read_text().split() if line.startswith("momento")]
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *pinned, *_TOOLS], check=True)
    return str(python)


def _key() -> str:
    """Return a key of the present form, which no service knows."""
    parts = [{"alg": "none"}, {"t": "g", "sub": "stand-in"}]
    texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*texts, "c2lnbmF0dXJl"])


def _told(key: str, service: MomentoLocal, local: MomentoLocal) -> dict[str, str]:
    """Return the environment that the suite and the plugin read."""
    older = base64.b64encode(json.dumps({"endpoint": "stand-in.invalid", "api_key": key}).encode()).decode()
    return {
        "V1_API_KEY": older,
        "TEST_AUTH_TOKEN": older,
        "MOMENTO_API_KEY": key,
        "MOMENTO_ENDPOINT": "stand-in.invalid",
        "MOMENTO_HOSTNAME": local.host,
        "MOMENTO_PORT": str(local.port),
        "TEST_CACHE_NAME": _CACHE,
        "LLMCACHE_STAND_IN": service.address,
        "PYTHONPATH": str(_HOOK),
    }


if __name__ == "__main__":
    main()
