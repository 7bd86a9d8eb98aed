"""Section 5 of docs/protocol.md: a stop in every phase, against every kind of script."""

import signal
import time

import pytest

CAUGHT = """
import os, signal, threading, time, oet
def main(kind="sleep"):
    try:
        if kind == "gc":
            class Slow:
                def __del__(self):
                    print("on", flush=True)
                    until = time.monotonic() + 0.2
                    while time.monotonic() < until: pass
            while True: Slow()
        if kind == "callback":
            import ctypes
            def compare(a, b):
                print("on", flush=True)
                time.sleep(0.2)
                return 0
            array = (ctypes.c_int * 2)()
            function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(compare)
            ctypes.CDLL(None).qsort(array, 2, 4, function)  # one call of compare, which swallows the exception
            time.sleep(60)
        print("on", flush=True)
        if kind == "loop":
            while True: pass
        if kind == "sleep": time.sleep(60)
        if kind == "read": os.read(os.pipe()[0], 1)
        if kind == "lock":
            lock = threading.Lock()
            lock.acquire()
            lock.acquire()
        if kind == "join":
            thread = threading.Thread(target=time.sleep, args=(60,), daemon=True)
            thread.start()
            thread.join()
        if kind == "publish":
            while True: oet.publish("a", text="x" * 100)
        if kind == "child":
            import subprocess
            subprocess.run(["sleep", "60"])
        if kind == "except":
            while True:
                try: time.sleep(60)
                except Exception: print("must not be caught here")
    except oet.TerminateInterrupt as stop:
        print("caught", stop.reason, stop.message)
        raise
    finally:
        print("finally")
"""

KINDS = ["loop", "sleep", "read", "lock", "join", "gc", "callback", "publish", "child", "except"]


def on(p, text=b"on"):
    return p.wait(lambda e: text in e.output())


@pytest.mark.parametrize("kind", KINDS)
def test_the_exception_reaches_the_main_thread(pod, kind):
    p = pod().run(CAUGHT, main='{"args":["%s"]}' % kind)
    on(p)
    p.stop(message="enough")
    end = p.end()
    assert (end["state"], end["reason"], end["message"]) == ("STOPPED", "Stopped", "enough")
    lines = p.entries.output().splitlines()
    assert [x for x in lines if x != b"on"] == [b"caught user enough", b"finally"]
    assert p.entries.states()[-2:] == ["RUNNING", "STOPPING"] and p.entries.of("state")[-1]["reason"] == "user"
    assert p.entries.of("error") == [] and p.leave() == 143


@pytest.mark.parametrize("phase", ["load", "init", "ready", "exit"])
def test_stop_in_every_phase(pod, phase):
    p = pod().boot()
    block = "import time\ntry:\n    print('on')\n    time.sleep(60)\nfinally:\n    print('finally')\n"
    inner = "".join("    " + line + "\n" for line in block.splitlines())
    p.prepare(
        {
            "load": block,
            "init": "def init():\n" + inner,
            "ready": "def main(): print('ran')",
            "exit": "import atexit\ndef late():\n" + inner + "def main():\n    atexit.register(late)\n",
        }[phase]
    )
    if phase in ("ready", "exit"):
        p.state("READY")
    if phase == "exit":
        p.start()
        p.state("READY", 2)
    if phase != "ready":
        on(p)
    p.stop()
    end = p.end()
    assert p.entries.output() == (b"" if phase == "ready" else b"on\nfinally\n")
    if phase == "exit":  # main had returned before the stop
        assert (end["state"], end["reason"]) == ("COMPLETE", "Completed") and p.leave() == 0
    else:
        assert (end["state"], end["reason"]) == ("STOPPED", "Stopped") and p.leave() == 143


@pytest.mark.parametrize(
    ("name", "source"),
    [
        (
            "swallows",
            "import time\ndef main():\n    while True:\n        try:\n            print('on')\n            while True: time.sleep(60)\n        except BaseException: print('swallowed')\n",
        ),
        ("ignores", "import time, signal\ndef main():\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    print('on')\n    time.sleep(60)\n"),
        (
            "blocks the signal",
            "import time, signal\ndef main():\n    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n    print('on')\n    time.sleep(60)\n",
        ),
        (
            "sits in C",
            # Told by a program that C has started and now waits for, whatever signal comes.
            "import ctypes\ndef main():\n    ctypes.CDLL(None).system(b'echo on; exec sleep 600')\n    print('back')\n",
        ),
        ("lingers in finally", "import time\ndef main():\n    try:\n        print('on')\n        time.sleep(60)\n    finally: time.sleep(60)\n"),
    ],
    ids=["swallows", "ignores", "blocks", "C", "lingers"],
)
def test_after_the_grace_it_is_killed(pod, name, source):
    p = pod().run(source)
    on(p)
    p.stop(graceSeconds=0.3)
    end = p.end()
    assert (end["state"], end["reason"], end["exitCode"], end["signal"]) == ("STOPPED", "GraceExceeded", None, 9)
    assert p.entries.output().count(b"swallowed") <= 1 and p.leave() == 143


def test_immediate(pod):
    p = pod().run("import time\ndef main():\n    try:\n        print('on')\n        time.sleep(60)\n    finally: print('finally')\n")
    on(p)
    p.stop(mode="Immediate")
    end = p.end()
    assert (end["state"], end["reason"], end["signal"]) == ("STOPPED", "Stopped", 9)
    assert p.entries.output() == b"on\n"


def test_a_second_stop_only_shortens(pod):
    p = pod().run(
        "import time\ndef main():\n    while True:\n        try:\n            print('on')\n            while True: time.sleep(60)\n        except BaseException: print('swallowed')\n"
    )
    on(p)
    p.stop(graceSeconds=3600, message="first")
    on(p, b"swallowed")
    p.answer(p.stop(graceSeconds=7200, message="second"))
    p.stop(graceSeconds=0.2)
    end = p.end()
    assert (end["reason"], end["message"]) == ("GraceExceeded", "first")


def test_what_the_cleanup_raises_is_told(pod):
    p = pod().run("import time\ndef main():\n    try:\n        print('on')\n        time.sleep(60)\n    finally: raise ValueError('in cleanup')\n")
    on(p)
    p.stop()
    assert p.end()["state"] == "STOPPED" and p.entries.of("error")[0]["message"] == "in cleanup"


def test_a_script_that_returns_after_the_stop_is_stopped(pod):
    p = pod().run("import time\ndef main():\n    try:\n        print('on')\n        time.sleep(60)\n    except BaseException: return 5\n")
    on(p)
    p.stop()
    end = p.end()
    assert (end["state"], end["reason"], end["exitCode"]) == ("STOPPED", "Stopped", 0)


@pytest.mark.parametrize("phase", ["bootstrap", "runner", "load", "ready", "main"])
def test_sigterm(pod, phase):
    p = pod()
    assert p.nonce
    if phase != "bootstrap":
        p.boot().ask("ping")
    if phase == "load":
        p.prepare("import time\nprint('on')\ntime.sleep(60)")
    if phase in ("ready", "main"):
        p.prepare(CAUGHT)
        p.state("READY")
    if phase == "main":
        p.start()
    if phase in ("load", "main"):
        on(p)
    p.process.send_signal(signal.SIGTERM)
    end = p.end()
    if phase in ("bootstrap", "runner"):
        assert (end["state"], end["reason"]) == ("STOPPED", "External") and p.leave() == 143
    else:
        assert (end["state"], end["reason"]) == ("FAILED", "External")
    if phase == "main":
        assert b"caught external" in p.entries.output()
    assert end["entries"] == end["n"]


def test_the_stop_comes_before_the_sigterm(pod):
    p = pod().run(CAUGHT)
    on(p)
    p.stop(message="by hand")
    p.state("STOPPING")
    p.process.send_signal(signal.SIGTERM)
    end = p.end()
    assert (end["state"], end["reason"], end["message"]) == ("STOPPED", "Stopped", "by hand")


def test_the_runner_leaves_before_the_kubelet_kills(pod):
    p = pod(ack=False).run(CAUGHT.replace("raise\n", "time.sleep(60)\n"), terminationSeconds=4, graceSeconds=60)
    on(p)
    sent = time.monotonic()
    p.process.send_signal(signal.SIGTERM)
    end = p.end()
    assert end["reason"] == "External" and end["signal"] == 9  # killed before the kubelet's turn, for the sake of the capture
    p.leave()
    assert 1 <= time.monotonic() - sent < 60  # by itself: its own grace is a minute


def test_stop_before_prepare(pod):
    p = pod(ack=False).boot()
    p.stop()
    end = p.end()
    assert (end["state"], end["reason"]) == ("STOPPED", "Stopped")
    assert p.answer(p.prepare("def main(): pass"))["code"] == "stopped"


def test_a_stalled_reader_does_not_hold_up_the_stop(pod, tmp_path):
    mark = tmp_path / "stopped"
    p = pod().run(
        "import oet, os, time\ndef main(path):\n    try:\n        while True: os.write(1, b'x' * 65535 + b'\\n')\n    except oet.TerminateInterrupt: open(path, 'w').write('%.6f' % time.time())\n",
        main='{"args":["%s"]}' % mark,
    )
    p.wait(lambda e: len(e.output()) > 1 << 20)
    p.stalled = True
    until = time.monotonic() + 120
    while time.monotonic() < until and p.process.poll() is None and not mark.exists():
        if not getattr(p, "asked", False) and full(p):
            p.asked = True
            p.stop()
        p.pump(0.01)
    assert mark.exists()
    p.stalled = False
    end = p.end()
    assert end["state"] == "STOPPED" and len(p.entries.output()) == end["kept"]["stdout"] <= 64 << 20


def full(p):
    """The pipe to us does not take any more."""
    import array
    import fcntl
    import termios

    size = array.array("i", [0])
    fcntl.ioctl(p.process.stdout, termios.FIONREAD, size)
    return size[0] >= 32768
