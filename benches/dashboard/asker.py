"""Asks for names at an even pace and prints how many microseconds each answer took, one a line.

Usage: asker.py PORT RATE SECONDS NAME... It sleeps between packets, so that it takes no core from whom
it asks, and takes the time an answer came from the kernel: that of its own waking is not in it.
"""
import os
import select
import socket
import struct
import sys
import time

SO_TIMESTAMPNS = 35
PATIENCE = 2


def question(number, name):
    """For an address."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">6H", number, 0x100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, 1, 1)


def received(asking, sent, took):
    """Takes all answers that are there."""
    while True:
        try:
            reply, told, _, _ = asking.recvmsg(4096, 64, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        seconds, nanoseconds = struct.unpack("qq", told[0][2])
        began = sent.pop(struct.unpack(">H", reply[:2])[0], None)
        if began is not None:
            took.append((seconds * 10**9 + nanoseconds - began) // 1000)


def main():
    port, rate, seconds = (int(word) for word in sys.argv[1:4])
    names = sys.argv[4:]
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    asking.connect(("127.0.0.1", port))
    try:
        # Whoever measures must not wait for a turn; a program that sleeps takes none from others.
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError as error:
        print(f"no right to go before others ({error}): the latencies have waits of ours", file=sys.stderr)
    sent, took = {}, []
    begin = time.monotonic()
    for number in range(rate * seconds):
        due = begin + number / rate
        while (left := due - time.monotonic()) > 0:
            if select.select([asking], [], [], left)[0]:
                received(asking, sent, took)
        message = question(number % 65536, names[number % len(names)])
        sent[number % 65536] = time.time_ns()
        asking.send(message)
    end = time.monotonic() + PATIENCE
    while sent and (left := end - time.monotonic()) > 0:
        if select.select([asking], [], [], left)[0]:
            received(asking, sent, took)
    print("\n".join(str(one) for one in took))
    print(f"lost {rate * seconds - len(took)}")


main()
