"""What the script's process may tell: nothing that a reader of the journal would not take, whoever wrote it."""

import json
import random

import pytest

from oet_runner import control, entries, shorten, told

ERROR = {"phase": "main", "type": "E", "message": "", "stackTrace": "", "frames": [], "causes": []}
FRAME = {"file": "a", "line": 1, "function": "f", "source": None}


def entry(kind, fields):
    return {"c": "entry", "k": kind, "f": fields}


@pytest.mark.parametrize(
    "message",
    [
        entry("progress", {"fraction": 0.5, "message": None}),
        entry("event", {"topic": "a", "fields": {}, "truncated": True}),
        entry("error", {**ERROR, "frames": [FRAME]}),
        entry("result", {"value": None}),
        entry("source", {"sha256": "a" * 64, "commit": "b" * 40}),
        {"c": "outcome", "outcome": "returned"},
    ],
)
def test_valid(message):
    assert told.valid(message)


@pytest.mark.parametrize(
    "message",
    [
        [],
        entry("progress", {"fraction": True, "message": None}),
        entry("progress", {"fraction": float("nan"), "message": None}),
        entry("progress", {"fraction": 1.5, "message": None}),
        entry("event", {"topic": "a", "fields": {}, "truncated": 1}),
        entry("error", {**ERROR, "frames": [{**FRAME, "line": -1}]}),
        entry("error", {**ERROR, "frames": [{**FRAME, "line": True}]}),
        entry("error", {**ERROR, "frames": [{**FRAME, "line": 2**31}]}),
        entry("error", {**ERROR, "causes": [{"type": "E"}]}),
        entry("source", {"sha256": "a" * 63}),
        entry("source", {"sha256": "A" * 64}),
        entry("source", {"sha256": "a" * 64, "commit": "b"}),
        entry("result", {"value": 1, "repr": "1"}),
        entry("state", {"state": "RUNNING"}),
        entry("end", {}),
        {"c": "outcome", "outcome": "raised"},
    ],
)
def test_invalid(message):
    assert not told.valid(message)


def test_no_json_is_dropped_and_what_follows_is_not():
    ours, theirs = control.pair()
    for text in (b'{"x":NaN}', b"{", b'{"a":1}'):
        control.send(theirs, text)
    assert control.Receiver(ours).receive() == {"a": 1}


def test_what_was_sent_before_leaving_with_unread_messages_arrives():
    ours, theirs = control.pair()
    control.send(ours, b"{}")  # never read
    control.send(theirs, b'{"a":1}')
    theirs.close()
    receiver = control.Receiver(ours)
    assert receiver.receive() == {"a": 1} and receiver.receive() is None and receiver.eof


def some(rng, depth=0):
    """A JSON value of any shape, texts of any kind in it."""
    kind = rng.randrange(6 if depth < 4 else 3)
    if kind == 0:
        return rng.choice([None, True, rng.randrange(10**9), 10**40, 0.5])
    if kind < 3:
        return "".join(rng.choice('a"\\\n\0é漢\U0001f600\udc80') for _ in range(rng.randrange(1 << rng.randrange(12))))
    items = [some(rng, depth + 1) for _ in range(rng.randrange(12))]
    return items if kind < 5 else {str(some(rng, 5)): item for item in items}


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_shortened_fits(seed):
    rng = random.Random(seed)
    fields = {
        "topic": some(rng, 4),
        "fields": {str(i): some(rng) for i in range(rng.randrange(30))},
        "frames": [some(rng) for _ in range(rng.randrange(30))],
    }
    room = rng.randrange(100, 20000)
    small = shorten.shortened(fields, room)
    assert len(entries.dumps(small)) <= room and small["truncated"] is True and json.loads(entries.dumps(small)) is not None
    if len(entries.dumps(fields)) <= room - 64:
        assert small == {**fields, "truncated": True}
