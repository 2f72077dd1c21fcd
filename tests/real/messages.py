"""Queries made by hand, malformed ones included, and what replies say."""
import struct

import dns.exception
import dns.flags
import dns.message
import dns.rcode

from house import A, OPT, question_end, wire


def opt(version=0, flags=0, size=1232, options=b"", owner=b"\0", length=None):
    length = len(options) if length is None else length
    return owner + struct.pack(">HHBBHH", OPT, size, 0, version, flags, length) + options


def option(code, data=b""):
    return struct.pack(">HH", code, len(data)) + data


def query(name="www.real", qtype=A, qclass=1, flags=0x0100, opcode=0, edns=b"", counts=None, number=0x1234):
    counts = counts or (1, 0, 0, 1 if edns else 0)
    name = name if isinstance(name, bytes) else wire(name)
    head = struct.pack(">HHHHHH", number, flags | opcode << 11, *counts)
    return head + name + struct.pack(">HH", qtype, qclass) + edns


def said(reply):
    """Code, flags and EDNS of a reply; what `dig` shows at its top."""
    if reply is None:
        return "silence"
    try:
        message = dns.message.from_wire(reply, question_only=False)
    except dns.exception.DNSException as error:
        return f"unreadable: {error!r}"
    flags = dns.flags.to_text(message.flags).lower() + (" z" if reply[3] & 0x40 else "")
    text = f"{dns.rcode.to_text(message.rcode())} {flags}"
    if message.edns >= 0:
        text += f" edns{message.edns}"
        text += " do" if message.ednsflags & 0x8000 else ""
        text += f" flags{message.ednsflags & 0x7fff:x}" if message.ednsflags & 0x7fff else ""
        text += "".join(f" option{int(found.otype)}" for found in message.options)
    return text


def counts(reply):
    return struct.unpack(">HHHH", reply[4:12]) if reply else None


def body(message):
    """What stands behind the question, without OPT records."""
    at = end = question_end(message)
    for _ in range(sum(counts(message)[1:])):
        start = at
        while message[at] and message[at] < 192:
            at += 1 + message[at]
        at += 2 if message[at] else 1
        qtype, _, _, length = struct.unpack(">HHIH", message[at:at + 10])
        at += 10 + length
        if qtype == OPT:
            return message[end:start] + message[at:]
    return message[end:at]
