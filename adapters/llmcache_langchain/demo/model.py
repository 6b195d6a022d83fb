"""A model on this machine that speaks OpenAI's HTTP API: for the demo without an account, and for tests.

It is a real HTTP server on loopback, so the real client, its retries, streaming and time limits are exercised. It
invents nothing: its text follows from the request (`reply.recall`), or from a script.

    with LocalModel(delay=0.8) as model:
        ChatOpenAI(model="local", base_url=model.base_url, api_key="none").invoke("hello")
        model.calls   # 1
"""

import json
import socket
import threading
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self, cast

from llmcache.model.units import Plain, Seconds
from llmcache_langchain.demo import wire
from llmcache_langchain.demo.reply import Body, ModelError, Reply, Script, recall

_PATH = "/v1/chat/completions"


class LocalModel:
    """An OpenAI-compatible server on a free port of 127.0.0.1, from `start` (or `with`) to `stop`.

    Args:
        reply: Chooses the answers; may raise `ModelError`. Called in the thread of the request.
        delay: Seconds until the first token.
        per_token: Seconds for each token of the answer, on top.
    """

    def __init__(self, reply: Script = recall, *, delay: Seconds = 0.0, per_token: Seconds = 0.0) -> None:
        self._script = reply
        self._delay = delay
        self._per_token = per_token
        self._lock = threading.Lock()
        self._bodies: list[Body] = []
        self._stopping = threading.Event()
        self._server: _Server | None = None

    @property
    def base_url(self) -> str:
        """What a client takes as its base URL; only while the server runs."""
        if self._server is None:
            raise RuntimeError("the local model does not run; use `with LocalModel() as model:`")
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def calls(self) -> int:
        """How many chat completions were asked for since the start, refused ones included."""
        with self._lock:
            return len(self._bodies)

    @property
    def bodies(self) -> Sequence[Body]:
        """The requests so far, oldest first, as they came over the wire."""
        with self._lock:
            return tuple(self._bodies)

    def start(self) -> None:
        """Listen, and answer from a thread per connection."""
        self._stopping.clear()
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="local-model", daemon=True).start()

    def stop(self) -> None:
        """Cut every connection, wait for the threads and free the port; a second call does nothing."""
        server, self._server = self._server, None
        self._stopping.set()
        if server is not None:
            server.shutdown()
            server.cut_connections()
            server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def answer(self, body: Body) -> Sequence[Reply]:
        """Count the request and return its replies after the delay to the first token."""
        with self._lock:
            self._bodies.append(body)
        replies = self._script(body)
        self.pause(self._delay)
        return [replies] * int(body.get("n") or 1) if isinstance(replies, Reply) else list(replies)

    def pause_for_tokens(self, count: int) -> None:
        """Wait as long as a model takes for `count` tokens."""
        self.pause(self._per_token * count)

    def pause(self, seconds: Seconds) -> None:
        """Wait, but not beyond `stop`."""
        if seconds > 0:
            self._stopping.wait(seconds)


class _Server(ThreadingHTTPServer):
    """Remembers its connections, so that stopping does not wait for idle clients that keep theirs open."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, model: LocalModel) -> None:
        self.model = model
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Plain, client_address: Plain) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Plain) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Plain, client_address: Plain) -> None:
        """Say nothing: a client that hangs up early is an ordinary event."""

    def cut_connections(self) -> None:
        for connection in tuple(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != _PATH:
            self._send_json(HTTPStatus.NOT_FOUND, wire.problem(f"this model answers {_PATH} only", "not_found"))
        elif (body := _chat_request(raw)) is None:
            self._send_json(HTTPStatus.BAD_REQUEST, wire.problem("not a JSON object with messages", "invalid_request"))
        else:
            self._answer(body)

    def _answer(self, body: Body) -> None:
        try:
            replies = self._model.answer(body)
        except ModelError as error:
            self._send_json(error.status, wire.problem(str(error), "server_error"))
        except Exception as error:  # noqa: BLE001 -- a script's own failure reaches the client, as a model's would
            self._send_json(HTTPStatus.INTERNAL_SERVER_ERROR, wire.problem(f"the script failed: {error!r}", "script"))
        else:
            self._send_replies(body, replies)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name http.server passes
        """Keep the terminal for the demo."""

    @property
    def _model(self) -> LocalModel:
        return cast(_Server, self.server).model

    def _send_replies(self, body: Body, replies: Sequence[Reply]) -> None:
        if body.get("stream"):
            self._send_events(wire.chunks(body, replies))
            return
        answer = wire.completion(body, replies)
        self._model.pause_for_tokens(answer["usage"]["completion_tokens"])
        self._send_json(HTTPStatus.OK, answer)

    def _send_json(self, status: int, value: Plain) -> None:
        raw = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _send_events(self, chunks: Iterable[Plain]) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in chunks:
            self._model.pause_for_tokens(1)
            self._write_part(f"data: {json.dumps(chunk)}\n\n".encode())
        self._write_part(b"data: [DONE]\n\n")
        self._write_part(b"")

    def _write_part(self, part: bytes) -> None:
        """Write one part of a chunked body (RFC 9112, section 7.1); the empty one ends it."""
        self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")


def _chat_request(raw: bytes) -> Body | None:
    try:
        body = json.loads(raw)
    except ValueError:
        return None
    return body if isinstance(body, dict) and isinstance(body.get("messages"), list) else None
