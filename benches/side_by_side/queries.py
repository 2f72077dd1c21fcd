"""The query files, the same ones for all servers."""
import itertools
import random
from pathlib import Path

from upstream import ZONE

SCENARIOS = ("blocked", "cached", "mixed", "cold")
# Queries a second while latency is taken: beneath what the slowest server can do.
PACE = {"blocked": 10_000, "cached": 10_000, "mixed": 10_000, "cold": 2_000}


class Queries:
    """Writes a file for each scenario, and a second one for its latency.

    The second has names of its own: those of the first are in every cache by then.
    """

    def __init__(self, folder, names, seconds):
        self.folder, self.names = Path(folder) / "queries", names
        self.folder.mkdir()
        self.dice = random.Random(1)
        self.refused = {}
        self.write("warm", (f"www.often{host}.{ZONE}" for host in range(1_000)))
        # As many as the fastest server can take: a file that is read twice would not be cold.
        for name, mixed, cold in (("", 40_000 * seconds, 150_000 * seconds),
                                  ("-latency", PACE["mixed"], PACE["cold"])):
            hosts = self.dice.choices(range(1_000), k=100_000 if not name else PACE["cached"])
            self.write(f"blocked{name}", self.blocked(200_000 if not name else PACE["blocked"]))
            self.write(f"cached{name}", (f"www.often{host}.{ZONE}" for host in hosts))
            self.refused[f"mixed{name}"] = self.write_mixed(f"mixed{name}", mixed)
            self.write(f"cold{name}", (f"www.once{index:x}{name}.{ZONE}" for index in range(cold)))

    def path(self, name):
        return str(self.folder / name)

    def write(self, name, names):
        with open(self.path(name), "w") as file:
            file.writelines(f"{asked} A\n" for asked in names)

    def blocked(self, count):
        """Listed names, every second one with a sub-domain before it."""
        for index in range(count):
            name = self.dice.choice(self.names)
            yield f"www.{name}" if index % 2 else name

    def write_mixed(self, name, count):
        """Zipf over 20,000 names, a quarter refused; gives how many are."""
        weights = list(itertools.accumulate(1 / rank for rank in range(1, 20_001)))
        hosts = self.dice.choices(range(20_000), cum_weights=weights, k=count)
        refused = [self.dice.random() < 0.25 for _ in hosts]
        listed = self.blocked(sum(refused))
        self.write(name, (next(listed) if refuse else f"www.site{host}{name}.{ZONE}"
                          for host, refuse in zip(hosts, refused)))
        return sum(refused)
