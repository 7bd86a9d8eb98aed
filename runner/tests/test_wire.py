"""Hello, boot, answers: sections 1 and 2 of docs/protocol.md with a real process."""

import hashlib
import json
import time

import pytest
from driver import RUNNER

from oet_runner import frames

HELLO = "def main():\n    print('hello')\n"


def test_hello(pod):
    p = pod()
    hello = p.wait(lambda e: e.of("hello"))[0]
    assert (hello["n"], hello["v"], hello["undumpable"], hello["pid"]) == (1, 2, True, p.process.pid)
    assert len(hello["nonce"]) == 32 and hello["python"].startswith("3.")
    assert abs(hello["t"] / 1e6 - time.time()) < 60


def test_ping_in_the_bootstrap_brings_hello_again(pod):
    p = pod()
    assert p.nonce
    assert p.ask("ping") == {"n": 2, "t": p.entries[-1]["t"], "k": "answer", "to": [1, 1], "m": "ping", "ok": True}
    p.wait(lambda e: [n for n, _ in p.raw].count(1) == 2)
    assert len({line for n, line in p.raw if n == 1}) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [({"nonce": "0" * 32}, "wrong-nonce"), ({"sha256": "0" * 64}, "bad-digest"), ({"source": "print(1)"}, "bad-digest")],
)
def test_boot_is_refused(pod, change, code):
    p = pod()
    fields = {"nonce": p.nonce, "sha256": hashlib.sha256(RUNNER.encode()).hexdigest(), "source": RUNNER, **change}
    answer = p.ask("boot", **fields)
    assert (answer["ok"], answer["code"]) == (False, code)
    assert p.boot().ask("ping")["ok"]  # and the right one still works


def test_the_bootstrap_is_not_ready_for_the_rest(pod):
    p = pod()
    for m in ("prepare", "start", "stop", "replay"):
        assert p.ask(m, nonce=p.nonce)["code"] == "not-ready"


def test_the_runner_answers_boot(pod):
    p = pod().boot()
    p.wait(lambda e: e.of("answer"))
    assert p.ask("boot", nonce="whatever")["ok"]


def test_numbers_have_no_holes_and_stay_whole_over_the_handover(pod):
    p = pod()
    p.ask("ping")
    p.boot()
    p.ask("ping")
    assert [e["n"] for e in p.entries] == list(range(1, len(p.entries) + 1))
    answer = p.ask("replay", **{"from": 1})
    assert answer["from"] >= 1


def test_all_in_one_write(pod):
    p = pod()
    nonce = p.nonce
    chunks = []
    p.write, write = chunks.append, p.write
    p.boot()
    p.prepare(HELLO)
    p.write = write
    p.write(b"".join(chunks))
    p.state("READY")
    p.start()
    assert p.end()["state"] == "COMPLETE" and nonce


def test_damaged_spliced_and_repeated_frames(pod):
    p = pod()
    boot = b"".join(
        frames.encode(
            1, 1, json.dumps({"m": "boot", "nonce": p.nonce, "sha256": hashlib.sha256(RUNNER.encode()).hexdigest(), "source": RUNNER}).encode()
        )
    )
    middle = len(boot) // 2
    ping = frames.encode(1, 2, b'{"m":"ping"}')[0]
    p.write(boot[:middle] + ping + boot[middle:])  # a second attach lands within a frame of the first
    answer = p.answer([1, 2])
    assert answer["ok"]
    p.write(boot)
    assert p.answer([1, 1])["ok"]
    p.seq = 2
    p.write(ping.replace(b"ping", b"pong"))
    assert p.ask("ping")["damaged"] == 2 + 1  # both halves of the torn frame, and the flipped one


def test_stale_session(pod):
    p = pod(session=3).boot()
    p.ask("ping")
    p.write(b"".join(frames.encode(2, 9, b'{"m":"ping"}')) * 3)
    p.write(b"".join(frames.encode(2, 10, b'{"m":"ping"}')))
    assert p.answer([2, 10])["code"] == "stale-session"
    refusals = [a for a in p.entries.of("answer") if a["to"] == [2, 9]]
    assert [(a["ok"], a["highest"]) for a in refusals] == [(False, 3)]
    p.session = 4
    assert p.ask("ping")["ok"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"[]", "m must be"),
        (b"{", "no JSON"),
        (b'{"m":"nonsense"}', "unknown"),
        (b'{"m":"replay"}', "from is missing"),
        (b'{"m":"start","nonce":7}', "nonce has"),
        (b'{"m":"stop","nonce":"x","graceSeconds":-1}', "graceSeconds"),
        (b'{"m":"prepare","nonce":"x","id":"1","script":{}}', "one of source"),
        (b'{"m":"prepare","nonce":"x","id":"1","script":{"source":"","path":""}}', "one of source"),
        (b'{"m":"prepare","nonce":"x","id":"1","script":{"source":""},"limits":{"maxBytes":"much"}}', "limits.maxBytes"),
        (b'{"m":"prepare","nonce":"x","id":"1","script":{"git":{"repo":"r"}}}', "script.git.path"),
        (b'{"m":"' + b"[" * 3000 + b'"', "no JSON"),
    ],
)
@pytest.mark.one_python
def test_bad_message(pod, body, field):
    p = pod().boot()
    p.seq = 50
    p.write(b"".join(frames.encode(1, 50, body)))
    answer = p.answer([1, 50])
    assert answer["code"] == "bad-message" and field in answer["message"]
    assert p.ask("ping")["ok"]


def test_wrong_nonce_in_the_runner(pod):
    p = pod().boot()
    for m, more in (("prepare", {"id": "1", "script": {"source": ""}}), ("start", {}), ("stop", {})):
        assert p.ask(m, nonce="f" * 32, **more)["code"] == "wrong-nonce"


def test_prepare_start_and_stop_are_idempotent(pod):
    p = pod(ack=False).boot()  # it stays until all is answered
    p.prepare("runs = 0\ndef main():\n    global runs\n    runs += 1\n    print('run', runs)\n")
    p.answer(p.prepare("def main(): print('another')"))
    p.state("READY")
    starts = [p.start() for _ in range(3)]
    n = p.end()["n"]
    assert all(p.answer(to)["ok"] for to in starts)
    assert p.entries.output() == b"run 1\n"
    p.acknowledge(n)
    assert p.leave() == 0


def test_start_before_ready_and_after_stop(pod):
    p = pod(ack=False).boot()
    p.prepare("import time\nprint('loading')\ntime.sleep(60)\n")
    p.wait(lambda e: e.output())
    assert p.answer(p.start())["code"] == "not-ready"
    p.stop()
    assert p.answer(p.start())["code"] == "stopped"
    assert p.end()["state"] == "STOPPED"
    assert p.answer(p.stop())["ok"]


def test_end_of_stdin_ends_nothing(pod):
    p = pod(ack=False).boot()
    p.prepare("import time\ndef init():\n    time.sleep(0.2)\n    print('alive')\n")
    p.ask("ping")
    p.process.stdin.close()
    p.process.stdin = open("/dev/null", "wb", buffering=0)
    p.state("READY")
    assert p.entries.output() == b"alive\n"
