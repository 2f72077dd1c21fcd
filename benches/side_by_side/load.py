"""dnsperf: the load, what came back of it, and whether that was right."""
import re
import subprocess
import sys

from process import program
from queries import PACE

FIGURES = {
    "sent": r"Queries sent:\s+(\d+)", "completed": r"Queries completed:\s+(\d+)",
    "lost": r"Queries lost:\s+(\d+)", "rate": r"Queries per second:\s+([\d.]+)",
    "seconds": r"Run time \(s\):\s+([\d.]+)",
}


def start(port, file, *options):
    """Starts dnsperf, on this script's own core."""
    return subprocess.Popen(
        [program("dnsperf"), "-s", "127.0.0.1", "-p", str(port), "-d", file, "-c", "4", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process, limit):
    """What a started dnsperf printed, after at most `limit` seconds."""
    try:
        out, err = process.communicate(timeout=limit)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode:
        sys.exit(f"dnsperf has failed: {err[-500:]}")
    return out


def figures(out):
    """Queries sent, completed, lost, a second, and the count of each response code."""
    found = {}
    for key, pattern in FIGURES.items():
        match = re.search(pattern, out)
        found[key] = float(match[1]) if key in ("rate", "seconds") else int(match[1])
    codes = re.search(r"Response codes:\s+(.*)", out)
    found["codes"] = {name: int(count) for name, count in
                      re.findall(r"([A-Z]+) (\d+)", codes[1] if codes else "")}
    return found


def full(port, queries, scenario, seconds, outstanding):
    """One measurement at full speed.

    `mixed` ends with its file and not with the time: a quick server would otherwise see fewer
    misses a query than a slow one.
    """
    options = ["-q", str(outstanding)]
    limit = seconds
    if scenario in ("mixed", "cold"):
        options += ["-n", "1"]
    if scenario == "mixed":
        limit = 4 * seconds
    options += ["-l", str(limit)]
    result = figures(finish(start(port, queries.path(scenario), *options), limit + 30))
    result["wrong"] = wrong(result, scenario, queries)
    return result


def wrong(result, scenario, queries):
    """How many answers have a response code that they should not have."""
    codes, completed = result["codes"], result["completed"]
    refused, passed = codes.get("NXDOMAIN", 0), codes.get("NOERROR", 0)
    others = completed - refused - passed
    if completed == 0:
        return 1
    if scenario == "blocked":
        return completed - refused
    if scenario != "mixed":
        return completed - passed
    expected = queries.refused["mixed"]
    with open(queries.path("mixed")) as file:
        total = sum(1 for _ in file)
    if result["sent"] == total:
        return others + max(0, abs(refused - expected) - result["lost"])
    # Cut short by the time limit: the share must still be near.
    off = abs(refused - completed * expected / total)
    return others + (round(off) if off > completed * 0.01 else 0)


def warm(port, queries):
    finish(start(port, queries.path("warm"), "-n", "1", "-q", "20"), 30)


def latency(port, queries, scenario):
    """Microseconds of the median and of the slowest hundredth, for a second at an even pace.

    At full speed latency would only say how many queries dnsperf keeps open, and dnsperf's
    verbose mode, the one that tells the latency of each, would slow down the measurement.
    """
    return paced(port, queries.path(f"{scenario}-latency"), PACE[scenario], "-n", "1")


def paced(port, file, pace, *options, limit=30):
    """Queries lost at `pace` a second, and microseconds of the median and of the slowest
    hundredth."""
    out = finish(start(port, file, "-q", "100", "-Q", str(pace), "-v", *options), limit)
    times = sorted(float(time) for time in re.findall(r"^> [A-Z]+ \S+ \S+ ([\d.]+)$", out, re.M))
    if not times:
        return {}
    return {"p50_us": times[len(times) // 2] * 1e6, "p99_us": times[len(times) * 99 // 100] * 1e6,
            "paced_lost": figures(out)["lost"]}
