"""Output, acknowledgement, spool and replay: sections 3 and 4 of docs/protocol.md."""

import hashlib
import json
import os
import random
import time

import pytest

from golden_runs import TAKEN
from oet_runner.keep import Keeper
from oet_runner.spool import Spool

# A process that is stopped (SIGSTOP) while it writes has written a part only.
WHOLE = "import os\ndef write(fd, data):\n    data = memoryview(data)\n    while data: data = data[os.write(fd, data) :]\n"


def sums(data):
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "expression",
    [
        "b'a\\n' * 50000",
        "('é€🔭' * 30000).encode()",
        "bytes(range(256)) * 700",
        "b'\\x00' * 100000",
        "b'\\xff' * 100000",
        "b'\"\\\\' * 60000",
        "'é'.encode()[:1]",
        "b'ok ' + '🔭'.encode()[:3]",
        "b''",
    ],
)
def test_output_is_byte_exact(pod, expression):
    expected = eval(expression)
    p = pod().run("import os\ndef main():\n    data = memoryview(%s)\n    while data: data = data[os.write(1, data):]\n" % expression)
    end = p.end()
    assert p.entries.output() == expected
    assert end["sha256"]["stdout"] == sums(expected) and end["bytes"]["stdout"] == len(expected)
    text = all("d" in e for e in p.entries.of("out"))
    assert text or expression[0] == "b" or "[" in expression


def test_a_character_in_two_writes(pod):
    # Each byte is read before the next is written; what comes together in an entry is the machine's pace.
    p = pod().run(TAKEN + "import time\ndef main():\n    for byte in '🔭é'.encode():\n        write(1, bytes([byte]))\n        time.sleep(0.05)\n")
    p.end()
    texts = [e.get("d") for e in p.entries.of("out")]
    assert texts in (["🔭", "é"], ["🔭é"])


def test_the_first_byte_comes_without_a_line_feed(pod):
    p = pod().run("import os, time\ndef main():\n    os.write(1, b'x')\n    time.sleep(60)\n")
    p.wait(lambda e: e.output() == b"x")


@pytest.mark.one_python
def test_100_mb_without_a_line_feed(pod):
    p = pod().run(WHOLE + "import os\ndef main():\n    for i in range(1600): write(1, b'%08d' % i * 8192)\n", maxBytes=200 << 20)
    end = p.end()
    whole = hashlib.sha256()
    for i in range(1600):
        whole.update(b"%08d" % i * 8192)
    assert end["sha256"]["stdout"] == whole.hexdigest() == sums(p.entries.output())


def test_many_lines_on_both_streams(pod):
    p = pod().run("import sys\ndef main():\n    for i in range(20000):\n        print(i)\n        if i % 3 == 0: print(-i, file=sys.stderr)\n")
    p.end()
    assert p.entries.output() == b"".join(b"%d\n" % i for i in range(20000))
    assert p.entries.output("stderr") == b"".join(b"%d\n" % -i for i in range(0, 20000, 3))


@pytest.mark.parametrize("folder", ["writable", "none"])
def test_the_first_and_the_last_half_are_kept(pod, folder):
    p = pod(env={"TMPDIR": "/proc/none"} if folder == "none" else {}).run(
        WHOLE + "import os, sys\ndef main():\n    for i in range(60): write(1 + i % 2, b'%07d\\n' % i * 12500)\n", maxBytes=3_000_000
    )
    end = p.end()
    written = {s: b"".join(b"%07d\n" % i * 12500 for i in range(60) if i % 2 == (s == "stderr")) for s in ("stdout", "stderr")}
    gaps = {g["s"]: g["bytes"] for g in p.entries.of("gap")}
    assert sum(end["kept"].values()) == 3_000_000
    for stream, data in written.items():
        kept = p.entries.output(stream)
        assert end["bytes"][stream] == len(data) == end["kept"][stream] + gaps[stream]
        assert end["kept"][stream] == len(kept) and end["sha256"][stream] == sums(kept)
        place = (
            kept.index(data[: len(kept)][-1:])
            if not kept
            else sum(len(e["d"]) for e in p.entries.of("out") if e["s"] == stream and e["n"] < p.entries.of("gap")[0]["n"])
        )
        assert kept == data[:place] + data[len(data) - (len(kept) - place) :]


def test_below_the_limit_there_is_no_gap(pod):
    p = pod().run(WHOLE + "import os\ndef main():\n    for i in range(40): write(1, b'%07d\\n' % i * 125)\n", maxBytes=40000)
    assert p.end()["kept"]["stdout"] == 40000 and p.entries.of("gap") == []
    assert p.entries.output() == b"".join(b"%07d\n" % i * 125 for i in range(40))


def test_keeper_against_a_model():
    rng = random.Random(7)
    for _ in range(300):
        limit = rng.choice([0, 1, 2, 7, 100, 1000])
        keeper, written, first = Keeper(limit), [], []
        for _ in range(rng.randrange(30)):
            piece = (rng.choice([b"stdout", b"stderr"]), bytes(rng.randrange(256) for _ in range(rng.randrange(1, 60))))
            written += [(piece[0], byte) for byte in piece[1]]
            first += [(piece[0], byte) for byte in keeper.first(*piece)]
        last = [(stream, byte) for stream, data in keeper.last(16) for byte in data]
        if len(written) <= limit:
            assert first + last == written
        else:
            assert first == written[: limit // 2] and last == written[len(written) - (limit - limit // 2) :]
            assert sum(keeper.dropped.values()) == len(written) - limit


def test_spool_against_a_model():
    rng = random.Random(11)
    for _ in range(60):
        spool, lines, acked, cursor = Spool([], lambda: False, memory=rng.choice([0, 200, 10**6])), [], 0, 1
        for _ in range(200):
            what = rng.randrange(4)
            if what == 0:
                lines.append(b"%d " % len(lines) * rng.randrange(1, 20))
                spool.append(lines[-1])
            elif what == 1:
                n = rng.randrange(len(lines) + 3)
                spool.acknowledge(n)
                acked = max(acked, min(n, len(lines)))
                cursor = max(cursor, acked + 1)
            elif what == 2:
                n = rng.randrange(1, len(lines) + 3)
                assert spool.rewind(n) == max(n, acked + 1)
                cursor = min(cursor, max(n, acked + 1))
            else:
                got = spool.take(rng.randrange(1, 100), wait=False)
                assert b"".join(lines[cursor - 1 :]).startswith(got) and (got or cursor > len(lines))
                while got:
                    got, cursor = got[len(lines[cursor - 1]) :], cursor + 1
            assert spool.bytes == sum(map(len, lines[acked:])) and spool.cursor == cursor and spool.last == len(lines)


@pytest.mark.one_python
def test_the_window(pod):
    p = pod(ack=False).run(WHOLE + "import os\ndef main():\n    for i in range(300): write(1, b'%07d\\n' % i * 8192)\n", maxBytes=200 << 20)
    p.wait(lambda e: len(e.output()) > 3 << 20)
    p.pump(0.3)
    assert len(p.entries.output()) < 5 << 20  # 4 MiB and what was on its way
    p.ack = True
    p.acknowledge(p.high)
    end = p.end()
    assert sums(p.entries.output()) == end["sha256"]["stdout"]
    assert p.leave() == 0


@pytest.mark.one_python
def test_the_spool_goes_to_a_file_and_comes_back(pod, tmp_path):
    p = pod(ack=False, env={"TMPDIR": str(tmp_path)}).run(
        WHOLE
        + "import os\ndef main(path):\n    for i in range(900): write(1, b'%07d\\n' % i * 8192)\n    open(path, 'w').close()\n    import time\n    time.sleep(0.1)\n",
        main=json.dumps({"args": [str(tmp_path / "mark")]}),
        maxBytes=200 << 20,
    )
    until = time.monotonic() + 120
    while not (tmp_path / "mark").exists() and time.monotonic() < until:
        p.ask("ping") if p.high < 1 else p.pump()  # never blocked by its own printing
    assert (tmp_path / "mark").exists()
    if os.getuid() == 0:  # nobody else may look into PID 1
        assert [file for file in open_files(p.process.pid) if "oet-spool-" in file]
    p.ack = True
    p.acknowledge(p.high)
    end = p.end()
    assert end["bytes"]["stdout"] == 900 * 65536 and sums(p.entries.output()) == end["sha256"]["stdout"]


def open_files(pid):
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            yield os.readlink("/proc/%d/fd/%s" % (pid, fd))
        except OSError:
            pass  # closed in the meantime


def test_replay(pod):
    p = pod(ack=False).run("def main():\n    for i in range(100): print(i)\n")
    p.end()
    lines = dict(p.raw)
    to = p.send("replay", **{"from": 3})
    assert p.answer(to)["from"] == 3
    again = p.raw[len(lines) :]
    assert [n for n, _ in again][: len(lines) - 2] == list(range(3, len(lines) + 1))
    assert all(lines.get(n, line) == line for n, line in again)
    count = len(p.raw)
    p.send("replay", seq=to[1], **{"from": 3})  # the same message again: answered, not done again
    p.wait(lambda e: len([a for a in e.of("answer") if a["to"] == to]) == 2)
    assert len(p.raw) == count + 1
    p.acknowledge(10)
    assert p.ask("replay", **{"from": 1})["from"] == 11


def test_the_end_waits_for_its_ack(pod):
    p = pod(ack=False).run("def main(): pass")
    n = p.end()["n"]
    p.ask("ping")
    assert p.process.poll() is None
    p.acknowledge(n)
    assert p.leave() == 0


def test_an_ack_of_what_is_not_there_yet_is_harmless(pod):
    p = pod(ack=False).boot()
    p.acknowledge(10**9)
    p.prepare("def main(): print('x')")
    p.state("READY")
    p.start()
    assert p.end()["state"] == "COMPLETE" and p.entries.output() == b"x\n"


@pytest.mark.one_python
def test_a_stalled_reader_loses_nothing(pod):
    p = pod().run(WHOLE + "import os\ndef main():\n    for i in range(400): write(1, b'%07d\\n' % i * 8192)\n", maxBytes=100 << 20)
    p.wait(lambda e: len(e.output()) > 1 << 20)
    p.stalled = True
    until = time.monotonic() + 1
    while time.monotonic() < until:
        p.pump(0.05)
    p.stalled = False
    end = p.end()
    assert end["bytes"]["stdout"] == 400 * 65536 and sums(p.entries.output()) == end["sha256"]["stdout"]


def test_events_do_not_block_each_other(pod):
    p = pod().run(
        "import oet, threading\ndef main():\n    def many(k):\n        for i in range(300): oet.publish('t%d' % k, i=i, pad='x' * (i * 200))\n    threads = [threading.Thread(target=many, args=(k,)) for k in range(4)]\n    [t.start() for t in threads]\n    [t.join() for t in threads]\n"
    )
    p.end()
    for k in range(4):
        assert [e["fields"]["i"] for e in p.entries.of("event") if e["topic"] == "t%d" % k] == list(range(300))
