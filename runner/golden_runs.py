"""Writes journal/golden/run-*.jsonl: whole journals of real runs, with times, nonce and what else differs from run to run fixed.

`python3 runner/golden_runs.py` after a change of the protocol; the tests run the same scripts under every Python and compare. Those of
the previous version, in v1/ with its bootstrap and runner, are never written again.
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
import driver  # noqa: E402

GOLDEN = ROOT.parent / "journal" / "golden"

# Waits until the runner has taken what was written, so that the order between the streams is the order of writing.
TAKEN = """
import array, fcntl, os, termios
def write(fd, data):
    os.write(fd, data)
    size = array.array("i", [1])
    while size[0]: fcntl.ioctl(fd, termios.FIONREAD, size)
"""

RUNS = {  # name: (script, arguments of main, limits, whether to stop it once it has printed)
    "mixed": (
        TAKEN + "import oet\ndef init(): pass\ndef main(name):\n    write(1, f'hello {name}\\n'.encode())\n    write(2, b'warning\\n')\n"
        "    write(1, b'binary \\xff\\xfe\\n')\n    write(2, '🔭 \"quoted\"\\t\\x00\\n'.encode())\n    oet.progress(0.5, 'half')\n"
        "    oet.publish('user.script.announce', msg='hi', n=2**70, x=1.0)\n    return {'answer': [42, 1.0, None, 'ü']}\n",
        '{"kwargs":{"name":"wörld"}}',
        {},
        False,
    ),
    "error": (
        "def main():\n    try:\n        raise KeyError('inner')\n    except KeyError as error:\n        raise ValueError('böse') from error\n",
        "",
        {},
        False,
    ),
    "stop": (TAKEN + "import time\ndef main():\n    write(1, b'waiting\\n')\n    time.sleep(600)\n", "", {}, True),
    "part": ("import oet\ndef main():\n    oet.publish('long', text='\"é🔭' * 3000)\n", "", {}, False),
    "gap": (TAKEN + "def main():\n    for i in range(20): write(1 + i % 2, b'%07d\\n' % i * 4)\n", "", {"maxBytes": 256}, False),
    "exit": ("def main():\n    raise SystemExit('no more')\n", "", {}, False),
}


def transcript(name, **options):
    """The lines of a run, normalised."""
    script, arguments, limits, stop = RUNS[name]
    pod = driver.Pod(**options)
    try:
        pod.run(script, main=arguments, **limits)
        if stop:
            pod.wait(lambda entries: entries.output())
            pod.stop(message="enough")
        pod.end()
        pod.leave()
        return "".join(normal(json.loads(line)) + "\n" for _, line in pod.raw)
    finally:
        pod.kill()


def normal(entry):
    """One entry with what differs from run to run fixed."""
    entry["t"] = 1_700_000_000_000_000 + entry["n"] * 1000
    if entry["k"] == "hello":
        entry.update(nonce="00112233445566778899aabbccddeeff", python="3.11.2", pid=1)
    text = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
    return re.sub(r"oet-script-[0-9a-f]{16}", "oet-script-0011223344556677", text)


if __name__ == "__main__":
    for run in RUNS:
        (GOLDEN / ("run-%s.jsonl" % run)).write_text(transcript(run), encoding="utf-8")
