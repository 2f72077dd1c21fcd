"""Names, query files, and dnsperf."""
import gzip
import itertools
import random
import re
import subprocess
from pathlib import Path

from names import names as generated
from servers import ZONE, program

NAME = re.compile(r"(?=.{3,250}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]*[a-z0-9]$")
SCENARIOS = ("blocked", "cached", "mixed", "cold")


def write_names(choice, lists, path):
    """Writes the list that all servers get, and gives it back."""
    if choice == "real":
        files = sorted(Path(lists).glob("*.domains.txt.gz"))
        if not files:
            raise SystemExit(f"no *.domains.txt.gz in {lists}; give --lists DIR, or --names N")
        found = set()
        for file in files:
            with gzip.open(file, "rt", errors="replace") as lines:
                found.update(line.strip().lower() for line in lines)
        names = sorted(name for name in found if NAME.match(name))
    else:
        names = list(generated(int(choice)))
    Path(path).write_text("".join(f"{name}\n" for name in names))
    return names


class Queries:
    """Query files for dnsperf, the same for all servers; `cold` has new names each round."""

    def __init__(self, folder, names, seconds):
        self.folder, self.seconds = Path(folder), seconds
        dice = random.Random(1)

        def blocked(index):
            name = dice.choice(names)
            return f"www.{name}" if index % 2 else name

        self.write("blocked", (blocked(index) for index in range(200_000)))
        self.write("cached", (f"n{dice.randrange(1000)}.{ZONE}" for _ in range(100_000)))
        self.write("warm", (f"n{host}.{ZONE}" for host in range(1000)))
        weights = list(itertools.accumulate(1 / rank for rank in range(1, 20_001)))
        hosts = dice.choices(range(20_000), cum_weights=weights, k=300_000)
        self.write("mixed", (blocked(0) if dice.random() < 0.25 else f"n{host}.{ZONE}"
                             for host in hosts))

    def path(self, scenario):
        return str(self.folder / f"{scenario}.queries")

    def write(self, scenario, names):
        with open(self.path(scenario), "w") as file:
            file.writelines(f"{name} A\n" for name in names)

    def new_cold(self, tag):
        count = 120_000 * self.seconds
        self.write("cold", (f"x{tag}y{index:x}.cold.{ZONE}" for index in range(count)))


def dnsperf(port, file, seconds=None, outstanding=100, once=False):
    """Runs dnsperf on core 1. Gives queries completed, lost, per second, and codes."""
    limit = ["-n", "1"] if once else ["-l", str(seconds)]
    out = subprocess.run(
        ["taskset", "-c", "1", program("dnsperf"), "-s", "127.0.0.1", "-p", str(port), "-d", file,
         "-c", "4", "-q", str(outstanding), "-t", "5", *limit],
        capture_output=True, text=True, check=True).stdout
    found = {}
    for key, pattern in {
        "sent": r"Queries sent:\s+(\d+)", "completed": r"Queries completed:\s+(\d+)",
        "lost": r"Queries lost:\s+(\d+)", "rate": r"Queries per second:\s+([\d.]+)",
        "mean_ms": r"Average Latency \(s\):\s+([\d.]+)",
    }.items():
        match = re.search(pattern, out)
        found[key] = float(match.group(1)) if match else 0.0
    found["mean_ms"] *= 1000
    codes = re.search(r"Response codes:\s+(.*)", out)
    found["codes"] = {name: int(count) for name, count in
                      re.findall(r"([A-Z]+) (\d+)", codes.group(1) if codes else "")}
    return found


def latencies(port, file, count=4000):
    """Sorted seconds of `count` single queries, at most 8 open, from dnsperf's verbose output."""
    short = Path(file).with_suffix(".short")
    with open(file) as lines:
        short.write_text("".join(itertools.islice(lines, count)))
    out = subprocess.run(
        ["taskset", "-c", "1", program("dnsperf"), "-s", "127.0.0.1", "-p", str(port),
         "-d", str(short), "-c", "4", "-q", "8", "-n", "1", "-v"],
        capture_output=True, text=True, check=True).stdout
    return sorted(float(match) for match in re.findall(r"^> \S+ \S+ \S+ ([\d.]+)$", out, re.M))
