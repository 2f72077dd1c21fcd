#!/usr/bin/env python3
"""Prints N different plausible tracker names, the same ones each time: names.py N > FILE."""
import sys

WORDS = ("ads", "track", "metrics", "pixel", "stats", "tag", "beacon", "collect", "sync", "cdn")
ENDS = ("com", "net", "org", "de", "co.uk", "io", "ru", "jp", "com.br", "fr")


def names(count):
    """About 21 characters on average, as in real lists; a third share their parent with others."""
    for index in range(count):
        mixed = (index * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        word, end = WORDS[mixed % 10], ENDS[(mixed >> 8) % 10]
        if index % 3 == 0:
            yield f"{word}{index:x}.shop-{index // 3000:x}.{end}"
        else:
            yield f"{word}-{mixed >> 36:07x}{index:x}.{end}"


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].isdigit():
        sys.exit(__doc__)
    for name in names(int(sys.argv[1])):
        print(name)
