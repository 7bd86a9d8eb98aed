"""Journal entries as lines (docs/protocol.md section 3). Everything here makes bytes; nothing is written."""

import binascii
import time

from .plainjson import encoded as dumps
from .plainjson import quote

MAX_LINE = 16384
MAX_ENTRY = 1 << 20
_SLICE = 15500  # bytes of output per line: leaves room for the head and for the usual line feeds, which become two bytes
_PART = 5000  # characters of an entry's JSON per part: at worst three bytes each after quoting twice


def now():
    """Microseconds since the epoch."""
    return time.time_ns() // 1000


def tails(kind, fields):
    """The lines of one entry without `{"n":…,"t":…` at their beginning: one, or as many as its parts are."""
    body = {"k": kind, **fields}
    data = dumps(body)
    if len(data) > MAX_ENTRY:
        from .shorten import shortened

        data = dumps({"k": kind, **shortened(fields, MAX_ENTRY - 64)})
    if len(data) <= MAX_LINE - 64:
        return [b"," + data[1:] + b"\n"]
    text = data.decode()
    slices, at = [], 0
    while at < len(text):
        size = _PART
        while len(quote(text[at : at + size]).encode()) > MAX_LINE - 128:
            size //= 2
        slices.append(text[at : at + size])
        at += size
    return [b',"k":"part","i":%d,"of":%d,"j":%s}\n' % (i, len(slices), quote(s).encode()) for i, s in enumerate(slices, 1)]


def out_tails(stream, data):
    """Lines for output: text where the bytes are UTF-8, base64 where they are not or where it is much shorter."""
    head = b',"k":"out","s":"' + stream + b'",'
    view = memoryview(data)
    at, lines = 0, []
    while at < len(view):
        stop = min(at + _SLICE, len(view))
        back = stop
        while back > at + _SLICE - 4 and back < len(view) and view[back] & 0xC0 == 0x80:
            back -= 1  # not within a sequence
        _slice(head, bytes(view[at:back]), lines)
        at = back
    return lines


def _slice(head, data, lines):
    try:
        text = quote(data.decode()).encode()
    except UnicodeDecodeError:
        text = None
    if text is not None and len(head) + len(text) + 64 <= MAX_LINE:
        lines.append(head + b'"d":' + text + b"}\n")
    elif text is not None and len(text) < 1.3 * len(data):
        half = len(data) // 2
        while half > 1 and data[half] & 0xC0 == 0x80:
            half -= 1
        _slice(head, data[:half], lines)
        _slice(head, data[half:], lines)
    else:
        for i in range(0, len(data), 11520):
            lines.append(head + b'"b":"' + binascii.b2a_base64(data[i : i + 11520], newline=False) + b'"}\n')


def complete(data):
    """How many bytes at the beginning do not end within a UTF-8 sequence that more bytes could finish."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        need = 4 if 0xF0 <= byte <= 0xF4 else 3 if byte & 0xF0 == 0xE0 else 2 if 0xC2 <= byte <= 0xDF else 1
        return len(data) - back if need > back else len(data)
    return len(data)
