"""Who asks the real server in `faults`, each in a process of its own: a neighbour that does nothing
wrong, floods, and connections that say little."""
import multiprocessing
import random
import resource
import select
import signal
import socket
import threading
import time

from house import NOERROR, NXDOMAIN, framed, question, receive_framed

PATIENCE = 5.0
TRACKER, HELD = "stats.g.doubleclick.net", "held.example"
letters = random.SystemRandom()


def fresh(domain="fresh.example"):
    """A name that nobody has asked for."""
    return f"n{letters.getrandbits(48):012x}.{domain}"


def ask(server, source, packet, stream=False, patience=PATIENCE):
    """The reply, by TCP where one over UDP is truncated; None where there is none in time."""
    kind = socket.SOCK_STREAM if stream else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as client:
        client.settimeout(patience)
        try:
            client.bind((source, 0))
            client.connect(server)
            if stream:
                client.sendall(framed(packet))
                return receive_framed(client)
            client.send(packet)
            reply = client.recv(4096)
        except OSError:
            return None
    return ask(server, source, packet, True, patience) if reply[2] & 2 else reply


def is_good(reply):
    return bool(reply) and len(reply) > 12 and reply[3] & 15 in (NOERROR, NXDOMAIN)


class Neighbour:
    """Asks for names of some kinds, each so many seconds after the last answer. SERVFAIL is no answer."""
    PACES = {"refused": 0.01, "held": 0.01, "fresh": 0.05, "by TCP": 0.1}

    def __init__(self, server, source="10.77.1.1", paces=None):
        self.server, self.source, self.paces = server, source, paces or self.PACES
        self.over = multiprocessing.Event()
        self.ours, theirs = multiprocessing.Pipe(False)
        self.process = multiprocessing.Process(target=self.live, args=(theirs,), daemon=True)
        self.process.start()

    def live(self, pipe):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        seen = {kind: [] for kind in self.paces}
        threads = [threading.Thread(target=self.ask_on, args=(kind, seen[kind])) for kind in seen]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        pipe.send(seen)

    def ask_on(self, kind, seen):
        while not self.over.wait(self.paces[kind]):
            name = {"refused": TRACKER, "held": HELD}.get(kind) or fresh()
            packet = question(TRACKER if kind == "by TCP" else name, number=letters.getrandbits(16))
            start = time.monotonic()
            reply = ask(self.server, self.source, packet, kind == "by TCP")
            seen.append((is_good(reply), time.monotonic() - start, start))

    def end(self):
        """What it saw: kind → (answered, seconds, when) of each question."""
        self.over.set()
        seen = self.ours.recv()
        self.process.join()
        return seen


def share(seen, kind):
    """Of the questions of a kind, how many in a hundred were answered."""
    return 100 * sum(good for good, _, _ in seen[kind]) / max(1, len(seen[kind]))


def quantile(asked, part):
    """Milliseconds, of those that were answered."""
    times = sorted(took for good, took, _ in asked if good)
    return 1e3 * times[min(len(times) - 1, int(len(times) * part))] if times else float("nan")


def tell(seen):
    return "; ".join(f"{kind} {share(seen, kind):.1f} % of {len(asked)}, p50 {quantile(asked, 0.5):.1f}, "
                     f"p99 {quantile(asked, 0.99):.1f} ms" for kind, asked in seen.items())


class Flood:
    """Names that nobody knows, from so many addresses, at so many a second (0: as fast as it can)."""

    def __init__(self, server, devices, rate, domain="flood.example"):
        self.server, self.devices, self.rate, self.domain = server, devices, rate, domain
        self.sent = multiprocessing.Value("l", 0, lock=False)
        self.process = multiprocessing.Process(target=self.pour, daemon=True)
        self.process.start()

    def pour(self):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        clients = []
        for device in range(self.devices):
            client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            # Nobody reads the replies.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            client.bind((f"10.77.2.{device + 1}", 0))
            client.connect(self.server)
            client.setblocking(False)
            clients.append(client)
        start = time.monotonic()
        while True:
            due = self.rate * (time.monotonic() - start) if self.rate else self.sent.value + 64
            while self.sent.value < due:
                try:
                    clients[self.sent.value % len(clients)].send(question(fresh(self.domain)))
                except OSError:
                    pass
                self.sent.value += 1
            if self.rate:
                time.sleep(0.005)

    def end(self):
        self.process.terminate()
        self.process.join()
        return self.sent.value


class Dawdlers:
    """Connections, as many as may be, that are idle or say a little now and then; opened again when they
    are closed. `doors` are addresses with what is said there, octet by octet."""

    def __init__(self, doors, count):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.doors, self.count = doors, min(count, hard - 200)
        self.tried, self.open = multiprocessing.Value("l", 0), multiprocessing.Value("l", 0)
        self.process = multiprocessing.Process(target=self.dawdle, args=(hard,), daemon=True)
        self.process.start()

    def connect(self):
        number = self.tried.value
        self.tried.value += 1
        address, text = self.doors[number % len(self.doors)]
        stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        stream.setblocking(False)
        # More addresses than one client's share of the places needs.
        own = number % 600
        stream.bind((f"10.77.{3 + own // 200}.{1 + own % 200}" if address[0] != "127.0.0.1" else "127.0.0.1", 0))
        stream.connect_ex(address)
        return stream, text

    def dawdle(self, hard):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        poll, streams, said = select.poll(), {}, 0.0
        while True:
            for _ in range(min(200, self.count - len(streams))):
                stream, text = self.connect()
                streams[stream.fileno()] = [stream, text, 0]
                poll.register(stream, select.POLLIN | select.POLLHUP)
            for number, _ in poll.poll(20):
                poll.unregister(number)
                streams.pop(number)[0].close()
            self.open.value = len(streams)
            if time.monotonic() > said + 1:
                said = time.monotonic()
                for entry in streams.values():
                    stream, text, at = entry
                    try:
                        stream.send(text[at:at + 1])
                    except OSError:
                        pass
                    entry[2] += 1

    def end(self):
        self.process.terminate()
        self.process.join()
