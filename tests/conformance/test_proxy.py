"""The proxy between a client and a server that answers each line, in both colours."""

import asyncio
import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from llmcache_conformance.faults import BlackHole, Cut, Delay, Down, LostReply, Proxy, Slice, Towards, Truncate
from llmcache_conformance.watching import Link, links

LONGEST = 5.0


class Shouting(socketserver.StreamRequestHandler):
    """Answers each line in capitals and remembers it."""

    def handle(self) -> None:
        assert isinstance(self.server, Server)
        try:
            for line in self.rfile:
                self.server.lines.append(line)
                self.wfile.write(line.upper())
        except OSError:
            return  # cut off, as these tests do


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        super().__init__(("127.0.0.1", 0), Shouting)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on a free port."""
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join(LONGEST)


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    """A proxy before it."""
    with Proxy(place(server)) as running:
        yield running


def place(server: Server) -> tuple[str, int]:
    """Return where a server listens."""
    return "127.0.0.1", server.server_address[1]


def connected(proxy: Proxy) -> socket.socket:
    """Open a connection through the proxy."""
    return socket.create_connection((proxy.host, proxy.port), timeout=LONGEST)


def asked(client: socket.socket, line: bytes) -> bytes:
    """Send a line and return its answer, which is as long."""
    client.sendall(line)
    return received(client, len(line))


def received(client: socket.socket, count: int) -> bytes:
    """Return the next `count` bytes, in however many pieces they come."""
    body = b""
    while len(body) < count and (piece := client.recv(count - len(body))):
        body += piece
    return body


def test_all_goes_through_where_nothing_is_wrong(proxy: Proxy) -> None:
    """Requests and replies pass unchanged, and are counted by direction; a side that is done leaves the other be."""
    with connected(proxy) as client:
        answers = [asked(client, b"one\n"), asked(client, b"three\n")]
        client.sendall(b"last\n")
        client.shutdown(socket.SHUT_WR)
        rest = client.makefile("rb").read()

    assert ([b"ONE\n", b"THREE\n"], b"LAST\n") == (answers, rest)
    assert (15, 15, 1) == (proxy.passed(Towards.SERVER), proxy.passed(Towards.CLIENT), proxy.connections)


async def test_proxy_serves_the_loop_it_is_used_from(proxy: Proxy) -> None:
    """The same proxy works in asyncio code, its methods included: they never wait."""
    reader, writer = await asyncio.open_connection(proxy.host, proxy.port)
    writer.write(b"one\n")
    first = await asyncio.wait_for(reader.readline(), LONGEST)
    with proxy.under(LostReply()):
        writer.write(b"two\n")
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(reader.readline(), LONGEST)
    writer.close()

    assert b"ONE\n" == first


def test_lost_reply_is_lost_after_the_work_was_done(proxy: Proxy, server: Server) -> None:
    """The server has the request, the client has a reset; the next connection is answered."""
    with proxy.under(LostReply(), times=1):
        with connected(proxy) as client, pytest.raises(ConnectionError):
            asked(client, b"one\n")
        with connected(proxy) as client:
            second = asked(client, b"two\n")

    assert ([b"one\n", b"two\n"], b"TWO\n") == (server.lines, second)


@pytest.mark.parametrize("after", range(5))
def test_wire_is_cut_at_the_byte_asked_for(proxy: Proxy, after: int) -> None:
    """So many bytes arrive, counted from when the fault began, and then a reset."""
    with connected(proxy) as client:
        asked(client, b"one\n")
        with proxy.under(Cut(after=after)):
            client.sendall(b"two\n")
            arrived = received(client, after)
            with pytest.raises(ConnectionError):
                client.recv(1)

    assert b"TWO\n"[:after] == arrived


def test_truncated_reply_ends_as_if_that_were_all(proxy: Proxy) -> None:
    """A part of the reply and then the end of the stream, without an error."""
    with connected(proxy) as client, proxy.under(Truncate(after=2)):
        client.sendall(b"one\n")
        arrived = client.makefile("rb").read()

    assert b"ON" == arrived


def test_request_is_cut_on_its_way(proxy: Proxy, server: Server) -> None:
    """A fault of requests leaves the server with a part of one, which it never answers."""
    fault = Cut(after=2, towards=Towards.SERVER)
    with connected(proxy) as client, proxy.under(fault), pytest.raises(ConnectionError):
        asked(client, b"one\n")

    assert b"one\n" not in server.lines


def test_slices_add_up(proxy: Proxy) -> None:
    """Bytes that come one by one are the same bytes."""
    with connected(proxy) as client, proxy.under(Slice(size=1)):
        answer = asked(client, b"one two three\n")

    assert b"ONE TWO THREE\n" == answer


def test_delayed_reply_comes_late(proxy: Proxy) -> None:
    """A delay is waited for, and no longer than it is in force."""
    with connected(proxy) as client, proxy.under(Delay(0.05)):
        began = time.monotonic()
        answer = asked(client, b"one\n")
        took = time.monotonic() - began

    assert (b"ONE\n", True) == (answer, took >= 0.05)


def test_what_a_black_hole_held_arrives_when_it_is_lifted(proxy: Proxy) -> None:
    """While it is in force nothing comes, afterwards everything does, in order."""
    with connected(proxy) as client:
        with proxy.under(BlackHole()):
            client.sendall(b"one\n")
            client.settimeout(0.05)
            with pytest.raises(TimeoutError):
                client.recv(1)
            client.settimeout(LONGEST)
        answers = [received(client, 4), asked(client, b"two\n")]

    assert [b"ONE\n", b"TWO\n"] == answers


def test_server_that_is_down_takes_nothing_and_comes_back(proxy: Proxy, server: Server) -> None:
    """Open connections end at their next request, new ones at once; when it is up again both are welcome."""
    with connected(proxy) as client:
        asked(client, b"one\n")
        with proxy.under(Down()):
            with pytest.raises(ConnectionError):
                asked(client, b"two\n")
            with pytest.raises(ConnectionError), connected(proxy) as other:
                other.recv(1)
    with connected(proxy) as client:
        answer = asked(client, b"three\n")

    assert ([b"one\n", b"three\n"], b"THREE\n") == (server.lines, answer)


def test_all_open_connections_are_cut_at_once(proxy: Proxy) -> None:
    """Cutting resets what is open and leaves the door open."""
    with connected(proxy) as client:
        asked(client, b"one\n")
        proxy.cut()
        with pytest.raises(ConnectionError):
            client.recv(1)
    with connected(proxy) as client:
        answer = asked(client, b"two\n")

    assert b"TWO\n" == answer


def test_one_fault_is_before_all_servers(server: Server) -> None:
    """A proxy before several servers has a way to each, and one fault, whose connections are counted together."""
    with Server() as other, Proxy(place(server), place(other)) as proxy:
        thread = threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        first, second = proxy.ways.values()
        with socket.create_connection(first) as here, socket.create_connection(second) as there:
            whole = [asked(here, b"one\n"), asked(there, b"two\n")]
            with proxy.under(LostReply(), times=1):
                with pytest.raises(ConnectionError):
                    asked(there, b"three\n")
                last = asked(here, b"four\n")
            passed = proxy.passed(Towards.SERVER)
        other.shutdown()
        thread.join(LONGEST)

    assert ([b"ONE\n", b"TWO\n"], b"FOUR\n", 19) == (whole, last, passed)
    assert ([b"one\n", b"four\n"], [b"two\n", b"three\n"]) == (server.lines, other.lines)


def test_connections_that_were_made_are_told_from_those_that_were_taken(proxy: Proxy, server: Server) -> None:
    """A process sees to whom it is connected by itself: here the client to the proxy, and the proxy to the server."""
    before = links()
    with connected(proxy) as client:
        asked(client, b"one\n")
        made = links() - before
        own = {Link.of(client), *proxy.links()}

    assert own == made
    assert {(proxy.host, proxy.port), place(server)} == {link.there for link in made}


def test_no_server_means_a_reset() -> None:
    """A server that nobody started looks like one that is gone."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with Proxy(("127.0.0.1", port)) as proxy, pytest.raises(ConnectionError), connected(proxy) as client:
        client.recv(1)


def test_closed_proxy_leaves_no_thread_and_no_listener(server: Server) -> None:
    """Closing ends the thread, resets what is open, and may be done twice."""
    before = set(threading.enumerate())
    proxy = Proxy(place(server))
    with connected(proxy) as client:
        asked(client, b"one\n")
        proxy.close()
        proxy.close()
        with pytest.raises(ConnectionError):
            client.recv(1)

    left = [thread.name for thread in set(threading.enumerate()) - before if thread.name.startswith("proxy")]
    assert ([], 0) == (left, proxy.open_connections)
    with pytest.raises(ConnectionError):
        connected(proxy)
