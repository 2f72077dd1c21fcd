#!/usr/bin/env python3
"""Reloads Trackless again and again under load: at full speed none is lost and none wrong, and at an
even pace the slowest answers are told beside those of a quiet server."""
import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import load
import names
import process
from queries import PACE, Queries
from servers import Trackless, build
from upstream import Upstream

EXPECTED = {"blocked": "NXDOMAIN", "cached": "NOERROR"}


def variants(folder, count):
    """Two lists that differ in their last name; the server's file is always one of them."""
    made = []
    for number in range(2):
        made.append(Path(folder) / f"names-{number}")
        names.write(str(count), None, made[-1])
        with open(made[-1], "a") as file:
            file.write(f"only-in-{number}.example\n")
    return made


def swap(variant, target):
    """Puts a list in place by rename, as an editor or a download does it."""
    draft = target.with_suffix(".draft")
    shutil.copyfile(variant, draft)
    draft.rename(target)


def in_force(port, number, wait=30):
    """Whether the list `number` is the one that holds, at the latest after `wait` seconds."""
    limit = time.monotonic() + wait
    while time.monotonic() < limit:
        if process.rcode(port, f"only-in-{number}.example") == process.NXDOMAIN:
            return True
        time.sleep(0.05)
    return False


def run(options, folder):
    paths = build(["trackless"])
    process.settle()
    lists = variants(folder, options.names)
    names_file = Path(folder) / "names"
    swap(lists[0], names_file)
    sampled = names.sample(lists[0], options.names)
    queries = Queries(folder, sampled, 1)
    upstream = server = None
    loads = {}
    try:
        upstream = Upstream(folder)
        server = Trackless(folder, names_file, upstream, paths)
        server.start(sampled[0])
        load.warm(server.port, queries)
        loads = {scenario: load.start(server.port, queries.path(scenario),
                                      "-q", "100", "-l", str(options.seconds))
                 for scenario in EXPECTED}
        reloads, end = 0, time.monotonic() + options.seconds
        while time.monotonic() + 1 < end:
            time.sleep(1)
            reloads += 1
            swap(lists[reloads % 2], names_file)
            os.kill(server.process.pid, signal.SIGHUP)
        results = {scenario: load.figures(load.finish(dnsperf, options.seconds + 30))
                   for scenario, dnsperf in loads.items()}
        last = in_force(server.port, reloads % 2)
        paced = (load.paced, server.port, queries.path("blocked"), PACE["blocked"],
                 "-l", str(options.seconds))
        with ThreadPoolExecutor(1) as pool:
            quiet = pool.submit(*paced, limit=options.seconds + 30).result()
            running = pool.submit(*paced, limit=options.seconds + 30)
            one_by_one = 0
            while not running.done():
                reloads += 1
                swap(lists[reloads % 2], names_file)
                os.kill(server.process.pid, signal.SIGHUP)
                one_by_one += in_force(server.port, reloads % 2)
            busy = running.result()
    finally:
        for dnsperf in loads.values():
            if dnsperf.poll() is None:
                dnsperf.kill()
        for each in (server, upstream):
            if each:
                each.stop()
    print(f"{options.names} names, {reloads} reloads in {options.seconds} s, "
          f"the last one {'holds' if last else 'DOES NOT HOLD'}")
    failed = not last
    for scenario, code in EXPECTED.items():
        result = results[scenario]
        wrong = result["completed"] - result["codes"].get(code, 0)
        failed = failed or bool(wrong or result["lost"]) or not result["completed"]
        print(f"{scenario}: {result['sent']} sent, {result['completed']} completed, "
              f"{result['lost']} lost, {wrong} wrong, {result['rate']:.0f}/s, "
              f"codes {result['codes']}")
    print(f"blocked at {PACE['blocked']}/s, {one_by_one} reloads, one behind the other: "
          f"{busy['paced_lost']} lost, p50 {quiet['p50_us']:.0f} -> {busy['p50_us']:.0f} us, "
          f"p99 {quiet['p99_us']:.0f} -> {busy['p99_us']:.0f} us "
          f"({busy['p99_us'] / quiet['p99_us']:.2f})")
    return failed or bool(busy["paced_lost"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=15)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="reload-")
    try:
        failed = run(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
