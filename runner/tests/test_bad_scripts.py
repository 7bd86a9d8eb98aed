"""Scripts that do what no script should: each gets a verdict, and the runner lives on."""

import json
import os
import signal

import pytest


@pytest.mark.parametrize("code", ["", "0", "7", "'why'", "256", "None"])
def test_sys_exit(pod, code):
    p = pod().run("import sys\ndef main(): sys.exit(%s)" % code)
    end = p.end()
    expected = {"": 0, "0": 0, "7": 7, "'why'": 1, "256": 0, "None": 0}[code]
    assert (end["state"], end["reason"], end["exitCode"]) == ("FAILED", "SystemExit", expected)
    assert p.entries.output("stderr") == (b"why\n" if code == "'why'" else b"")
    assert p.leave() == (expected or 1)


@pytest.mark.parametrize("phase", ["load", "init"])
def test_sys_exit_before_main(pod, phase):
    p = pod().boot()
    p.prepare("import sys\nsys.exit(2)" if phase == "load" else "import sys\ndef init(): sys.exit(2)")
    assert p.end()["reason"] == "SystemExit" and p.entries.of("error")[0]["phase"] == phase


@pytest.mark.parametrize(
    ("action", "reason", "code", "number"),
    [
        ("os._exit(3)", "Exited", 3, None),
        ("os._exit(0)", "Exited", 0, None),
        ("os.abort()", "Killed", None, 6),
        ("os.kill(os.getpid(), 9)", "Killed", None, 9),
        ("import ctypes; ctypes.string_at(0)", "Killed", None, 11),
        ("os.execv('/bin/true', ['true'])", "Exited", 0, None),
    ],
)
def test_leaving_without_a_word(pod, action, reason, code, number):
    p = pod().run("import os\ndef main():\n    print('before')\n    os.write(1, b'unterminated')\n    %s\n" % action)
    end = p.end()
    assert (end["state"], end["reason"], end["exitCode"], end["signal"]) == ("FAILED", reason, code, number)
    assert p.entries.output() == b"before\nunterminated"
    assert p.leave() == (128 + number if number else code or 1)


def test_both_copies_of_a_fork_return(pod):
    p = pod().run(
        "import os\ndef main():\n    print('once')\n    pid = os.fork()\n    print('twice')\n    if pid: os.waitpid(pid, 0)\n    return 5\n"
    )
    end = p.end()
    assert end["state"] == "COMPLETE" and sorted(p.entries.output().split()) == [b"once", b"twice", b"twice"]
    assert len(p.entries.of("result")) == 1 and p.entries.states().count("READY") == 2 and len(p.entries.of("end")) == 1


@pytest.mark.parametrize("phase", ["load", "init", "raise"])
def test_a_copy_comes_back_early(pod, phase):
    source = {
        "load": "import os\nos.fork()\ndef main(): print('main')\n",
        "init": "import os\ndef init(): os.fork()\ndef main(): print('main')\n",
        "raise": "import os\ndef main():\n    if not os.fork(): raise ValueError('in the copy')\n    os.wait()\n    print('main')\n",
    }
    p = pod().run(source[phase])
    assert p.end()["state"] == "COMPLETE" and p.entries.output() == b"main\n" and p.entries.of("error") == []


def test_daemons_do_not_hold_up_the_end(pod):
    p = pod().run(
        "import os, time\ndef main():\n    for _ in range(3):\n        if not os.fork():\n            os.setsid()\n            if os.fork(): os._exit(0)\n            time.sleep(600)\n    print([int(x) for x in os.popen('pgrep -s 0 || true').read().split()] and 'ok')\n"
    )
    assert p.end()["state"] == "COMPLETE"
    assert p.leave() == 0
    assert not [pid for pid in filter(str.isdigit, os.listdir("/proc")) if parent(pid) == p.process.pid]


def parent(pid):
    try:
        with open("/proc/%s/stat" % pid) as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return None


def test_descendants_are_killed(pod, tmp_path):
    pids = tmp_path / "pids"
    p = pod().run(
        "import os, time, subprocess\ndef main(path):\n    a = subprocess.Popen(['sleep', '600'], start_new_session=True)\n    if not os.fork():\n        os.setsid()\n        if os.fork(): os._exit(0)\n        open(path, 'w').write(str(os.getpid()))\n        time.sleep(600)\n    while not (os.path.exists(path) and open(path).read()): time.sleep(0.01)\n    print(a.pid, open(path).read())\n",
        main=json.dumps({"args": [str(pids)]}),
    )
    assert p.end()["state"] == "COMPLETE"
    for pid in p.entries.output().split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


def test_closed_stdout(pod):
    p = pod().run("import os, sys\ndef main():\n    print('a')\n    sys.stdout.flush()\n    os.close(1)\n    print('to stderr', file=sys.stderr)\n")
    end = p.end()
    assert end["state"] == "COMPLETE" and p.entries.output() == b"a\n" and p.entries.output("stderr") == b"to stderr\n"


def test_replaced_streams(pod):
    p = pod().run("import sys, io\ndef main():\n    sys.stdout = io.StringIO()\n    sys.stderr = None\n    print('nowhere')\n")
    assert p.end()["state"] == "COMPLETE" and p.entries.output() == b""


def test_a_fork_bomb_of_bounded_size_is_cleared(pod):
    p = pod().run("import os, time\ndef main():\n    for _ in range(5): os.fork()\n    time.sleep(0.1)\n")
    assert p.end()["state"] == "COMPLETE"


def test_a_broken_script_leaves_the_control_channel_usable(pod):
    p = pod().run(
        "import os, oet\ndef main():\n    for fd in range(3, 64):\n        try: os.close(fd)\n        except OSError: pass\n    print('closed')\n"
    )
    end = p.end()  # it cannot tell its outcome any more
    assert (end["state"], end["reason"]) == ("FAILED", "Exited") and p.entries.output() == b"closed\n"


def test_sigterm_to_itself(pod):
    p = pod().run("import os, signal, time\ndef main():\n    os.kill(os.getpid(), signal.SIGTERM)\n    time.sleep(60)\n")
    end = p.end()
    assert (end["state"], end["reason"]) == ("FAILED", "Exited") and end["exitCode"] == 128 + signal.SIGTERM


def test_recursion(pod):
    p = pod().run("def main(): main()")
    assert p.end()["reason"] == "ScriptError" and p.entries.of("error")[0]["type"] == "RecursionError"


def test_unprintable_text(pod):
    p = pod().run(
        "import sys, oet\ndef main():\n    print('\\udcff')\n    print('\\ud800', file=sys.stderr)\n    oet.publish('\\ud800', x='\\udfff')\n    raise ValueError('\\ud800')\n"
    )
    end = p.end()
    assert end["reason"] == "ScriptError" and p.entries.output() == b"\xff\n" and p.entries.output("stderr") == b"\\ud800\n"
    assert p.entries.of("event")[0]["fields"]["x"] == "\udfff"
