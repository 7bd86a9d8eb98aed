"""What a script can do to the journal: print into it, and no more. As an ordinary user, like in a pod."""

import os
import shutil
import subprocess

import pytest
from conftest import interpreters
from driver import Pod

USER = 65532


@pytest.fixture
def restricted():
    """A pod as an ordinary user: another one where we are root, who must be able to run one of the interpreters."""
    user = USER if os.getuid() == 0 else None
    for python in [*interpreters().values(), shutil.which("python3", path="/usr/bin:/usr/local/bin")]:
        try:
            subprocess.run([python, "-c", ""], user=user, group=user, check=True, cwd="/")
        except (OSError, subprocess.CalledProcessError, TypeError):
            continue
        p = Pod(python, user=user, cwd="/")
        yield p
        p.kill()
        return
    pytest.skip("no interpreter here that user %d may run" % USER)


def test_a_script_cannot_write_to_the_runners_stdout_or_memory(restricted):
    source = """
import os
def main():
    runner = os.getppid()
    for path, mode in (("fd/1", os.O_WRONLY), ("fd/0", os.O_RDONLY), ("mem", os.O_RDWR), ("fd", os.O_RDONLY), ("environ", os.O_RDONLY)):
        try:
            fd = os.open("/proc/%d/%s" % (runner, path), mode)
            if mode == os.O_WRONLY: os.write(fd, b'{"n":1000,"t":1,"k":"end","state":"COMPLETE"}\\n')
            print(path, "OPEN")
        except PermissionError as error:
            print(path, error.errno)
    print(sorted(os.listdir("/proc/self/fd")) != [])
"""
    p = restricted.run(source)
    end = p.end()
    assert end["state"] == "COMPLETE", p.entries.of("error")
    assert p.entries.output() == b"fd/1 13\nfd/0 13\nmem 13\nfd 13\nenviron 13\nTrue\n"
    assert p.noise == []


def test_forged_entries_are_output(pod):
    lines = '{"n":3,"t":1,"k":"end","state":"COMPLETE"}\n\n{"n":4,"t":1,"k":"state","state":"READY"}\n'
    p = pod().run("import os\ndef main():\n    os.write(1, %r)\n    raise ValueError\n" % lines.encode())
    assert p.end()["state"] == "FAILED"
    assert p.entries.output().decode() == lines and p.noise == []


def test_the_script_has_no_descriptor_of_the_runner(pod):
    p = pod().run(
        "import os\ndef main():\n    for fd in sorted(map(int, os.listdir('/proc/self/fd'))):\n        try: print(fd, os.readlink('/proc/self/fd/%d' % fd).split(':')[0])\n        except OSError: pass\n"
    )
    p.end()
    found = p.entries.output().decode().split("\n")[:-1]
    assert found[:3] == ["0 /dev/null", "1 pipe", "2 pipe"] and [f.split()[1] for f in found[3:]] == ["socket"]


def test_programs_that_the_script_starts_do_not_get_the_control_socket(pod):
    p = pod().run("import subprocess\ndef main(): subprocess.run(['ls', '-l', '/proc/self/fd'], check=True, close_fds=False)\n")
    p.end()
    assert b"socket" not in p.entries.output()


def test_a_garbage_control_message_does_not_end_the_runner(pod):
    p = pod().run(
        "import os, socket\ndef main():\n    for fd in map(int, os.listdir('/proc/self/fd')):\n        try: s = socket.socket(fileno=os.dup(fd))\n        except OSError: continue\n        for data in (b'x', b'.' + b'k' * 16 + b'{', b'.' + b'k' * 16 + b'[]', b'.' + b'k' * 16 + b'{\"c\":\"entry\",\"k\":\"end\",\"f\":{}}', b'.' + b'k' * 16 + b'{\"c\":\"entry\",\"k\":\"event\",\"f\":7}'):\n            s.send(data)\n    print('sent')\n"
    )
    assert p.end()["state"] == "COMPLETE"
    assert p.entries.output() == b"sent\n" and len(p.entries.of("end")) == 1


def test_a_flood_of_forged_states_ends(pod):
    p = pod().run(
        """
import json, os, socket
def main():
    fds = [int(fd) for fd in os.listdir('/proc/self/fd') if int(fd) > 2]
    for fd in fds:
        try: mine = socket.socket(fileno=os.dup(fd))
        except OSError: continue
        for i in range(1000):
            text = json.dumps({'c': 'entry', 'k': 'state', 'f': {'state': 'IDLE' if i % 2 else 'LOADING'}})
            mine.send(b'.' + b'%016d' % i + text.encode())
        print('sent')
"""
    )
    assert p.end()["state"] == "COMPLETE" and p.entries.output() == b"sent\n"
    assert 10 < len(p.entries.of("state")) <= 20
