"""The runner's frames against the golden files, and the bootstrap's reader against the runner's."""

import base64
import json
import random

import pytest
from driver import BOOTSTRAP, ROOT

import golden_frames
from oet_runner import frames

GOLDEN = ROOT.parent / "journal" / "golden"


def test_golden_files_are_what_the_encoder_makes():
    for file, text in golden_frames.render().items():
        assert (GOLDEN / file).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("case", json.loads((GOLDEN / "frames.json").read_text()), ids=lambda case: case["name"])
def test_reader_takes_what_the_encoder_makes_in_pieces_of_any_size(case):
    data = b"".join(base64.b64decode(f) for f in case["frames"])
    assert all(len(base64.b64decode(f)) <= 4096 for f in case["frames"])
    for size in (1, 7, 4096, len(data)):
        reader = frames.FrameReader()
        found = [item for i in range(0, len(data), size) for item in reader.feed(data[i : i + size])]
        assert [(s, q, json.loads(m)) for _, s, q, m in found] == [(case["session"], case["seq"], case["message"])]
        assert reader.damaged == 0


class Bootstrap:
    """The bootstrap's own reader, taken out of its text."""

    def __init__(self):
        begin, end = BOOTSTRAP.index("tail, top, damaged"), BOOTSTRAP.index("def answer(")
        self.names = {}
        exec("from binascii import crc32\nfrom hashlib import sha256\n" + BOOTSTRAP[begin:end], self.names)
        self.damaged = 0

    @property
    def session(self):
        return self.names["top"]

    def feed(self, data):
        refused = set()
        for line in filter(None, data.split(b"\n")):
            try:
                item = self.names["frame"](line)
            except ValueError:
                self.damaged += 1
                continue
            if item and item[2] is not None:
                yield "message", *item
            elif item and item[:2] not in refused:
                refused.add(item[:2])
                yield "stale", *item[:2]


@pytest.mark.parametrize("make", [frames.FrameReader, Bootstrap])
@pytest.mark.parametrize("case", json.loads((GOLDEN / "streams.json").read_text()), ids=lambda case: case["name"])
def test_damage(case, make):
    reader = make()
    items = list(reader.feed(base64.b64decode(case["stream"])))
    result = case["result"]
    found = [{"session": s, "seq": q, "message": json.loads(m)} for kind, s, q, *rest in items if kind == "message" for m in rest]
    assert found == result["messages"]
    assert [list(item[1:]) for item in items if item[0] == "stale"] == result["stale"]
    assert (reader.damaged, reader.session) == (result["damaged"], result["highest"])


def test_no_damage_ever_yields_another_message():
    rng = random.Random(4)
    sent = [json.dumps({"m": "ping", "pad": "x" * rng.choice([1, 50, 5000])}).encode() for _ in range(12)]
    whole = [f for seq, message in enumerate(sent, 1) for f in frames.encode(1, seq, message)]
    for _ in range(400):
        data = bytearray(b"".join(rng.sample(whole, len(whole)) if rng.random() < 0.3 else whole))
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(data))
            kind = rng.randrange(4)
            if kind == 0:
                data[at] ^= 1 << rng.randrange(8)
            elif kind == 1:
                del data[at : at + rng.randrange(1, 3000)]
            elif kind == 2:
                data[at:at] = rng.choice(whole)
            else:
                data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 40)))
        reader = frames.FrameReader()
        for item in reader.feed(bytes(data)):
            assert item[0] == "stale" or item[3] in sent
