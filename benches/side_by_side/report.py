"""Medians with ranges, as Markdown."""
import statistics

# Percent of the server's core that other processes may take before a run is worth nothing.
SHARED = 10


def spread(values, digits):
    """The median, and the least and the greatest if they differ."""
    values = [value for value in values if value is not None]
    if not values:
        return "–"
    middle, low, high = (f"{value:.{digits}f}"
                         for value in (statistics.median(values), min(values), max(values)))
    return middle if low == high else f"{middle} ({low}–{high})"


def column(rows, key):
    return [row.get(key) for row in rows]


def median(rows, key):
    return statistics.median(value for value in column(rows, key) if value is not None)


def table(head, rows):
    print(f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def codes(rows):
    total = {}
    for row in rows:
        for name, count in row["codes"].items():
            total[name] = total.get(name, 0) + count
    return ", ".join(f"{name} {count}" for name, count in sorted(total.items()))


def scenario(name, results):
    """The table of one scenario, and the ratios that the project is held to."""
    print(f"\n#### {name}")
    table(["server", "CPU µs/answer", "answers/s", "p50 µs", "p99 µs", "answers/wake",
           "others on its core %", "lost", "wrong", "RSS MB", "codes"],
          [[server, spread(column(rows, "cpu_us"), 2), spread(column(rows, "rate"), 0),
            spread(column(rows, "p50_us"), 0), spread(column(rows, "p99_us"), 0),
            spread(column(rows, "batch"), 1), spread(column(rows, "others_percent"), 0),
            str(sum(column(rows, "lost"))),
            "–" if server == "echo" else str(sum(column(rows, "wrong"))),
            spread(column(rows, "rss_mb"), 1), codes(rows)]
           for server, rows in results.items()])
    ratios(results)


def ratios(results):
    """Each round's ratio first, their median then: the machine's speed changes between rounds."""
    cpu = {server: column(rows, "cpu_us") for server, rows in results.items()}
    peers = [server for server in cpu if server not in ("echo", "trackless")]
    if "trackless" not in cpu:
        return
    ours = cpu["trackless"]
    print()
    if "echo" in cpu:
        print(f"- Trackless / echo: {spread([a / b for a, b in zip(ours, cpu['echo'])], 2)}")
    if peers:
        best = min(peers, key=lambda server: statistics.median(cpu[server]))
        print(f"- Trackless / {best}, the best peer: "
              f"{spread([a / b for a, b in zip(ours, cpu[best])], 2)}")
        if "echo" in cpu:
            # Of a difference as small as the noise no quotient can be made.
            above = [(a - e) / (b - e) if b - e > 0.02 * e else None
                     for a, b, e in zip(ours, cpu[best], cpu["echo"])]
            print(f"- what each adds above the echo, Trackless / {best}: {spread(above, 2)}")


def summary(load, results, starts):
    """All scenarios at a glance: CPU µs per answer, memory, start."""
    servers = list(starts)
    print(f"\n### Load: {load}\n\nCPU µs per answered query, medians:")
    rows = [[name] + [f"{median(by[server], 'cpu_us'):.1f}" for server in servers]
            for name, by in results.items()]
    rows.append(["RSS, MB, empty cache"] + [spread(column(starts[server], "rss_mb"), 1)
                                            for server in servers])
    rows.append(["first answer, s"] + [spread(column(starts[server], "first_s"), 3)
                                       for server in servers])
    table([""] + servers, rows)
    shared = max(row["others_percent"] for by in results.values() for all_ in by.values()
                 for row in all_)
    if shared > SHARED:
        print(f"\n**Others took up to {shared:.0f} % of the server's core: these figures do not "
              "count.** Batches grow while a server waits for its turn, and answers get cheaper.")
    for name, by in results.items():
        scenario(name, by)
