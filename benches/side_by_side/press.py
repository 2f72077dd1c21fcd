#!/usr/bin/env python3
"""How soon a press of the button, and a rule of the owner's, act under full load: from the moment the
order leaves to the first answer that follows it, asked for without a pause."""
import argparse
import json
import shutil
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

import load
import names
import process
from queries import Queries
from servers import Trackless, build
from upstream import Upstream

REFUSED = 3


def question(name):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return b"\0\1\1\0\0\1\0\0\0\0\0\0" + labels + b"\0\0\1\0\1"


class Client:
    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.9", 0))
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(1)

    def code(self, packet):
        try:
            self.socket.send(packet)
            return self.socket.recv(512)[3] & 15
        except TimeoutError:
            return None


def order(path, what):
    control = socket.socket(socket.AF_UNIX)
    control.connect(str(path))
    control.sendall(json.dumps(what).encode() + b"\n")
    return control


def acts(path, what, client, packet, refused):
    """Milliseconds until the order acts, and until it is kept and confirmed."""
    start = time.monotonic()
    control = order(path, what)
    while (client.code(packet) == REFUSED) != refused:
        if time.monotonic() - start > 5:
            raise RuntimeError(f"{what} does not act")
    acted = time.monotonic()
    said = control.makefile().readline()
    if "Ok" not in said:
        raise RuntimeError(said)
    return (acted - start) * 1e3, (time.monotonic() - start) * 1e3


def run(options, folder):
    paths = build(["trackless"])
    process.settle()
    names_file = Path(folder) / "names"
    names.write(str(options.names), None, names_file)
    queries = Queries(folder, names.sample(names_file, options.names), 1)
    upstream = Upstream(folder)
    server = Trackless(folder, names_file, upstream, paths)
    started = [upstream, server]
    try:
        server.start(names.sample(names_file, options.names)[0])
        load.warm(server.port, queries)
        control = next(Path(folder).rglob("control.sock"))
        blocked = names.sample(names_file, options.names)[1]
        packet, client = question(blocked), Client(server.port)
        beside = load.start(server.port, queries.path("cached"), "-q", "200",
                            "-l", str(options.seconds))
        found = {"button": [], "rule": []}
        time.sleep(1)
        end = time.monotonic() + options.seconds - 3
        while time.monotonic() < end:
            for press, refused in (("off", False), ("on", True)):
                what = {"change": {"press": [None, press]}}
                found["button"].append(acts(control, what, client, packet, refused))
            for choice, refused in (("allow", False), ("clear", True)):
                what = {"change": {"choose": ["house", {"name": blocked}, choice]}}
                found["rule"].append(acts(control, what, client, packet, refused))
        figures = load.figures(load.finish(beside, options.seconds + 30))
        print(f"load: {figures['rate']:.0f} queries/s, {figures['lost']} lost")
        for what, times in found.items():
            acted, kept = sorted(a for a, _ in times), [k for _, k in times]
            print(f"{what}: {len(times)} times; acts in ms: median {statistics.median(acted):.2f}, "
                  f"p99 {acted[int(len(acted) * 0.99)]:.2f}, most {acted[-1]:.2f}; "
                  f"kept and confirmed: median {statistics.median(kept):.2f}")
    finally:
        for each in reversed(started):
            each.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=13)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="press-")
    try:
        run(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
