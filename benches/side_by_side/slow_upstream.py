#!/usr/bin/env python3
"""Held answers while others wait for a slow upstream: the slowest hundredth of an even pace, while
every fifth query is for a name nobody asked for before, of an upstream that takes 200 ms. Beside it the
same load with those queries sent to the upstream itself: it is the load's core that is slower then."""
import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import load
import names
import process
from queries import Queries
from servers import Trackless, build
from upstream import ZONE, Upstream

DELAY_MS = 200
HELD_PACE, COLD_PACE = 8_000, 2_000


class Slow(process.Process):
    """dnsdist before the upstream: it holds every answer back."""

    def __init__(self, folder, upstream):
        super().__init__("slow", folder, process.LOAD_CORE)
        config = self.write("dnsdist.conf", f"""\
setLocal("127.0.0.1:{self.port}")
newServer({{address="127.0.0.1:{upstream.port}", checkInterval=60, sockets=4}})
setMaxUDPOutstanding(65535)
addAction(AllRule(), DelayAction({DELAY_MS}))
""")
        self.launch([process.program("dnsdist"), "--supervised", "-C", config], f"first.{ZONE}", 0)


def cold(folder, round_number, seconds):
    """Names nobody has asked for, one a query."""
    path = Path(folder) / f"cold-{round_number}"
    count = COLD_PACE * seconds
    path.write_text("".join(f"r{round_number}n{n}.{ZONE} A\n" for n in range(count)))
    return path


def run(options, folder):
    paths = build(["trackless"])
    process.settle()
    names_file = Path(folder) / "names"
    names.write(str(options.names), None, names_file)
    queries = Queries(folder, names.sample(names_file, options.names), 1)
    started, results, lost = [], {"alone": [], "past": [], "through": []}, 0
    try:
        upstream = Upstream(folder)
        started.append(upstream)
        server = Trackless(folder, names_file, upstream, paths)
        # Filled by the quick upstream, then asked over the slow one.
        slow = Slow(folder, upstream)
        started.append(slow)
        server.upstream = slow.port
        server.command = server.configure()
        started.append(server)
        server.start(names.sample(names_file, options.names)[0])
        load.warm(server.port, queries)
        held = (server.port, queries.path("cached"), HELD_PACE, "-l", str(options.seconds))
        for number in range(options.rounds):
            results["alone"].append(load.paced(*held, limit=options.seconds + 30))
            for way, port in (("past", slow.port), ("through", server.port)):
                names_file = cold(folder, f"{number}{way}", options.seconds)
                beside = load.start(port, str(names_file), "-q", "2000", "-Q", str(COLD_PACE),
                                    "-n", "1", "-l", str(options.seconds))
                try:
                    results[way].append(load.paced(*held, limit=options.seconds + 30))
                    figures = load.figures(load.finish(beside, options.seconds + 30))
                finally:
                    if beside.poll() is None:
                        beside.kill()
                lost += figures["lost"] + results[way][-1]["paced_lost"]
            p99 = {way: f"{of[-1]['p99_us']:.0f}" for way, of in results.items()}
            print(f"round {number + 1}: {figures['rate']:.0f} cold/s, held p99 in us: {p99}")
    finally:
        for each in reversed(started):
            each.stop()
    for what in ("p50_us", "p99_us"):
        middle = {way: statistics.median(result[what] for result in of)
                  for way, of in results.items()}
        print(f"{what}: {middle['alone']:.0f} alone, {middle['past']:.0f} with misses sent past the "
              f"server, {middle['through']:.0f} through it "
              f"({middle['through'] / middle['past']:.2f})")
    print(f"{lost} lost")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="slow-")
    try:
        run(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
