"""The stand-in behind TLS: the way that the service itself is reached, with a key of the service's form."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from llmcache.errors import StoreUnavailable
from llmcache_momento.credentials import KEY, account_of
from llmcache_momento.local import MomentoLocal
from tests.architecture.sources import ROOT
from tests.certificates import certificates
from tests.momento.driving import COLOURS, LOG, Clock, Shop
from tests.momento.test_opening import token

PROGRAM = """
import asyncio
import llmcache

with llmcache.open("momento:shop?create=true") as cache:
    cache.history("s").append([{"text": "hi"}])

async def main():
    async with llmcache.open_async("momento:shop") as cache:
        print(await cache.history("s").all())

asyncio.run(main())
"""
Tls = tuple[bytes, bytes]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a certificate is that signs itself."""
    return certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def tls(folder: Path) -> Tls:
    """That certificate and its key."""
    return (folder / "cert.pem").read_bytes(), (folder / "key.pem").read_bytes()


@pytest.fixture
def secured(tls: Tls, clock: Clock) -> Iterator[MomentoLocal]:
    """A stand-in that answers encrypted connections only."""
    with MomentoLocal(clock=clock, tls=tls) as running:
        yield running


def key_for(server: MomentoLocal) -> str:
    """Return an older key, which holds the addresses: with TLS an address brings its own port."""
    at = f"localhost:{server.port}"
    return token(c=at, cp=at)


@pytest.mark.slow
def test_the_service_is_reached_by_url_and_key(folder: Path, tls: Tls) -> None:
    """In both colours, by both ways of calling; the cache is created over TLS, too. gRPC reads what to trust once."""
    with MomentoLocal(tls=tls) as server:
        told = {KEY: key_for(server), "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(folder / "cert.pem")}
        command = [sys.executable, "-c", PROGRAM]
        done = subprocess.run(
            command, check=False, env={**os.environ, **told}, cwd=ROOT, capture_output=True, text=True, timeout=60
        )

    assert "[{'text': 'hi'}]\n" == done.stdout, done.stderr


@pytest.mark.parametrize("colour", COLOURS)
def test_a_certificate_that_nobody_vouches_for_is_refused(colour: str, secured: MomentoLocal, clock: Clock) -> None:
    """Nothing is sent to who shows it."""
    account = account_of(key_for(secured), "")
    with Shop(secured, clock, colour, account=account) as shop, pytest.raises(StoreUnavailable, match="nothing was"):
        shop("append", LOG, [b"secret"])

    assert not secured.calls


@pytest.mark.parametrize("colour", COLOURS)
def test_a_plain_connection_is_refused(colour: str, secured: MomentoLocal, clock: Clock) -> None:
    """By a server that wants TLS."""
    with Shop(secured, clock, colour) as shop, pytest.raises(StoreUnavailable):
        shop("get_many", [LOG])

    assert not secured.calls


def test_a_client_that_trusts_it_is_answered(secured: MomentoLocal, tls: Tls) -> None:
    """By the certificate's own word."""
    with grpc.secure_channel(f"localhost:{secured.port}", grpc.ssl_channel_credentials(tls[0])) as channel:
        grpc.channel_ready_future(channel).result(timeout=30)


@pytest.mark.slow
def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """By the program, before it listens."""
    command = [sys.executable, "-m", "llmcache_momento.local", "--tls", str(tmp_path / "cert.pem"), str(tmp_path / "k")]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert (2, "") == (done.returncode, done.stdout)
    assert "cert.pem" in done.stderr


@pytest.mark.slow
def test_the_program_speaks_tls(folder: Path, tls: Tls) -> None:
    """With the files that it is given."""
    files = [str(folder / "cert.pem"), str(folder / "key.pem")]
    command = [sys.executable, "-m", "llmcache_momento.local", "--tls", *files]
    with subprocess.Popen(command, text=True, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        port = int(running.stdout.readline())
        with grpc.secure_channel(f"localhost:{port}", grpc.ssl_channel_credentials(tls[0])) as channel:
            grpc.channel_ready_future(channel).result(timeout=30)
        running.stdin.close()
        running.wait(timeout=30)
