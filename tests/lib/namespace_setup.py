#!/usr/bin/python3
"""Bring loopback up in a new network namespace and give it more addresses.

usage: namespace_setup.py ADDRESS…

Done by hand so that a test needs no more than util-linux and Python.
"""

import fcntl
import socket
import struct
import sys

SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C
IFF_UP, IFF_RUNNING = 0x1, 0x40


def address_request(name, address):
    return struct.pack("16sHH4s8x", name.encode(), socket.AF_INET, 0,
                       socket.inet_aton(address)) + bytes(8)


def main():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCSIFFLAGS,
                    struct.pack("16sH22x", b"lo", IFF_UP | IFF_RUNNING))
        for number, address in enumerate(sys.argv[1:]):
            name = "lo:%d" % number
            fcntl.ioctl(sock, SIOCSIFADDR, address_request(name, address))
            fcntl.ioctl(sock, SIOCSIFNETMASK,
                        address_request(name, "255.255.255.255"))
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", "w") as limit:
        limit.write("0")


if __name__ == "__main__":
    main()
