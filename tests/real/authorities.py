"""Whom the real server asks in these scripts: nsd with a record of every type, one that says odd things
of some names, and one whose manners can be changed while it runs."""
import heapq
import multiprocessing
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

from house import A, REFUSED, SERVFAIL, framed, question_end, receive_framed

# Number, and data as a zone file has it; RFC 3597's form for what nsd does not know by name, or what
# it would not load without a zone that is signed.
TYPES = {
    "A": (1, "192.0.2.1"), "MD": (3, "mail"), "MF": (4, "mail"), "CNAME": (5, "www"), "MB": (7, "mail"),
    "MG": (8, "mail"), "MR": (9, "mail"), "NULL": (10, r"\# 3 000102"),
    "WKS": (11, "192.0.2.1 6 25 53"), "PTR": (12, "www"), "HINFO": (13, '"CPU" "OS"'),
    "MINFO": (14, "mail www"), "MX": (15, "10 mail"), "TXT": (16, r'"two" "strings \000\255" ""'),
    "RP": (17, "mail www"), "AFSDB": (18, "1 www"), "X25": (19, '"311061700956"'),
    "ISDN": (20, '"150862028003217" "004"'), "RT": (21, "10 www"),
    "NSAP": (22, "0x47000580005a0000000001e133ffffff00016100"), "NSAPPTR": (23, r"\# 3 017700"),
    "SIG": (24, r"\# 23 000105020000012c000000010000000012340001020304"), "KEY": (25, "256 3 5 AQIDBA=="),
    "PX": (26, "10 mail www"),
    "GPOS": (27, r"\# 18 052d33322e37063131362e38380431302e30"), "AAAA": (28, "2001:db8::1"),
    "LOC": (29, "42 21 54 N 71 06 18 W -24m 30m"), "NXT": (30, r"\# 2 0040"), "EID": (31, r"\# 2 0102"),
    "NIMLOC": (32, r"\# 2 0102"), "SRV": (33, "1 2 443 www"), "ATMA": (34, r"\# 3 013132"),
    "NAPTR": (35, '10 20 "u" "sip+E2U" "!^.*$!sip:a@real!" .'), "KX": (36, "10 www"),
    "CERT": (37, "1 0 5 AQIDBA=="), "A6": (38, r"\# 17 0020010db8000000000000000000000001"),
    "DNAME": (39, "www"), "SINK": (40, r"\# 3 010203"), "APL": (42, "1:192.0.2.0/24 !2:2001:db8::/32"),
    "DS": (43, "12345 13 2 " + "ab" * 32), "SSHFP": (44, "4 2 " + "cd" * 32),
    "IPSECKEY": (45, "10 1 2 192.0.2.1 AQNRU3mG7TVTO2BkR47usntb"),
    "DNSKEY": (48, "256 3 13 " + "AQID" * 21 + "AQ=="),
    "DHCID": (49, "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA="), "TLSA": (52, "3 1 1 " + "ef" * 32),
    "SMIMEA": (53, "3 1 1 " + "ef" * 32), "HIP": (55, r"\# 12 04020004 01020304 05060708"),
    "NINFO": (56, r"\# 3 026869"), "RKEY": (57, r"\# 5 0000030501"), "TALINK": (58, r"\# 6 0161000162 00"),
    "CDS": (59, "12345 13 2 " + "ab" * 32), "CDNSKEY": (60, "256 3 13 " + "AQID" * 21 + "AQ=="),
    "OPENPGPKEY": (61, "AQIDBAUG"), "CSYNC": (62, "66 3 A NS AAAA"), "ZONEMD": (63, "1 1 1 " + "ab" * 48),
    "SVCB": (64, "1 www alpn=h2,h3 port=8443 ipv4hint=192.0.2.1"),
    "HTTPS": (65, "1 . alpn=h2 ipv6hint=2001:db8::1"),
    "SPF": (99, '"v=spf1 -all"'), "UINFO": (100, r"\# 2 0102"), "NID": (104, "10 14:4fff:ff20:ee64"),
    "L32": (105, "10 10.1.2.0"), "L64": (106, "10 2001:db8:1140:1000"), "LP": (107, "10 www.real."),
    "EUI48": (108, "00-00-5e-00-53-2a"), "EUI64": (109, "00-00-5e-ef-10-00-00-2a"),
    "URI": (256, '10 1 "https://www.real/"'), "CAA": (257, '0 issue "ca.real"'), "AVC": (258, '"app"'),
    "DOA": (259, r"\# 4 01020304"), "AMTRELAY": (260, r"\# 6 0a01c0000201"), "TA": (32768, r"\# 4 01020304"),
    "DLV": (32769, r"\# 36 30390d02" + "ab" * 32), "TYPE65280": (65280, r"\# 5 c00c00ff00"),
    "TYPE65534": (65534, r"\# 0"), "TYPE1234": (1234, r"\# 1000 " + "c0" * 1000),
}
# A wildcard of these would be no wildcard.
ALONE = ("DNAME", "DS")


def zone():
    lines = ["$ORIGIN real.", "$TTL 300", "@ IN SOA ns hostmaster 1 3600 600 86400 60", "@ IN NS ns",
             "ns IN A 192.0.2.53", "www IN A 192.0.2.1", "a.b.www IN A 192.0.2.2", "alias IN CNAME www"]
    for label, (number, data) in TYPES.items():
        for owner in [label] + [f"*.{label}.wild"] * (label not in ALONE):
            qtype = f"TYPE{number}" if data.startswith("\\#") else label
            lines.append(f"{owner} IN {qtype} {data}")
    lines.append("mail IN MX 10 www")
    for name, count in (("middle", 5), ("over", 12), ("large", 60), ("huge", 500)):
        lines += [f'{name} IN TXT "{"x" * 100} {number}"' for number in range(count)]
    return "\n".join(lines) + "\n"


def start_nsd(folder, port):
    """nsd with that zone at this port of 127.0.0.1."""
    (folder / "zone").write_text(zone())
    (folder / "nsd.conf").write_text(f"""server:
  ip-address: 127.0.0.1@{port}
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  pidfile: "{folder}/nsd.pid"
  xfrdfile: "{folder}/xfrd"
  database: ""
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: real.
  zonefile: zone
""")
    checked = subprocess.run(["nsd-checkzone", "real.", folder / "zone"], capture_output=True, text=True)
    if checked.returncode:
        sys.exit(f"nsd does not take the zone: {checked.stdout}{checked.stderr}")
    return subprocess.Popen(["nsd", "-d", "-c", folder / "nsd.conf"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


class Odd:
    """Below odd.example: what a name's first label says. `asked` counts, `last` is the last query."""

    def __init__(self):
        self.asked, self.last = 0, b""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.url = "udp://127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            query, peer = self.socket.recvfrom(4096)
            self.asked, self.last = self.asked + 1, query
            label = query[13:13 + query[12]].decode().lower()
            wait = 0.4 if label == "slow" else 0
            threading.Timer(wait, self.socket.sendto, (self.reply(label, query), peer)).start()

    @staticmethod
    def reply(label, query):
        end = question_end(query)
        asked, qtype = query[12:end], struct.unpack(">H", query[end - 4:end - 2])[0]
        ttl = {"ttl-high": 0x80000001, "ttl-long": 864_000}.get(label, 300)
        address = struct.pack(">HHHIH4B", 0xc00c, A, 1, ttl, 4, 192, 0, 2, 1)
        seconds = 864_000 if label.startswith("long") else 120
        numbers = struct.pack(">HIIIII", 0, 1, 3600, 600, 86400, seconds)
        soa = struct.pack(">HHHIH", 0xc00c, 6, 1, max(300, seconds), len(numbers)) + numbers
        code, answers, authority = 0x8400, [address], []
        if label.endswith("nowhere"):
            code, answers, authority = 0x8403, [], [] if label.startswith("bare") else [soa]
        elif qtype != A:
            answers, authority = [], [soa]
        elif label == "fail":
            code, answers = 0x8402, []
        elif label == "loop":
            answers = [struct.pack(">H", 0xc000 | end) + address[2:]]
        elif label == "short":
            answers = [address[:-2]]
        elif label == "other":
            asked = b"\1x" + asked
        elif label == "ad":
            code = 0x8420
        more = int(label == "few")
        opts = [b"\0\0\x29\x04\xd0\1\0\0\0\0\0"] if label == "badvers" else []
        head = struct.pack(">HHHHH", code, 1, len(answers) + more, len(authority), len(opts))
        return query[:2] + head + asked + b"".join(answers + authority + opts)


class Authority:
    """Knows every name: 192.0.2.1 for an hour or as long as is set. A process of its own, over UDP and,
    in the same manner, over TCP; one of `manner`'s words at a time."""
    MANNERS = ["well", "silent", "half", "other id", "garbage", "truncated", "refused", "servfail", "closes",
               "resets"]

    def __init__(self, address="127.0.0.1", delay=0.0, most=0, ttl=3600, lost=None):
        """`delay` in seconds; `most` is how many it answers a second, 0 for all; names with `lost` in
        them get no reply."""
        self.lost = lost
        shared = multiprocessing.Value
        self.manner, self.delay, self.most = shared("i", 0), shared("d", delay), shared("i", most)
        self.ttl, self.asked = shared("i", ttl), shared("l", 0, lock=False)
        while True:
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            self.udp.bind((address, 0))
            try:
                self.tcp = socket.create_server(self.udp.getsockname(), backlog=1024)
                break
            except OSError:
                # Over TCP the port is somebody else's.
                self.udp.close()
        host, port = self.udp.getsockname()
        self.url = f"udp://{host}:{port}"
        self.process = multiprocessing.Process(target=self.serve, daemon=True)
        self.process.start()

    def be(self, word):
        self.manner.value = self.MANNERS.index(word)

    def stop(self):
        self.process.terminate()
        self.process.join(20)
        self.udp.close()
        self.tcp.close()

    def reply(self, query, over_udp):
        """None for none."""
        word = self.MANNERS[self.manner.value]
        end = question_end(query)
        number, count, record = query[:2], 1, b""
        if struct.unpack(">H", query[end - 4:end - 2])[0] == A:
            record = struct.pack(">HHHIH4B", 0xc00c, A, 1, self.ttl.value, 4, 192, 0, 2, 1)
        flags = 0x8400
        if self.lost and self.lost in query.lower():
            return None
        if word == "silent" or word == "half" and random.random() < 0.5:
            return None
        if word == "garbage":
            return os.urandom(random.randrange(1, 200))
        if word == "other id":
            number = bytes([query[0] ^ 0x55, query[1]])
        if word == "truncated" and over_udp:
            flags, record = 0x8600, b""
        if word in ("refused", "servfail"):
            flags, record = flags | (REFUSED if word == "refused" else SERVFAIL), b""
        return (number + struct.pack(">HHHHH", flags, count, len(record) and 1, 0, 0) + query[12:end] + record)

    def serve(self):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=self.serve_streams, daemon=True).start()
        later, place, second, count = [], 0, 0, 0
        while True:
            wait = max(0.0, later[0][0] - time.monotonic()) if later else 1.0
            ready = select.select([self.udp], [], [], wait)[0]
            now = time.monotonic()
            for _ in range(64 if ready else 0):
                try:
                    query, peer = self.udp.recvfrom(4096, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    break
                except OSError:
                    continue
                self.asked.value += 1
                if self.most.value:
                    if int(now) != second:
                        second, count = int(now), 0
                    count += 1
                    if count > self.most.value:
                        continue
                reply = self.reply(query, True)
                if reply:
                    place += 1
                    heapq.heappush(later, (now + self.delay.value, place, reply, peer))
            while later and later[0][0] <= time.monotonic():
                _, _, reply, peer = heapq.heappop(later)
                try:
                    self.udp.sendto(reply, peer)
                except OSError:
                    pass

    def serve_streams(self):
        while True:
            stream = self.tcp.accept()[0]
            threading.Thread(target=self.speak, args=(stream,), daemon=True).start()

    def speak(self, stream):
        with stream:
            try:
                while query := receive_framed(stream):
                    word = self.MANNERS[self.manner.value]
                    if word == "resets":
                        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    if word in ("closes", "resets"):
                        return
                    reply = self.reply(query, False)
                    time.sleep(self.delay.value)
                    if reply:
                        stream.sendall(framed(reply))
            except OSError:
                pass
