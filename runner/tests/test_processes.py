"""Scripts that use multiprocessing in all its ways, and asyncio's loop."""

import pytest

POOL = """
import multiprocessing, oet
def square(x): return x * x
def main(method):
    with multiprocessing.get_context(method).Pool(2) as pool: return pool.map_async(square, range(5)).get()
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_pool(pod, method):
    p = pod().run(POOL, main='{"args":["%s"]}' % method)
    assert p.end()["state"] == "COMPLETE", p.entries.of("error")
    assert p.entries.of("result")[0]["value"] == [0, 1, 4, 9, 16] and p.entries.output("stderr") == b""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_terminate_is_silent(pod, method):
    p = pod().run(
        "import multiprocessing, time\ndef work(there):\n    there.send(1)\n    time.sleep(600)\ndef main(method):\n    context = multiprocessing.get_context(method)\n"
        "    here, there = context.Pipe(False)\n    p = context.Process(target=work, args=(there,))\n    p.start()\n    here.recv()\n    p.terminate()\n    p.join()\n    print(p.exitcode)\n",
        main='{"args":["%s"]}' % method,
    )
    p.end()
    assert p.entries.output().endswith(b"-15\n") and p.entries.output("stderr") == b""


def test_a_spawned_process_cannot_publish_and_says_so(pod):
    p = pod().run(
        "import multiprocessing, oet\ndef work(): oet.publish('a')\ndef main():\n    p = multiprocessing.get_context('spawn').Process(target=work)\n    p.start()\n    p.join()\n"
    )
    p.end()
    assert b"RuntimeError: oet.progress and oet.publish work in the script's own process" in p.entries.output("stderr")


@pytest.mark.parametrize("kind", ["task", "callback", "sleep"])
def test_a_stop_ends_an_event_loop_wherever_it_falls(pod, kind):
    p = pod().run(
        """
import asyncio, oet
async def busy():
    while True:
        sum(range(20000))
        await asyncio.sleep(0)
def again(loop):
    sum(range(20000))
    loop.call_soon(again, loop)
async def go(kind):
    if kind == "task": task = asyncio.create_task(busy())
    if kind == "callback": again(asyncio.get_running_loop())
    try:
        print("on", flush=True)
        await asyncio.sleep(60)
    finally: print("cleanup")
def main(kind):
    try: asyncio.run(go(kind))
    except oet.TerminateInterrupt as stop:
        print("caught", type(stop).__name__, stop.reason, stop.message)
        raise
""",
        main='{"args":["%s"]}' % kind,
    )
    p.wait(lambda e: b"on" in e.output())
    p.stop(message="enough")
    end = p.end()
    assert (end["state"], end["reason"], end["exitCode"]) == ("STOPPED", "Stopped", 143)
    assert p.entries.output() == b"on\ncleanup\ncaught TerminateInterrupt user enough\n" and p.entries.of("error") == []


def test_what_is_told_after_an_unread_stop_arrives(pod):
    p = pod().run(
        "import oet, signal, sys, time\ndef main():\n    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))\n    print('on', flush=True)\n    time.sleep(60)\n"
    )
    p.wait(lambda e: e.output())
    p.stop()
    end = p.end()
    assert (end["state"], end["exitCode"]) == ("STOPPED", 3) and p.entries.of("error")[0]["type"] == "SystemExit"


@pytest.mark.parametrize("how", ["return 5", "raise ValueError('x')"])
@pytest.mark.parametrize("end", ["stop", "runSeconds"])
def test_threads_that_outlive_main(pod, how, end):
    p = pod().run(
        """
import threading, time
def work():
    threading.main_thread().join()
    print("left", flush=True)
    while True: time.sleep(0.05)
def main():
    threading.Thread(target=work).start()
    """
        + how,
        graceSeconds=0.3,  # the thread never ends
        **({"runSeconds": 8} if end == "runSeconds" else {}),
    )
    p.wait(lambda e: e.output())
    if end == "stop":
        p.stop()
    assert p.end()["state"] == ("COMPLETE" if how == "return 5" else "FAILED") and p.end()["reason"] != "DeadlineExceeded"
