#!/usr/bin/env python3
"""Trackless beside its peers: same list, same queries, one interleaved run.

The server has core 0 for itself, dnsperf and the upstream share core 1. CPU per answer is the
figure to trust; answers a second depend on how fast dnsperf is at the moment.
"""
import argparse
import json
import statistics
import tempfile
from pathlib import Path

import load
from servers import ROOT, Server, Upstream, build

SERVERS = ("echo", "trackless", "dnsdist", "unbound", "dnsmasq")
EXPECTED = {  # share of NXDOMAIN among the answers
    "blocked": (1.0, 1.0), "cached": (0.0, 0.0), "mixed": (0.2, 0.3), "cold": (0.0, 0.0),
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", default=",".join(SERVERS))
    parser.add_argument("--scenarios", default=",".join(load.SCENARIOS))
    parser.add_argument("--names", default="real", help="`real`, or how many to generate")
    parser.add_argument("--lists", default=ROOT.parent / "shared/data/lists",
                        help="folder of *.domains.txt.gz, for real names")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    parser.add_argument("--outstanding", type=int, default=100,
                        help="queries open at a time; 8 keeps batches short")
    parser.add_argument("--json", help="write all measurements to this file")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")
    return parser.parse_args()


def measure(server, scenario, queries, names, options, tag):
    """One start of one server under one load."""
    first = server.start(names[len(names) // 2])
    try:
        if scenario == "cold":
            queries.new_cold(tag)
        if scenario == "cached":
            load.dnsperf(server.port, queries.path("warm"), once=True)
        before = server.cpu()
        result = load.dnsperf(server.port, queries.path(scenario), options.seconds,
                              options.outstanding)
        result["cpu_us"] = (server.cpu() - before) / 1000 / max(result["completed"], 1)
        result["rss_mb"] = server.rss()
        result["first_s"] = first
        if scenario != "cold":
            times = load.latencies(server.port, queries.path(scenario))
            if times:
                result["p50_us"] = times[len(times) // 2] * 1e6
                result["p99_us"] = times[len(times) * 99 // 100] * 1e6
    finally:
        server.stop()
    check(server.name, scenario, result)
    return result


def check(name, scenario, result):
    """A server that answers wrongly must not look fast."""
    if name == "echo":
        return
    low, high = EXPECTED[scenario]
    share = result["codes"].get("NXDOMAIN", 0) / max(result["completed"], 1)
    others = set(result["codes"]) - {"NOERROR", "NXDOMAIN"}
    if not low - 0.001 <= share <= high + 0.001 or others:
        print(f"WRONG ANSWERS: {name} {scenario}: {result['codes']}")


def median(results, key):
    return statistics.median(result.get(key, 0) for result in results)


def spread(results, key, digits=1):
    values = [result.get(key, 0) for result in results]
    return (f"{statistics.median(values):.{digits}f} "
            f"({min(values):.{digits}f}–{max(values):.{digits}f})")


def report(scenario, results, peers):
    print(f"\n### {scenario}\n")
    print("| server | CPU µs/answer | answers/s | p50 µs | p99 µs | lost | RSS MB | first answer s |")
    print("|---|---|---|---|---|---|---|---|")
    for name, rows in results.items():
        print(f"| {name} | {spread(rows, 'cpu_us', 2)} | {spread(rows, 'rate', 0)} | "
              f"{median(rows, 'p50_us'):.0f} | {median(rows, 'p99_us'):.0f} | "
              f"{sum(row['lost'] for row in rows):.0f} | {median(rows, 'rss_mb'):.1f} | "
              f"{median(rows, 'first_s'):.3f} |")
    if "trackless" not in results:
        return
    ours = median(results["trackless"], "cpu_us")
    best = min((median(results[name], "cpu_us"), name) for name in peers) if peers else None
    if "echo" in results and scenario in ("blocked", "cached"):
        echo = median(results["echo"], "cpu_us")
        print(f"\nTrackless / echo: {ours / echo:.2f}")
        if best:
            print(f"above the echo: ours {ours - echo:.2f} µs, {best[1]} {best[0] - echo:.2f} µs, "
                  f"ratio {(ours - echo) / (best[0] - echo):.2f}")
    if best:
        print(f"Trackless / {best[1]}: {ours / best[0]:.2f}")


def main():
    options = arguments()
    chosen = options.servers.split(",")
    scenarios = options.scenarios.split(",")
    paths = build()
    folder = tempfile.mkdtemp(prefix="side-by-side-")
    names_file = Path(folder) / "names.txt"
    names = load.write_names(options.names, options.lists, names_file)
    print(f"{len(names)} names, {options.rounds} rounds of {options.seconds} s, "
          f"{options.outstanding} queries open")
    queries = load.Queries(folder, names, options.seconds)
    upstream = Upstream(folder)
    all_results = {scenario: {name: [] for name in chosen} for scenario in scenarios}
    try:
        servers = [Server(name, 5400 + index, folder, names_file, paths)
                   for index, name in enumerate(chosen)]
        for round_ in range(options.rounds):
            for scenario in scenarios:
                for server in servers:
                    if server.name == "echo" and scenario in ("mixed", "cold"):
                        continue
                    result = measure(server, scenario, queries, names, options,
                                     f"{round_}{server.name}")
                    all_results[scenario][server.name].append(result)
    finally:
        upstream.stop()
        if options.json:
            Path(options.json).write_text(json.dumps(all_results, indent=1))
        if not options.keep:
            import shutil
            shutil.rmtree(folder)
    for scenario, results in all_results.items():
        results = {name: rows for name, rows in results.items() if rows}
        report(scenario, results, [name for name in results if name not in ("echo", "trackless")])


if __name__ == "__main__":
    main()
