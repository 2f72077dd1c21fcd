#!/usr/bin/env python3
"""Prints N different plausible tracker names, the same ones each time: names.py N > FILE."""
import gzip
import itertools
import re
import sys
from pathlib import Path

WORDS = ("ads", "track", "metrics", "pixel", "stats", "tag", "beacon", "collect", "sync", "cdn")
ENDS = ("com", "net", "org", "de", "co.uk", "io", "ru", "jp", "com.br", "fr")
LABEL = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
NAME = re.compile(rf"(?=.{{3,250}}$)({LABEL}\.)+[a-z][a-z0-9-]*[a-z0-9]$")


def generated(count):
    """About 21 characters on average, as in real lists; a third share their parent with others."""
    for index in range(count):
        mixed = (index * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        word, end = WORDS[mixed % 10], ENDS[(mixed >> 8) % 10]
        if index % 3 == 0:
            yield f"{word}{index:x}.shop-{index // 3000:x}.{end}"
        else:
            yield f"{word}-{mixed >> 36:07x}{index:x}.{end}"


def published(folder):
    """The valid names of all `*.domains.txt.gz` of a folder, each once."""
    files = sorted(Path(folder).glob("*.domains.txt.gz"))
    if not files:
        print(f"no *.domains.txt.gz in {folder}; give --lists DIR, or --names N", file=sys.stderr)
        sys.exit(2)
    found = set()
    for file in files:
        with gzip.open(file, "rt", errors="replace") as lines:
            found.update(line.strip().lower() for line in lines)
    return sorted(filter(NAME.match, found))


def write(choice, lists, path):
    """Writes the list that all servers get; gives the number of names."""
    names = published(lists) if choice == "real" else generated(int(choice))
    count = 0
    with open(path, "w") as file:
        for name in names:
            file.write(f"{name}\n")
            count += 1
    return count


def sample(path, count, wanted=200_000):
    """Names from the whole length of a list, never all of a long one in memory."""
    with open(path) as lines:
        return [line.rstrip("\n") for line in itertools.islice(lines, 0, None, -(-count // wanted))]


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].isdigit():
        sys.exit(__doc__)
    names = generated(int(sys.argv[1]))
    try:
        # In pieces, because standard output may be unbuffered.
        while piece := list(itertools.islice(names, 10_000)):
            sys.stdout.write("".join(f"{name}\n" for name in piece))
    except BrokenPipeError:
        sys.exit(1)
