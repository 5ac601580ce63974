#!/usr/bin/python3
"""An HTTP server that can misbehave in every way a test asks for.

It prints one line of JSON that names its ports and serves until its standard
input is closed, so it never outlives the test that started it.

    http, http2   two origins, the same pages on each
    http6         the same on [::1], null without IPv6
    tls           {name: port}, one for each --tls name=cert,key
    mute          accepts and never says a word
    stuck         its backlog is full: connecting never ends
    refused       nobody listens there
    control       the test's own door: /state, /reset, /script (POST)

Pages: /ok  /echo  /status/N  /delay/SECONDS  /size/BYTES  /number/N
/redirect?to=URL&code=N  /loop  and /s/ID, a script that was posted before:
a list of steps, each a list:

    send TEXT               bytes as U+0000..U+00FF
    repeat TEXT COUNT SLEEP write it that often, waiting in between
    zeros COUNT             that many zero bytes
    gzip TEXT COUNT         that many times TEXT, as one gzip stream
    sleep SECONDS           wait
    next                    keep the connection for another request
    close  reset  hold      end the answer: politely, with RST, never

Every request is recorded and /state tells them, with what was seen of
connections and of how many requests were being answered at the same time.
"""

import asyncio
import collections
import json
import os
import resource
import socket
import ssl
import struct
import sys
import urllib.parse
import zlib

KEPT_REQUESTS = 5000
TLS_HANDSHAKE = b"\x16"
MAX_REQUEST_BYTES = 64 * 1024 * 1024


class State:
    """What the test can ask about."""

    def __init__(self):
        self.scripts = {}
        self.open = 0
        self.connections = 0
        self.in_flight = 0
        self.reset()

    def reset(self):
        self.requests = collections.deque(maxlen=KEPT_REQUESTS)
        self.served = 0
        self.aborted = 0
        self.max_in_flight = self.in_flight
        self.connections_before = self.connections

    def report(self):
        return {
            "requests": list(self.requests),
            "served": self.served,
            "aborted": self.aborted,
            "in_flight": self.in_flight,
            "max_in_flight": self.max_in_flight,
            "open": self.open,
            "connections": self.connections - self.connections_before,
        }


class Request:
    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.line = lines[0]
        self.method, _, rest = lines[0].partition(" ")
        self.target = rest.rpartition(" ")[0]
        self.headers = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers.append([name, value.strip()])
        self.body = body
        path = self.target
        if path.startswith("http://"):      # as a proxy gets it
            path = "/" + path.split("://", 1)[1].partition("/")[2]
        self.path, _, self.query = path.partition("?")

    def header(self, name):
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return None


def answer(status, body, headers=(), keep=True):
    lines = ["HTTP/1.1 %d %s" % (status, "X"), "Content-Length: %d" % len(body)]
    lines += ["%s: %s" % pair for pair in headers]
    if not keep:
        lines.append("Connection: close")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class Connection(asyncio.Protocol):
    """One client: requests are answered one after the other."""

    def __init__(self, server):
        self.server = server
        self.state = server.state
        self.buffer = b""
        self.task = None
        self.count = 0
        self.can_write = asyncio.Event()
        self.can_write.set()
        self.gone = False

    def connection_made(self, transport):
        self.transport = transport
        self.state.open += 1
        self.state.connections += 1
        self.number = self.state.connections
        self.port = transport.get_extra_info("sockname")[1]

    def connection_lost(self, exc):
        self.gone = True
        self.state.open -= 1
        self.can_write.set()
        if self.task is not None:
            self.task.cancel()

    def pause_writing(self):
        self.can_write.clear()

    def resume_writing(self):
        self.can_write.set()

    def data_received(self, data):
        self.buffer += data
        if len(self.buffer) > MAX_REQUEST_BYTES:
            self.transport.abort()
        elif self.buffer[:1] == TLS_HANDSHAKE:
            self.transport.write(answer(400, b"no TLS here", keep=False))
            self.transport.close()
        elif self.task is None:
            self.next_request()

    def next_request(self):
        request = self.parse()
        if request is not None:
            self.count += 1
            self.record(request)
            self.begin()
            self.serve(request)

    def begin(self):
        state = self.state
        state.in_flight += 1
        state.max_in_flight = max(state.max_in_flight, state.in_flight)

    def end(self):
        self.state.in_flight -= 1
        self.state.served += 1
        if self.buffer and not self.gone:
            self.next_request()

    def record(self, request):
        self.state.requests.append({
            "port": self.port,
            "connection": self.number,
            "count": self.count,
            "line": request.line,
            "method": request.method,
            "target": request.target,
            "headers": request.headers,
            "body": request.body.decode("latin-1"),
        })

    def parse(self):
        """A whole request from the buffer, or None until there is one."""
        head, mark, rest = self.buffer.partition(b"\r\n\r\n")
        if not mark:
            return None
        request = Request(head, b"")
        if (request.header("expect") or "").lower() == "100-continue":
            if len(rest) == 0 and not getattr(self, "continued", False):
                self.continued = True
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if (request.header("transfer-encoding") or "").lower() == "chunked":
            end = rest.find(b"0\r\n\r\n")
            if end < 0:
                return None
            request.body, rest = rest[:end], rest[end + 5:]
        else:
            size = int(request.header("content-length") or 0)
            if len(rest) < size:
                return None
            request.body, rest = rest[:size], rest[size:]
        self.buffer = rest
        self.continued = False
        return request

    def serve(self, request):
        """At once where that can be done, else in a task."""
        reply = self.server.page(request, self)
        if isinstance(reply, bytes):
            if request.method == "HEAD":
                reply = reply.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            self.transport.write(reply)
            self.end()
        else:
            self.task = asyncio.ensure_future(self.run(reply))

    async def run(self, steps):
        try:
            await self.play(steps)
        except (asyncio.CancelledError, ConnectionError):
            self.state.aborted += 1
        finally:
            self.task = None
            self.end()

    async def write(self, data):
        """Write when there is room, and let the others have a turn."""
        self.transport.write(data)
        await asyncio.sleep(0)
        await self.can_write.wait()
        if self.gone or self.transport.is_closing():
            raise ConnectionError()

    async def play(self, steps):
        for step in steps:
            verb, given = step[0], step[1:]
            if verb == "send":
                await self.write(as_bytes(given[0]))
            elif verb == "repeat":
                await self.repeat(*given)
            elif verb == "zeros":
                await self.zeros(int(given[0]))
            elif verb == "gzip":
                await self.gzip(as_bytes(given[0]), int(given[1]))
            elif verb == "sleep":
                await asyncio.sleep(float(given[0]))
            elif verb == "hold":
                await asyncio.sleep(86400)
            elif verb == "next":
                return
            elif verb == "reset":
                return self.reset()
            elif verb == "close":
                return self.transport.close()
            else:
                raise ValueError("unknown step " + verb)
        self.transport.close()

    async def repeat(self, text, count, pause=0):
        data = as_bytes(text)
        if not float(pause):
            per_write = max(1, 65536 // max(1, len(data)))
            count = int(count)
            while count > 0:
                part = min(count, per_write)
                await self.write(data * part)
                count -= part
            return
        for _ in range(int(count)):
            await self.write(data)
            await asyncio.sleep(float(pause))

    async def zeros(self, count):
        block = bytes(1024 * 1024)
        while count > 0:
            await self.write(block[:min(count, len(block))])
            count -= len(block)

    async def gzip(self, unit, count):
        coder = zlib.compressobj(9, zlib.DEFLATED, 31)
        per_write = max(1, 1024 * 1024 // len(unit))
        while count > 0:
            part = coder.compress(unit * min(count, per_write))
            count -= per_write
            if part:
                await self.write(part)
            else:
                await asyncio.sleep(0)
        await self.write(coder.flush())

    def reset(self):
        """A real RST, also for what the peer has not read yet."""
        sock = self.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
        self.transport.abort()


def as_bytes(text):
    return text.encode("latin-1")


class Server:
    def __init__(self):
        self.state = State()

    def page(self, request, connection):
        """The whole answer as bytes, or a list of steps."""
        parts = request.path.split("/")
        kind = parts[1] if len(parts) > 1 else ""
        if request.method == "CONNECT":
            return answer(405, b"no tunnels here")
        if kind == "echo":
            return self.echo(request, connection)
        if kind == "status":
            return answer(int(parts[2]), b"" if parts[2] in ("204", "304")
                          else b"status " + parts[2].encode())
        if kind == "delay":
            return [["sleep", parts[2]],
                    ["send", answer(200, b"late").decode("latin-1")],
                    ["next"]]
        if kind == "size":
            size = int(parts[2])
            return [["send", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                     "Content-Length: %d\r\n\r\n" % size],
                    ["repeat", "x" * 4096, size // 4096],
                    ["send", "x" * (size % 4096)], ["next"]]
        if kind == "number":
            return answer(200, parts[2].encode(),
                          [("Content-Type", "text/plain")])
        if kind == "redirect":
            given = urllib.parse.parse_qs(request.query)
            return answer(int(given.get("code", ["302"])[0]), b"elsewhere",
                          [("Location", given["to"][0])])
        if kind == "loop":
            return answer(302, b"round", [("Location", "/loop")])
        if kind == "s":
            if parts[2] in self.state.scripts:
                return self.state.scripts[parts[2]]
            return answer(404, b"no such script")
        if kind == "ok":
            return answer(200, b"ok", [("Content-Type", "text/plain")])
        return answer(404, b"no such page")

    def echo(self, request, connection):
        told = {
            "method": request.method,
            "target": request.target,
            "headers": request.headers,
            "body": request.body.decode("latin-1"),
            "connection": connection.number,
            "count": connection.count,
        }
        return answer(200, json.dumps(told).encode(),
                      [("Content-Type", "application/json")])


class Control(Server):
    """The test's own door; what passes it is counted nowhere."""

    def __init__(self, state):
        super().__init__()
        self.told = state

    def page(self, request, connection):
        if request.path == "/state":
            return answer(200, json.dumps(self.told.report()).encode())
        if request.path == "/reset":
            self.told.reset()
            return answer(200, b"")
        if request.path == "/script":
            name = str(len(self.told.scripts) + 1)
            self.told.scripts[name] = json.loads(request.body)
            return answer(200, name.encode())
        return answer(404, b"")


def bound_socket(family=socket.AF_INET, host="127.0.0.1", port=0):
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    return sock


def fill_backlog(sock):
    """Connect until the kernel lets nobody in any more."""
    sock.listen(0)
    kept = []
    waiting = 0
    while waiting < 3 and len(kept) < 64:
        client = socket.socket()
        client.settimeout(0.15)
        try:
            client.connect(sock.getsockname())
            waiting = 0
        except (socket.timeout, BlockingIOError, ConnectionError):
            waiting += 1
        kept.append(client)
    return kept


async def open_http(server, port, host="127.0.0.1", family=socket.AF_INET,
                    context=None):
    sock = bound_socket(family, host, port)
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: Connection(server), sock=sock,
                             backlog=4096, ssl=context)
    return sock.getsockname()[1]


async def open_tls(server, option):
    name, _, files = option.partition("=")
    cert, _, key = files.partition(",")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return name, await open_http(server, 0, context=context)


async def until_parent_is_gone():
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()

    def on_input():
        if not os.read(0, 4096):
            gone.set()

    loop.add_reader(0, on_input)
    await gone.wait()


async def serve(options):
    server = Server()
    ports = {"tls": {}}
    host = options.get("--listen", "127.0.0.1")
    ports["http"] = await open_http(server, int(options.get("--port", 0)), host)
    ports["http2"] = await open_http(server, 0, host)
    try:
        ports["http6"] = await open_http(server, 0, "::1", socket.AF_INET6)
    except OSError:
        ports["http6"] = None
    for option in options["--tls"]:
        name, port = await open_tls(server, option)
        ports["tls"][name] = port
    ports["control"] = await open_http(Control(server.state), 0)
    stuck, mute, refused = bound_socket(), bound_socket(), bound_socket()
    held = fill_backlog(stuck)
    mute.listen(4096)
    ports["stuck"] = stuck.getsockname()[1]
    ports["mute"] = mute.getsockname()[1]
    ports["refused"] = refused.getsockname()[1]
    print(json.dumps(ports), flush=True)
    await until_parent_is_gone()
    del held


def main():
    options = {"--tls": []}
    given = iter(sys.argv[1:])
    for name in given:
        if name == "--tls":
            options[name].append(next(given))
        elif name in ("--port", "--listen"):
            options[name] = next(given)
        else:
            sys.exit("fault_server.py: unknown option " + name)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(serve(options))


if __name__ == "__main__":
    main()
