"""Frames: the way down (docs/protocol.md section 1). A frame stands for itself; nothing between two line feeds spoils its neighbours."""

import binascii

try:
    from _sha2 import sha256  # 3.12 and later; the C modules spare hashlib's loading of OpenSSL
except ImportError:
    try:
        from _sha256 import sha256
    except ImportError:
        from hashlib import sha256

MAX_LINE = 4094  # a frame without its two line feeds
SLICE = 3840  # bytes of payload per frame: with the longest header still below 4,096
MAX_INCOMPLETE = 8
MAX_HELD = 8 << 20
MAX_PARTS = 4096
_MAX_NUMBER = 2**53 - 1


def encode(session, seq, message):
    """The frames (list of bytes) of one message (bytes without line feeds)."""
    slices = [message[i : i + SLICE] for i in range(0, len(message), SLICE)] or [b""]
    digest = b"-" if len(slices) == 1 else sha256(message).hexdigest().encode()
    frames = []
    for part, payload in enumerate(slices, 1):
        head = b"%d %d %d/%d %s" % (session, seq, part, len(slices), digest)
        crc = binascii.crc32(head + b" " + payload)
        frames.append(b"\n@oet1 %s %d %08x %s\n" % (head, len(payload), crc, payload))
    return frames


def _number(text, least):
    # Only plain ASCII digits without leading zeros: int() alone would take "+1", "1_0" and " 1".
    if not text.isdigit() or (len(text) > 1 and text[:1] == b"0") or len(text) > 16:
        raise ValueError(text)
    value = int(text)
    if not least <= value <= _MAX_NUMBER:
        raise ValueError(text)
    return value


def parse(line):
    """(session, seq, part, parts, digest, payload) of a line without its line feeds; ValueError if it is damaged."""
    if len(line) > MAX_LINE:
        raise ValueError("too long")
    magic, session, seq, place, digest, length, crc, payload = line.split(b" ", 7)
    part, _, parts = place.partition(b"/")
    numbers = _number(session, 0), _number(seq, 1), _number(part, 1), _number(parts, 1)
    single = numbers[3] == 1
    if magic != b"@oet1" or numbers[2] > numbers[3] or numbers[3] > MAX_PARTS or _number(length, 0) != len(payload):
        raise ValueError("header")
    if (digest != b"-") if single else (len(digest) != 64 or digest.strip(b"0123456789abcdef")):
        raise ValueError("digest")
    if crc != b"%08x" % binascii.crc32(b" ".join((session, seq, place, digest, payload))):
        raise ValueError("crc")
    return (*numbers, digest, payload)


class FrameReader:
    """Puts messages together from bytes that come in pieces of any size.

    `state` is what the bootstrap hands over: tail (bytes of an unfinished line), session (highest seen, -1 for none),
    damaged (lines dropped), partial ({(session, seq): (parts, digest, {part: payload})}, oldest first).
    """

    def __init__(self, state=None):
        state = state or {}
        self.session = state.get("session", -1)
        self.damaged = state.get("damaged", 0)
        self._tail = state.get("tail", b"")
        self._partial = dict(state.get("partial", {}))
        self._refused = {}

    def feed(self, data):
        """Items in order: ("message", session, seq, bytes) or ("stale", session, seq), the latter once per pair."""
        lines = (self._tail + data).split(b"\n")
        self._tail = lines.pop()[: MAX_LINE + 1]  # enough to be too long
        for line in lines:
            if line:
                item = self._line(line)
                if item:
                    yield item

    def _line(self, line):
        try:
            session, seq, part, parts, digest, payload = parse(line)
        except ValueError:
            self.damaged += 1
            return None
        if session < self.session:
            if (session, seq) in self._refused:
                return None
            self._refused[session, seq] = None
            if len(self._refused) > 1024:
                del self._refused[next(iter(self._refused))]
            return "stale", session, seq
        if session > self.session:
            self.session = session
            self._partial.clear()
        if parts == 1:
            return "message", session, seq, payload
        return self._part(session, seq, part, parts, digest, payload)

    def _part(self, session, seq, part, parts, digest, payload):
        key = session, seq
        known = self._partial.get(key)
        if known is None or known[:2] != (parts, digest):  # another message under the same number: the newer counts
            known = self._partial[key] = (parts, digest, {})
        known[2][part] = payload
        if len(known[2]) == parts:
            del self._partial[key]
            message = b"".join(known[2][i] for i in range(1, parts + 1))
            if sha256(message).hexdigest().encode() == digest:
                return "message", session, seq, message
            self.damaged += 1
            return None
        while len(self._partial) > MAX_INCOMPLETE or sum(sum(map(len, p[2].values())) for p in self._partial.values()) > MAX_HELD:
            del self._partial[next(iter(self._partial))]
        return None
