"""Writes journal/golden/frames.json and streams.json, which the tests of both languages read: `python3 runner/golden_frames.py`."""

import base64
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from oet_runner import frames

GOLDEN = pathlib.Path(__file__).parent.parent / "journal" / "golden"
NONCE = "00112233445566778899aabbccddeeff"


def _b64(data):
    return base64.b64encode(data).decode()


def _bytes(message):
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def messages():
    """(name, session, seq, message): whole messages and the frames that our encoders make of them."""
    fits = "x" * (frames.SLICE - len(_bytes({"m": "boot", "nonce": NONCE, "sha256": "0" * 64, "source": ""})))
    long_text = "".join("%06d " % i for i in range(1500))
    return [
        ("ping", 0, 1, {"m": "ping"}),
        ("ack", 3, 2, {"m": "ack", "n": 9007199254740991}),
        ("start with unicode", 3, 3, {"m": "start", "nonce": NONCE, "argsJSON": '{"args":["Grüße 🔭\\n"],"kwargs":{"x":1.0}}'}),
        ("stop", 9007199254740991, 12, {"m": "stop", "nonce": NONCE, "reason": "user", "message": "why not", "mode": "Graceful", "graceSeconds": 10}),
        ("largest single part", 1, 4, {"m": "boot", "nonce": NONCE, "sha256": "0" * 64, "source": fits}),
        ("smallest in two parts", 1, 5, {"m": "boot", "nonce": NONCE, "sha256": "0" * 64, "source": fits + "x"}),
        ("a slice cuts a character", 1, 6, {"m": "boot", "nonce": NONCE, "sha256": "0" * 64, "source": "é🔭€" * 900}),
        ("three parts", 1, 7, {"m": "boot", "nonce": NONCE, "sha256": "0" * 64, "source": long_text}),
    ]


def streams():
    """(name, bytes): what a reader is given, good and bad."""
    ping = frames.encode(5, 1, _bytes({"m": "ping"}))[0]
    other = frames.encode(5, 2, _bytes({"m": "replay", "from": 1}))[0]
    newer = frames.encode(6, 1, _bytes({"m": "ping"}))[0]
    parts = frames.encode(5, 3, _bytes({"m": "boot", "nonce": NONCE, "sha256": "0" * 64, "source": "z" * 9000}))
    twin = frames.encode(5, 3, _bytes({"m": "boot", "nonce": NONCE, "sha256": "0" * 64, "source": "y" * 9000}))
    crc = b"%08x" % int(ping.split(b" ")[6], 16)
    yield "one message", ping
    yield "repeated", ping + ping
    yield "flipped byte in the payload", ping.replace(b'"ping"', b'"pong"') + other
    yield "flipped byte in the header", ping.replace(b"5 1 ", b"5 7 ") + other
    yield "wrong length", ping.replace(b" 12 " + crc, b" 13 " + crc) + other
    yield "another frame spliced into the middle", ping[:20] + other + ping[20:]
    yield "cut, then a whole one", other[:-9] + ping
    yield "the rest of a cut frame comes later", other[:30] + ping + other[30:]
    yield "cut before the closing line feed, then a whole one", other[:-1] + ping
    yield "noise between", b"garbage\n\n\n" + ping + b"\xff\xfe\x00more\n" + other
    yield "a line that is too long", b"x" * 5000 + b"\n" + ping
    yield "parts out of order and repeated", parts[2] + parts[0] + parts[2] + parts[1]
    yield "a part is missing", parts[0] + parts[2] + ping
    yield "two messages under one number: the newer counts", parts[0] + parts[1] + twin[0] + twin[1] + twin[2]
    yield "parts of two messages under one number, mixed", parts[0] + twin[1] + parts[2] + ping
    yield "an older session is stale, once for each number", newer + ping + other + ping
    yield "a newer session forgets parts", parts[0] + parts[1] + newer + parts[2]
    yield "signs and leading zeros are damage", ping.replace(b"5 1 ", b"+5 1 ") + ping.replace(b"5 1 ", b"05 1 ") + other
    nine = [frames.encode(7, seq, _bytes({"m": "replay", "from": seq, "pad": "p" * 4000})) for seq in range(1, 10)]
    yield "more than eight incomplete messages: the oldest goes", b"".join(f[0] for f in nine) + nine[0][1] + nine[8][1]


def _read(data):
    reader = frames.FrameReader()
    found, stale = [], []
    for item in reader.feed(data):
        if item[0] == "message":
            found.append({"session": item[1], "seq": item[2], "message": json.loads(item[3])})
        else:
            stale.append([item[1], item[2]])
    return {"messages": found, "stale": stale, "damaged": reader.damaged, "highest": reader.session}


def render():
    """{file name: text} of all golden files about frames."""
    whole = [
        {"name": name, "session": session, "seq": seq, "message": message, "frames": [_b64(f) for f in frames.encode(session, seq, _bytes(message))]}
        for name, session, seq, message in messages()
    ]
    read = [{"name": name, "stream": _b64(data), "result": _read(data)} for name, data in streams()]
    return {name: json.dumps(value, ensure_ascii=False, indent=1) + "\n" for name, value in (("frames.json", whole), ("streams.json", read))}


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for file, text in render().items():
        (GOLDEN / file).write_text(text, encoding="utf-8")
