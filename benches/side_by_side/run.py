#!/usr/bin/env python3
"""Trackless beside its peers: same list, same queries, one interleaved run.

The server has core 0 for itself, dnsperf and the upstream share core 1. CPU per answer is the
figure to trust; answers a second depend on how fast dnsperf is at the moment.
"""
import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import load
import names
import process
import report
from queries import SCENARIOS, Queries
from servers import ROOT, SERVERS, build
from upstream import Upstream

LOADS = {"saturate": 100, "short": 8}


def some_of(known):
    def parse(text):
        chosen = text.split(",")
        for name in chosen:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(known)}")
        return chosen
    return parse


def list_of_names(text):
    if text != "real" and not (text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError("`real`, or how many to generate")
    return text


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", type=some_of(SERVERS), default=list(SERVERS),
                        help=",".join(SERVERS))
    parser.add_argument("--scenarios", type=some_of(SCENARIOS), default=list(SCENARIOS),
                        help=",".join(SCENARIOS))
    parser.add_argument("--load", type=some_of(LOADS), default=["saturate"], dest="loads",
                        help="saturate (100 queries open), short (8, short batches), or both "
                             "with a comma between")
    parser.add_argument("--names", type=list_of_names, default="real",
                        help="`real`, or how many to generate")
    parser.add_argument("--lists", default=ROOT.parent / "shared/data/lists",
                        help="folder of *.domains.txt.gz, for real names")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    parser.add_argument("--json", help="write all measurements to this file")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")
    return parser.parse_args()


def measure(server, scenario, queries, seconds, outstanding):
    """One scenario on a server that runs."""
    if scenario == "cached":
        load.warm(server.port, queries)
    busy, wakes, cpu = process.core_busy(process.SERVER_CORE), server.wakes(), server.cpu()
    start = time.monotonic_ns()
    result = load.full(server.port, queries, scenario, seconds, outstanding)
    cpu, wakes = server.cpu() - cpu, server.wakes() - wakes
    busy = process.core_busy(process.SERVER_CORE) - busy
    result["cpu_us"] = cpu / 1000 / max(result["completed"], 1)
    result["batch"] = result["completed"] / max(wakes, 1)
    result["others_percent"] = max(0, busy - cpu) / (time.monotonic_ns() - start) * 100
    result.update(load.latency(server.port, queries, scenario))
    result["rss_mb"] = server.rss()
    return result


def one_round(servers, queries, options, shape, results, starts):
    """Every server is started, then each scenario goes once around them all."""
    try:
        for server in servers:
            first = server.start(queries.names[0])
            starts[server.name].append({"first_s": first, "rss_mb": server.rss()})
        for scenario in options.scenarios:
            for server in servers:
                result = measure(server, scenario, queries, options.seconds, LOADS[shape])
                results[scenario][server.name].append(result)
                print(f"{shape} {scenario} {server.name}: {result['cpu_us']:.2f} µs/answer",
                      file=sys.stderr)
    finally:
        for server in servers:
            server.stop()


def run(options, folder):
    upstream = None
    for name in ["dnsperf", "nsd", *options.servers]:
        program = name.removesuffix("-batch")
        if program in process.PACKAGES:
            process.program(program)
    paths = build(options.servers)
    process.settle()
    names_file = Path(folder) / "names"
    count = names.write(options.names, options.lists, names_file)
    queries = Queries(folder, names.sample(names_file, count), options.seconds)
    results = {shape: {scenario: {server: [] for server in options.servers}
                       for scenario in options.scenarios} for shape in options.loads}
    starts = {shape: {server: [] for server in options.servers} for shape in options.loads}
    try:
        upstream = Upstream(folder)
        servers = [SERVERS[name](folder, names_file, upstream, paths) for name in options.servers]
        for _ in range(options.rounds):
            for shape in options.loads:
                one_round(servers, queries, options, shape, results[shape], starts[shape])
    finally:
        if upstream:
            upstream.stop()
    print(f"{count} names, {options.rounds} rounds of {options.seconds} s")
    for server in servers:
        if hasattr(server, "compiled_s"):
            print(f"list compiled in {server.compiled_s:.2f} s, before all starts")
    for shape in options.loads:
        report.summary(f"{shape}, {LOADS[shape]} queries open", results[shape], starts[shape])
    if options.json:
        Path(options.json).write_text(json.dumps(
            {"names": count, "rounds": options.rounds, "seconds": options.seconds,
             "starts": starts, "results": results}, indent=1) + "\n")
    return [(shape, scenario, server, row["codes"])
            for shape, by_scenario in results.items()
            for scenario, by_server in by_scenario.items()
            for server, rows in by_server.items() if server != "echo"
            for row in rows if row["wrong"]]


def main():
    options = arguments()
    folder = tempfile.mkdtemp(prefix="side-by-side-")
    try:
        wrong = run(options, folder)
    finally:
        if options.keep:
            print(f"kept: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    for shape, scenario, server, codes in wrong:
        # A server that answers wrongly must not look fast.
        print(f"WRONG ANSWERS: {server}, {scenario}, {shape}: {codes}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
