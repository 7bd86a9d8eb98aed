"""Where the machine holds one of the processes up for seconds, just there, the outcome is the same."""

import os
import signal
import subprocess
from types import SimpleNamespace

import pytest
from driver import RUNNER

from oet_runner import ending, process


def changed(text, by):
    """The runner with a line of its source (as it stands in the bundle's text) replaced."""
    assert RUNNER.count(text) == 1, text
    return RUNNER.replace(text, by)


def held_up_before(line, mark):
    """A runner that stops itself before that line of its loop once the file is there."""
    line = "            " + line
    return changed(line, "            if os.path.exists(%r): os.unlink(%r); os.kill(os.getpid(), 19)\n%s" % (str(mark), str(mark), line))


def stopped(p):
    with open("/proc/%d/stat" % p.process.pid) as file:
        return file.read().rpartition(")")[2].split()[0] == "T"


def test_a_sigterm_between_the_bootstraps_handler_and_the_runners(pod):
    handler = "_signal.signal(_signal.SIGTERM, self._on_term)"
    p = pod(runner=changed(handler, "os.kill(os.getpid(), 15); " + handler)).boot()
    end = p.end()
    assert (end["state"], end["reason"]) == ("STOPPED", "External")


@pytest.mark.parametrize("phase", ["runner", "main"])
def test_a_stop_that_was_sent_before_the_sigterm(pod, tmp_path, phase):
    """The operator deletes the pod right after the stop: a runner that sees both at once was stopped all the same."""
    mark = tmp_path / "mark"
    p = pod(runner=held_up_before("if self._terminated:", mark))
    if phase == "main":
        p.run("import time\ndef main():\n    print('on')\n    time.sleep(60)\n")
        p.wait(lambda e: e.output())
    else:
        p.boot()
    mark.touch()
    p.send("ping")
    p.wait(lambda _: stopped(p))
    p.stop(message="enough")
    p.process.send_signal(signal.SIGTERM)
    p.process.send_signal(signal.SIGCONT)
    end = p.end()
    assert (end["state"], end["reason"], end["message"]) == ("STOPPED", "Stopped", "enough")


@pytest.mark.one_python
def test_ready_in_time_but_heard_of_after_the_deadline(pod, tmp_path):
    """The runner stands still from before the script is ready until the deadline is over."""
    mark = tmp_path / "mark"
    p = pod(runner=held_up_before("self.life.step()", mark)).boot()
    p.prepare(
        "import oet, os, signal, sys, threading, time\n"
        "runner = os.getppid()\n"
        "open(%r, 'w').close()\n"
        "oet.progress(0)\n"
        "while open('/proc/%%d/stat' %% runner).read().rpartition(')')[2].split()[0] != 'T': time.sleep(0.01)\n"
        "def go_on():\n"
        "    while sys._current_frames()[threading.main_thread().ident].f_code.co_name != '_wait': time.sleep(0.01)\n"
        "    time.sleep(5)\n"
        "    os.kill(runner, signal.SIGCONT)\n"
        "threading.Thread(target=go_on, daemon=True).start()\n"
        "def main(): print('ran')\n" % str(mark),
        prepareSeconds=5,
    )
    p.state("READY")
    p.start()
    assert p.end()["state"] == "COMPLETE" and p.entries.output() == b"ran\n"


def test_a_deadline_before_the_script_has_begun(pod):
    """What it tells of its phases then comes too late: STOPPING is the last state."""
    begin = "from .script import Script, isolate\n"
    p = pod(runner=changed(begin, begin + "\n                time.sleep(1)\n")).boot()
    p.prepare("import time\ntime.sleep(60)", prepareSeconds=0.05)
    end = p.end()
    assert (end["state"], end["reason"]) == ("FAILED", "DeadlineExceeded")
    assert p.entries.states() == ["IDLE", "STOPPING"]


def test_a_copy_is_ended_by_the_signal_that_comes_before_it_runs(pod):
    """As multiprocessing ends the processes of a pool, of which one may just have been forked."""
    p = pod().run(
        "import os, signal, time\ndef main():\n"
        "    for _ in range(200):\n"
        "        pid = os.fork()\n"
        "        if not pid:\n            time.sleep(5)\n            os._exit(0)\n"
        "        os.kill(pid, signal.SIGTERM)\n"
        "        if os.waitpid(pid, 0)[1] != signal.SIGTERM: return 'it lived on'\n"
        "    return signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, [])\n"
    )
    assert p.end()["state"] == "COMPLETE" and p.entries.of("result")[0]["value"] is False


def test_what_the_script_leaves_is_killed_however_little_time_there_is():
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    process.clear(child.pid, patience=0)
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)
    child.wait()


@pytest.mark.parametrize(
    ("steps", "left"),
    [
        ([(29, 100, 0)], False),
        ([(31, 100, 0)], True),
        ([(100, 5 << 20, 0), (101, 3 << 20, 7), (130, 3 << 20, 0)], False),  # slow, but it goes on
        ([(100, 5 << 20, 0), (101, 3 << 20, 7), (132, 3 << 20, 0)], True),
        ([(100, 5 << 20, 0), (101, 3 << 20, 7), (110, 100, 9)], True),  # all of it
        ([(101, 5 << 20, 0), (3601, 3 << 20, 7)], True),
    ],
)
def test_who_takes_the_last_entries_slowly_gets_them(monkeypatch, steps, left):
    """(seconds after the end, bytes not acknowledged, n of an ack that comes then): has it left?"""
    now, gone = [0.0], []
    spool = SimpleNamespace(bytes=0)
    monkeypatch.setattr(ending, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(ending, "_leave", gone.append)
    it = ending.Ending(SimpleNamespace(spool=spool, wake=lambda: None))
    it.begin({}, SimpleNamespace(finish=lambda *_: None), {"captureSeconds": 3600})
    it.written(9)
    it.step({})
    for seconds, size, n in steps:
        assert not gone
        now[0], spool.bytes = seconds, size
        it.acknowledged(n)
        it.step({})
    assert bool(gone) is left
