"""Several processes on one cache, as applications have it."""

import subprocess
import sys
import time
from collections import Counter

import pytest

from llmcache.protocols.key_value import Put
from llmcache_momento import Settings, open_account
from llmcache_momento.credentials import local_account
from llmcache_momento.local import MomentoLocal
from tests.momento.driving import LOG, key, space

pytestmark = pytest.mark.slow

WRITERS = 4
APPENDS = 100
HEAD = """
import sys
from llmcache.protocols.key_value import Put
from llmcache_momento import Settings, open_account
from llmcache_momento.credentials import local_account
from tests.momento.driving import LOG, key, space

port, number = int(sys.argv[1]), sys.argv[2].encode()
store = open_account(local_account("127.0.0.1", port), Settings("shop", timeout=30.0)).blocking
"""
APPENDING = """
for call in range(int(sys.argv[3])):
    store.append(LOG, [b"%b %d %d" % (number, call, part) for part in range(3)])
"""
READING = """
print("ready", flush=True)
for line in sys.stdin:
    found = store.get_many([key()])[0]
    print("nothing" if found is None else found.decode(), flush=True)
"""


@pytest.fixture
def server() -> "MomentoLocal":
    """A stand-in by the clock on the wall."""
    return MomentoLocal(["shop"])


def started(program: str, *arguments: object) -> "subprocess.Popen[str]":
    """Start another process."""
    command = [sys.executable, "-c", HEAD + program, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def answered(program: "subprocess.Popen[str]") -> str:
    """Return the next line that a program prints."""
    assert program.stdout is not None
    return program.stdout.readline().strip()


def asked(program: "subprocess.Popen[str]") -> str:
    """Give a program a line, and return the one it answers."""
    assert program.stdin is not None
    program.stdin.write("\n")
    program.stdin.flush()
    return answered(program)


def test_appends_of_many_processes_are_all_there_and_whole(server: MomentoLocal) -> None:
    """None is lost, none is torn, and each writer's are in order."""
    with server:
        writers = [started(APPENDING, server.port, number, APPENDS) for number in range(WRITERS)]
        codes = [writer.communicate(timeout=90) and writer.returncode for writer in writers]
        store = open_account(local_account(server.host, server.port), Settings("shop", timeout=30.0)).blocking
        assert store is not None
        found = [tuple(map(int, body.split())) for body in store.read_log(LOG)]  # type: ignore[attr-defined]  # it declares logs
        store.close()

    calls = [found[place : place + 3] for place in range(0, len(found), 3)]
    assert [0] * WRITERS == codes
    assert all([(call[0][0], call[0][1], part) for part in range(3)] == call for call in calls)
    assert dict.fromkeys(range(WRITERS), APPENDS) == Counter(call[0][0] for call in calls)
    for number in range(WRITERS):
        assert list(range(APPENDS)) == [call[0][1] for call in calls if call[0][0] == number]


def test_another_process_sees_a_clearing_when_it_returns(server: MomentoLocal) -> None:
    """Though it read an instant before; by the lease that all go by."""
    with server:
        store = open_account(local_account(server.host, server.port), Settings("shop", timeout=30.0)).blocking
        assert store is not None
        reader = started(READING, server.port, 0)
        with reader:
            assert reader.stdin is not None
            assert "ready" == answered(reader)
            for number in range(10):
                store.put_many([Put(key(), b"%d" % number)])
                before = asked(reader)
                store.clear(space())

                assert (f"{number}", "nothing") == (before, asked(reader))
            reader.stdin.close()
            reader.wait(timeout=30)
        store.close()


def test_a_writer_that_is_killed_leaves_whole_appends(server: MomentoLocal) -> None:
    """Of each append all three bodies or none."""
    with server:
        writer = started(APPENDING, server.port, 0, 100_000)
        end = time.monotonic() + 30
        while server.count("ListConcatenateBack") < 50 and time.monotonic() < end:
            time.sleep(0.001)
        writer.kill()
        writer.communicate(timeout=30)
        store = open_account(local_account(server.host, server.port), Settings("shop", timeout=30.0)).blocking
        assert store is not None
        found = store.read_log(LOG)  # type: ignore[attr-defined]  # it declares logs
        store.close()

    assert len(found) >= 147
    assert [b"0 %d %d" % (place // 3, place % 3) for place in range(len(found))] == list(found)
