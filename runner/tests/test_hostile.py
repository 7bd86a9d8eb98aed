"""Scripts that break what the runner itself needs of their process: their author is told what they raised all the same."""

import json

import pytest

E = "class E(Exception):\n    %s\ndef main(): raise E('x')\n"


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        (E % "def __str__(self): raise SystemExit(4)", "E: <no text: __str__ raised SystemExit>", 3),
        (E % "def __getattribute__(self, name): raise ValueError(name)", "E: x", 3),
        (E % "__cause__ = __traceback__ = property(lambda self: 1 / 0)", "E: x", 3),
        ("def main(): raise SyntaxError('odd', ('f.py', 'no number', 1, 5))\n", "SyntaxError: odd (f.py)", 1),
        (
            "def main():\n    e = SyntaxError('odd')\n    e.filename, e.lineno, e.text = 5, -3, b'bytes'\n    raise e\n",
            "SyntaxError: odd (line -3)",
            4,
        ),
        ("import sys\ndef main():\n    sys.setrecursionlimit(60)\n    raise ValueError('low')\n", "ValueError: low", 4),
        ("import sys\ndef main():\n    sys.meta_path.clear()\n    sys.path.clear()\n    raise ValueError('imports')\n", "ValueError: imports", 5),
        ("import sys\ndef main():\n    sys.modules.clear()\n    raise ValueError('modules')\n", "ValueError: modules", 4),
        (
            "import os\nfound = []\ndef main():\n    while True: found.append(os.open('/dev/null', os.O_RDONLY))\n",
            "OSError: [Errno 24] Too many open files: '/dev/null'",
            4,
        ),
        (
            "import resource\ndef main():\n    size = int(open('/proc/self/statm').read().split()[0]) * 4096 + (64 << 20)\n    resource.setrlimit(resource.RLIMIT_AS, (size, size))\n    found = []\n    while True: found.append('x' * 100000)\n",
            "MemoryError",
            6,
        ),
    ],
    ids=["str", "getattribute", "properties", "odd syntax", "odder syntax", "recursion limit", "meta path", "modules", "descriptors", "memory"],
)
def test_what_it_raised_is_told(pod, source, message, line):
    p = pod().run(source)
    end = p.end()
    assert (end["state"], end["reason"], end["message"]) == ("FAILED", "ScriptError", message)
    error = p.entries.of("error")[0]
    assert (error["phase"], error["frames"][0]["line"], error["frames"][0]["function"]) == ("main", line, "main")
    assert "line %d, in main" % line in error["stackTrace"] and p.leave() == 1


@pytest.mark.one_python
def test_the_innermost_frames_of_a_deep_trace_are_kept(pod):
    p = pod().run("def a(n):\n    if n: b(n - 1)\n    raise KeyError('bottom')\ndef b(n): a(n)\ndef main(): a(300)\n")
    assert p.end()["message"] == "KeyError: 'bottom'"
    frames = p.entries.of("error")[0]["frames"]
    assert len(frames) == 200 and frames[-1]["line"] == 3


@pytest.mark.parametrize("where", ["load", "main"])
def test_a_module_that_raises_when_it_is_asked(pod, where):
    source = "def __getattr__(name):\n    if name == %r: raise ValueError(name)\n    raise AttributeError(name)\n"
    p = pod().run(source % ("init" if where == "load" else "main")) if where == "main" else pod().boot()
    if where == "load":
        p.prepare(source % "init")
    assert p.end()["reason"] == "ScriptError" and p.entries.of("error")[0]["phase"] == where


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("type('R', (), {'__repr__': lambda self: exit(5)})()", "<R whose repr raised SystemExit>"),
        ("type('D', (dict,), {'items': lambda self: 1 / 0})(a=1)", "{'a': 1}"),
        ("__import__('functools').reduce(lambda a, _: [a], range(150), [])", "[" * 151 + "]" * 151),
    ],
    ids=["repr", "dict", "deep"],
)
def test_results_that_are_no_json(pod, value, told):
    p = pod().run("def main(): return " + value)
    assert p.end()["state"] == "COMPLETE" and [r["repr"] for r in p.entries.of("result")] == [told]


def test_sysexit_with_what_cannot_be_printed(pod):
    p = pod().run("import sys\nclass C:\n    def __str__(self): raise ValueError\ndef main(): sys.exit(C())\n")
    assert (p.end()["reason"], p.end()["exitCode"]) == ("SystemExit", 1)


@pytest.mark.parametrize(
    ("value", "events"),
    [
        ("list(range(400000))", '"[0,1,2'),
        ("[str(i) for i in range(300000)]", '"[\\"0'),
        ("{str(i): i for i in range(300000)}", '"{\\"0'),
        ("'y' * 20000000", '"yyy'),
        ("__import__('functools').reduce(lambda a, _: [a], range(970), [])", '"'),
    ],
    ids=["numbers", "texts", "object", "20 MB", "deep"],
)
def test_large_events_arrive_cut(pod, value, events):
    p = pod().run("import oet\ndef main():\n    oet.publish('large', x=%s)\n    oet.publish('small', x=1)\n" % value)
    assert p.end()["state"] == "COMPLETE"
    large, small = p.entries.of("event")
    assert json.dumps(large["fields"]["x"]).startswith(events) and len(json.dumps(large)) <= 1 << 20
    assert large["topic"] == "large" and large["fields"]["msg_src"] == "7" and small["fields"]["x"] == 1
    assert large.get("truncated") is (None if "970" in value else True)


def test_a_message_of_20_mb_keeps_its_trace(pod):
    p = pod().run("def main(): raise ValueError('x' * 20000000)")
    p.end()
    error = p.entries.of("error")[0]
    assert error["frames"][0]["function"] == "main" and "line 1, in main\n" in error["stackTrace"] and error["stackTrace"].endswith("xx\n")


@pytest.mark.parametrize("function", ["init", "main"])
@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("async def %s(): print('never')\n", "a coroutine"),
        ("def %s(): yield print('never')\n", "a generator"),
        ("async def %s(): yield\n", "a generator"),
    ],
    ids=["async", "generator", "async generator"],
)
def test_functions_of_which_nothing_runs(pod, function, source, what):
    source = source % function + ("def main(): pass\n" if function == "init" else "")
    p = pod().boot()
    p.prepare(source)
    if function == "main":
        p.state("READY")
        p.start()
    assert p.end()["message"].startswith("TypeError: %s() returned %s" % (function, what))
    assert p.entries.output() == p.entries.output("stderr") == b"" and p.entries.of("error")[0]["phase"] == function


def test_files_that_are_left_open_are_written(pod, tmp_path):
    path = tmp_path / "data"
    p = pod().run(
        "import io, sys\nfile = None\ndef main(path):\n    global file\n    file = open(path, 'w')\n    file.write('data')\n    print('partial', end='')\n    sys.stdout = io.StringIO()\n",
        main=json.dumps({"args": [str(path)]}),
    )
    assert p.end()["state"] == "COMPLETE" and path.read_text() == "data" and p.entries.output() == b"partial"


@pytest.mark.parametrize("hook", ["sys.excepthook = lambda *_: 1 / 0", "sys.stdout = type('E', (), {'flush': sys.exit, 'write': print})()"])
def test_hooks_that_raise_at_the_end(pod, hook):
    p = pod().run("import atexit, sys\ndef main():\n    %s\n    atexit.register(lambda: 1 / 0)\n" % hook)
    end = p.end()
    assert (end["state"], end["exitCode"]) == ("COMPLETE", 0)


def test_sigint_does_not_end_the_runner(pod):
    p = pod().run(
        "import os, signal, time\ndef main():\n    os.kill(os.getppid(), signal.SIGINT)\n    time.sleep(0.1)\n    print('on')\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(60)\n"
    )
    assert p.end()["message"] == "KeyboardInterrupt" and p.entries.output() == b"on\n"
