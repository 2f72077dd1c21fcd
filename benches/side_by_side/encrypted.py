#!/usr/bin/env python3
"""DNS over TLS and HTTPS: held answers of Trackless, Unbound and dnsdist on one core, with the load on
the other; connections stay open. Prints answers a second and processor time an answer.

The load is dnsperf's over TLS and h2load's over HTTPS: dnsperf 2.10 waits 100 ms whenever an answer
comes before it begins to wait for it, and measures little else with a quick server."""
import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import load
import names
import process
from queries import Queries
from servers import Dnsdist, Trackless, Unbound, build
from upstream import ZONE, Upstream

MODES = {"dot": "TLS", "doh": "HTTPS"}


def certificate(folder):
    """A certificate of our own, with its key."""
    key, chain = Path(folder) / "key.pem", Path(folder) / "chain.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "30", "-keyout", key, "-out", chain, "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        check=True, stderr=subprocess.DEVNULL)
    return key, chain


def with_doors(server, key, chain):
    """Adds doors to the configuration the server has written; gives their ports."""
    ports = {mode: process.free_port() for mode in MODES}
    file = {"trackless": "trackless.yaml", "unbound": "unbound.conf", "dnsdist": "dnsdist.conf"}
    path = server.folder / file[server.name]
    text = path.read_text()
    if server.name == "trackless":
        text += (f"encrypted: {{ tls: 127.0.0.1:{ports['dot']}, https: 127.0.0.1:{ports['doh']}, "
                 f"certificate: {chain}, key: {key} }}\n")
    elif server.name == "unbound":
        text = text.replace("server:\n", f"""server:
  interface: 127.0.0.1@{ports['dot']}
  interface: 127.0.0.1@{ports['doh']}
  tls-port: {ports['dot']}
  https-port: {ports['doh']}
  tls-service-key: "{key}"
  tls-service-pem: "{chain}"
  incoming-num-tcp: 200
""", 1)
    else:
        text = (f'addTLSLocal("127.0.0.1:{ports["dot"]}", "{chain}", "{key}")\n'
                f'addDOHLocal("127.0.0.1:{ports["doh"]}", "{chain}", "{key}", "/dns-query")\n') + text
    path.write_text(text)
    return ports


def measure(server, mode, port, queries, options):
    cpu = server.cpu()
    if mode == "doh":
        result = requests(server.folder, port, options.seconds)
    else:
        started = load.start(port, queries.path("cached"), "-m", "dot", "-q", "100",
                             "-l", str(options.seconds))
        result = load.figures(load.finish(started, options.seconds + 30))
    result["cpu_us"] = (server.cpu() - cpu) / 1000 / max(result["completed"], 1)
    return result


def requests(folder, port, seconds):
    """The same query again and again, 25 at a time on each of 4 connections, as dnsperf does."""
    body = Path(folder) / "query"
    body.write_bytes(process.query(f"www.often1.{ZONE}"))
    out = subprocess.run(
        [process.program("h2load"), "-D", str(seconds), "-c", "4", "-m", "25", "-d", body,
         "-H", "content-type: application/dns-message", f"https://127.0.0.1:{port}/dns-query"],
        check=True, stdout=subprocess.PIPE, text=True).stdout
    good = int(re.search(r"status codes: (\d+) 2xx", out)[1])
    bad = sum(map(int, re.search(r"(\d+) failed, (\d+) errored, (\d+) timeout", out).groups()))
    return {"completed": good, "lost": bad, "rate": good / seconds}


def run(options, folder):
    for tool in ("dnsperf", "h2load", *options.servers):
        if tool in process.PACKAGES:
            process.program(tool)
    paths = build(["trackless"])
    process.settle()
    names_file = Path(folder) / "names"
    names.write("1000", None, names_file)
    queries = Queries(folder, names.sample(names_file, 1000), 1)
    key, chain = certificate(folder)
    upstream = Upstream(folder)
    kinds = [kind for kind in (Trackless, Unbound, Dnsdist) if kind.NAME in options.servers]
    servers = [kind(folder, names_file, upstream, paths) for kind in kinds]
    results = {(server.name, mode): [] for server in servers for mode in MODES}
    try:
        ports = {server.name: with_doors(server, key, chain) for server in servers}
        for server in servers:
            server.start(queries.names[0])
            load.warm(server.port, queries)
        for _ in range(options.rounds):
            for mode in MODES:
                for server in servers:
                    result = measure(server, mode, ports[server.name][mode], queries, options)
                    results[server.name, mode].append(result)
    finally:
        for each in (*servers, upstream):
            each.stop()
    failed = False
    print("| | " + " | ".join(server.name for server in servers) + " |")
    print("|---" * (len(servers) + 1) + "|")
    for mode, name in MODES.items():
        cells = []
        for server in servers:
            of = results[server.name, mode]
            failed = failed or any(not result["completed"] for result in of)
            lost = sum(result["lost"] for result in of)
            cells.append(f"{statistics.median(r['rate'] for r in of):.0f}/s, "
                         f"{statistics.median(r['cpu_us'] for r in of):.1f} µs, {lost} lost")
        print(f"| {name} | " + " | ".join(cells) + " |")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", type=lambda text: text.split(","),
                        default=["trackless", "unbound", "dnsdist"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="encrypted-")
    try:
        failed = run(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
