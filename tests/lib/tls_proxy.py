#!/usr/bin/python3
"""TLS in front of a PostgreSQL server, in records as large as TLS allows.

usage: tls_proxy.py CERTIFICATE KEY HOST PORT

A server fills records of 8 kB; what terminates TLS in front of one may fill
16 kB, and a client that reads less than a record at a time has the rest in its
TLS library, where no poll sees it.  This one collects what the server at HOST
(a host or a folder of sockets) and PORT says until there are 16 kB or a short
silence, and writes that at once.

It prints the port of 127.0.0.1 that it listens on, and after SIGTERM a line of
JSON: the sessions and the writes of more than 8 kB.
"""

import json
import os
import select
import signal
import socket
import ssl
import struct
import sys
import threading

RECORD_BYTES = 16384
LARGE_BYTES = 8193
SILENCE_S = 0.002
SSL_REQUEST = struct.pack("!II", 8, 80877103)

counts = {"sessions": 0, "large": 0}
counts_lock = threading.Lock()


def count(what):
    with counts_lock:
        counts[what] += 1


def connect(host, port):
    if not host.startswith("/"):
        return socket.create_connection((host, int(port)))
    server = socket.socket(socket.AF_UNIX)
    server.connect(f"{host}/.s.PGSQL.{port}")
    return server


def read_record(server):
    """Up to a record's worth, once there is something; empty at the end."""
    data = server.recv(RECORD_BYTES)
    while 0 < len(data) < RECORD_BYTES:
        if not select.select([server], [], [], SILENCE_S)[0]:
            break
        more = server.recv(RECORD_BYTES - len(data))
        if not more:
            break
        data += more
    return data


def relay(client, server):
    """One thread does both directions: a TLS session is not for two."""
    while True:
        readable = select.select([client, server], [], [])[0]
        if client in readable:
            data = client.recv(RECORD_BYTES)
            while client.pending() > 0:
                data += client.recv(client.pending())
            if not data:
                return
            server.sendall(data)
        if server in readable:
            data = read_record(server)
            if not data:
                return
            if len(data) >= LARGE_BYTES:
                count("large")
            client.sendall(data)


def serve(raw, context, host, port):
    try:
        with raw:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if raw.recv(8, socket.MSG_WAITALL) != SSL_REQUEST:
                return
            raw.sendall(b"S")
            with context.wrap_socket(raw, server_side=True) as client:
                count("sessions")
                with connect(host, port) as server:
                    relay(client, server)
    except OSError as error:
        # a client that leaves without good-bye is none of ours to tell
        if not isinstance(error, (ConnectionError, ssl.SSLEOFError)):
            print(f"tls_proxy.py: {error}", file=sys.stderr, flush=True)


def tell_and_end(*_):
    # without the lock, which a thread may hold at this moment
    print(json.dumps(counts), flush=True)
    os._exit(0)


def main():
    certificate, key, host, port = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    signal.signal(signal.SIGTERM, tell_and_end)
    print(listener.getsockname()[1], flush=True)
    while True:
        raw, _ = listener.accept()
        threading.Thread(
            target=serve, args=(raw, context, host, port), daemon=True
        ).start()


main()
