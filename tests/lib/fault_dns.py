#!/usr/bin/python3
"""A name server for tests of names that lie, change or never answer.

usage: fault_dns.py ADDRESS LOG RULES

RULES is a JSON object: name -> list of answers, one for each question of type
A in turn, the last one again and again. An answer is a list of IPv4 addresses
(an empty one: the name exists without an address), "nxdomain", "servfail" or
"silent". A rule for "*.x" is for all names below x. Other names do not exist.
Each question is a line "TYPE NAME" in LOG. It prints "ready" and serves until
its standard input is closed.
"""

import json
import os
import select
import socket
import struct
import sys

TYPES = {1: "A", 28: "AAAA"}
SERVFAIL, NXDOMAIN = 2, 3


def question_of(packet):
    """The question's name, type and the offset after it."""
    labels, at = [], 12
    while packet[at]:
        size = packet[at]
        labels.append(packet[at + 1:at + 1 + size].decode("latin-1"))
        at += size + 1
    kind = struct.unpack("!H", packet[at + 1:at + 3])[0]
    return ".".join(labels).lower(), kind, at + 5


def reply(packet, end, code, addresses):
    head = packet[:2] + struct.pack("!HHHHH", 0x8180 | code, 1,
                                    len(addresses), 0, 0)
    records = b"".join(
        b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + socket.inet_aton(a)
        for a in addresses)
    return head + packet[12:end] + records


class Names:
    def __init__(self, rules):
        self.rules = rules
        self.asked = {}

    def rule(self, name):
        if name in self.rules:
            return self.rules[name]
        return self.rules.get("*." + name.partition(".")[2], ["nxdomain"])

    def answer(self, name, kind):
        answers = self.rule(name)
        turn = self.asked.get(name, 0)
        if kind == 1:
            self.asked[name] = turn + 1
        return answers[min(turn, len(answers) - 1)]


def serve(sock, log, names):
    while True:
        ready = select.select([sock, 0], [], [])[0]
        if 0 in ready and not os.read(0, 4096):
            return
        if sock not in ready:
            continue
        packet, client = sock.recvfrom(4096)
        name, kind, end = question_of(packet)
        log.write("%s %s\n" % (TYPES.get(kind, kind), name))
        log.flush()
        answer = names.answer(name, kind)
        if answer == "silent":
            continue
        code = {"nxdomain": NXDOMAIN, "servfail": SERVFAIL}.get(str(answer), 0)
        found = answer if kind == 1 and not code else []
        sock.sendto(reply(packet, end, code, found), client)


def main():
    address, log_path, rules = sys.argv[1:4]
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, 53))
    with open(log_path, "w") as log:
        print("ready", flush=True)
        serve(sock, log, Names(json.loads(rules)))


if __name__ == "__main__":
    main()
