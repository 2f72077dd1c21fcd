#!/usr/bin/env python3
"""Reloads Trackless once a second under a full-speed dnsperf run: none lost, none wrong."""
import argparse
import signal
import tempfile
import threading
from pathlib import Path

import load
from names import names as generated
from servers import Server, Upstream, build


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=15)
    options = parser.parse_args()
    paths = build()
    with tempfile.TemporaryDirectory(prefix="reload-") as folder:
        names_file = Path(folder) / "names.txt"
        names = list(generated(options.names))
        texts = ["".join(f"{name}\n" for name in names + [f"extra{number}.example"])
                 for number in range(2)]
        names_file.write_text(texts[0])
        queries = load.Queries(folder, names, options.seconds)
        upstream = Upstream(folder)
        server = Server("trackless", 5401, folder, names_file, paths)
        done, reloads = threading.Event(), 0
        try:
            server.start(names[0])
            load.dnsperf(server.port, queries.path("warm"), once=True)
            results = {}
            runs = [threading.Thread(target=lambda scenario=scenario: results.update({
                scenario: load.dnsperf(server.port, queries.path(scenario), options.seconds)}))
                for scenario in ("blocked", "cached")]
            for run in runs:
                run.start()
            while any(run.is_alive() for run in runs) and not done.wait(1):
                reloads += 1
                # By rename, as an editor or a download does it.
                draft = names_file.with_suffix(".draft")
                draft.write_text(texts[reloads % 2])
                draft.rename(names_file)
                server.process.send_signal(signal.SIGHUP)
            for run in runs:
                run.join()
        finally:
            server.stop()
            upstream.stop()
        held = (server.folder / "log").read_text().count("names of")
        print(f"{options.names} names, {reloads} reloads asked for, {held - 1} done")
        for scenario, code in (("blocked", "NXDOMAIN"), ("cached", "NOERROR")):
            result = results[scenario]
            wrong = sum(count for name, count in result["codes"].items() if name != code)
            print(f"{scenario}: {result['completed']:.0f} answers, {result['lost']:.0f} lost, "
                  f"{wrong} wrong, {result['rate']:.0f}/s")


if __name__ == "__main__":
    main()
