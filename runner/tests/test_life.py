"""A script's life: states, arguments, results, failures (docs/protocol.md section 3)."""

import base64
import json

import pytest

HISTORY = ["IDLE", "LOADING", "IDLE", "INITIALISING", "READY", "RUNNING", "READY"]


def error_of(p):
    return p.entries.of("error")[0]


def test_a_script_with_init(pod):
    p = pod().run("import functools\ndef init(subarray_id):\n    global main\n    main = functools.partial(_main, subarray_id)\ndef _main(a, b): print(a, b)\n",
                  argsJSON='{"kwargs":{"subarray_id":3}}', main='{"args":["x"]}')  # fmt: skip
    end = p.end()
    assert p.entries.states() == HISTORY
    assert p.entries.output() == b"3 x\n"
    assert (end["state"], end["reason"], end["exitCode"], end["signal"], end["message"]) == ("COMPLETE", "Completed", 0, None, None)
    assert end["entries"] == end["n"] and end["bytes"] == end["kept"] == {"stdout": 4, "stderr": 0}
    assert p.leave() == 0 and p.errors == b"" and p.noise == []


def test_a_script_without_init(pod):
    p = pod().run("def main(): pass")
    p.end()
    assert p.entries.states() == ["IDLE", "LOADING", "IDLE", "READY", "RUNNING", "READY"]


def test_a_script_without_main_fails_at_its_start(pod):
    p = pod().run("x = 1")
    end = p.end()
    assert end["reason"] == "ScriptError" and error_of(p)["type"] == "AttributeError" and "main" in error_of(p)["stackTrace"]
    assert p.leave() == 1


def test_arguments_keep_types_and_values(pod):
    text = '{"args":[1.0,' + str(2**70) + ',-0.0,1e2,null,true],"kwargs":{"ключ":{"a":["🔭",{"b":[]}]},"n":' + str(2**53 + 1) + "}}"
    p = pod().run("def main(*args, **kwargs): print(ascii((args, kwargs)))", main=text)
    p.end()
    expected = ((1.0, 2**70, -0.0, 100.0, None, True), {"ключ": {"a": ["🔭", {"b": []}]}, "n": 2**53 + 1})
    assert p.entries.output().decode() == ascii(expected) + "\n"


@pytest.mark.parametrize("text", ["{", "[]", '{"args":[NaN]}', '{"args":{}}', '{"kwargs":[]}', '{"argv":[]}', '{"args":[Infinity]}', "[" * 5000])
@pytest.mark.one_python
def test_bad_arguments(pod, text):
    p = pod().run("def main(): print('ran')", main=text)
    end = p.end()
    assert (end["state"], end["reason"]) == ("FAILED", "BadArguments")
    assert error_of(p)["phase"] == "args" and p.entries.output() == b""


def test_arguments_that_do_not_fit(pod):
    p = pod().run("def main(a): pass", main='{"kwargs":{"b":1}}')
    assert p.end()["reason"] == "ScriptError" and "unexpected keyword argument 'b'" in error_of(p)["message"]


@pytest.mark.parametrize(
    ("source", "phase", "kind", "line"),
    [
        ("x = 1\nraise ValueError('boom')\n", "load", "ValueError", 2),
        ("def init():\n    return 1 / 0\n", "init", "ZeroDivisionError", 2),
        ("def main():\n\n    raise KeyError('k')\n", "main", "KeyError", 3),
        ("def main(:\n", "load", "SyntaxError", 1),
        ("import no_such_module\n", "load", "ModuleNotFoundError", 1),
        ("class E(BaseException): pass\ndef main(): raise E()\n", "main", "E", 2),
    ],
)
def test_an_exception_is_told_as_data(pod, source, phase, kind, line):
    p = pod().boot()
    p.prepare(source)
    if phase == "main":
        p.state("READY")
        p.start()
    end = p.end()
    assert (end["state"], end["reason"]) == ("FAILED", "ScriptError")
    error = error_of(p)
    assert (error["phase"], error["type"], error["frames"][-1]["line"]) == (phase, kind, line)
    assert error["frames"][-1]["file"].endswith("/test_script.py") and error["frames"][-1]["source"] == source.splitlines()[line - 1].strip()
    assert "oet-runner" not in error["stackTrace"] and kind in error["stackTrace"]
    assert end["message"].startswith(kind) and p.leave() == 1


def test_causes(pod):
    p = pod().run("def main():\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n        raise RuntimeError('outer') from e\n")
    p.end()
    assert error_of(p)["causes"] == [{"type": "ZeroDivisionError", "message": "division by zero"}]
    assert "direct cause" in error_of(p)["stackTrace"]


def test_an_exception_whose_text_raises(pod):
    p = pod().run("class E(Exception):\n    def __str__(self): raise ValueError\ndef main(): raise E()\n")
    assert p.end()["reason"] == "ScriptError" and "ValueError" in error_of(p)["message"]


def test_a_huge_exception_comes_in_parts_and_cut(pod):
    p = pod().run("def main(): raise ValueError('é\"' * 700000)")
    p.end()
    error = error_of(p)
    assert (
        error["truncated"] is True and error["message"].startswith('é"é"') and 10**5 < len(json.dumps(error, ensure_ascii=False).encode()) <= 1 << 20
    )


def test_a_missing_file(pod):
    p = pod().boot()
    p.prepare(script={"uri": "file:///nowhere/x.py", "path": "/nowhere/x.py"})
    assert p.end()["state"] == "FAILED"
    error = error_of(p)
    assert error["type"] == "FileNotFoundError" and "[Errno 2]" in error["stackTrace"] and "/nowhere/x.py" in error["stackTrace"]


def test_a_file_of_the_pod(pod, tmp_path):
    (tmp_path / "own.py").write_text("def main(): print(__name__, __file__)\n")
    p = pod().boot()
    p.prepare(script={"uri": "file://own.py", "path": str(tmp_path / "own.py")})
    p.state("READY")
    p.start()
    p.end()
    assert p.entries.output().decode() == "user_module %s/own.py\n" % tmp_path


def test_the_module_is_a_proper_one(pod):
    p = pod().run(
        "import sys, inspect, pickle, dataclasses, threading, os\n"
        "@dataclasses.dataclass\nclass D:\n    x: int = 1\n"
        "def main():\n"
        "    assert sys.modules['user_module'].D is D and pickle.loads(pickle.dumps(D(2))) == D(2)\n"
        "    assert 'class D' in inspect.getsource(D)\n"
        "    print(threading.current_thread().name, threading.current_thread() is threading.main_thread(), os.path.basename(__file__))\n"
        "    print(sys.stdin.read() == '', os.getpid() == os.getsid(0), sorted(map(int, os.listdir('/proc/self/fd')))[:3])\n"
    )
    assert p.end()["state"] == "COMPLETE", error_of(p)["stackTrace"]
    assert p.entries.output() == b"7 True test_script.py\nTrue True [0, 1, 2]\n"


def test_source_where_no_file_can_be_written(pod):
    p = pod(env={"TMPDIR": "/proc/none"}).run("def main():\n    raise ValueError('boom')\n")
    p.end()
    assert error_of(p)["frames"][-1]["source"] == "raise ValueError('boom')"


def test_source_encodings(pod):
    p = pod().run("# -*- coding: latin-1 -*-\ndef main(): print('\xe9')\n".encode("latin-1"))
    assert p.end()["state"] == "COMPLETE" and p.entries.output() == b"\xc3\xa9\n"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("{'a': [1.0, 2**70, None]}", {"value": {"a": [1.0, 2**70, None]}}),
        ("object", {"repr": "<class 'object'>"}),
        ("float('nan')", {"repr": "nan"}),
        ("'x' * 5000", {"repr": "'" + "x" * 1023}),
        ("False", {"value": False}),
    ],
)
def test_results(pod, expression, expected):
    p = pod().run("def main(): return %s\n" % expression)
    p.end()
    result = p.entries.of("result")[0]
    assert {k: v for k, v in result.items() if k not in ("n", "t", "k")} == expected


def test_progress_and_events(pod):
    p = pod().run(
        "import oet\ndef main():\n    oet.progress(0.5, 'half')\n    oet.progress(7)\n    oet.publish('a.b', x=1, y=object, msg_src='me')\n    oet.publish('c', z={1: 2})\n"
    )
    p.end()
    assert [(e["fraction"], e["message"]) for e in p.entries.of("progress")] == [(0.5, "half"), (1.0, None)]
    assert [(e["topic"], e["fields"]) for e in p.entries.of("event")] == [
        ("a.b", {"x": 1, "y": "<class 'object'>", "msg_src": "me"}),
        ("c", {"z": {"1": 2}, "msg_src": "7"}),
    ]


def test_threads_and_exit_functions_are_waited_for(pod):
    p = pod().run(
        "import threading, time, atexit\ndef late():\n    time.sleep(0.2)\n    print('late')\ndef main():\n    atexit.register(print, 'bye')\n    threading.Thread(target=late).start()\n"
    )
    assert p.end()["state"] == "COMPLETE" and p.entries.output() == b"late\nbye\n"


def test_termination_log(pod, tmp_path):
    log = tmp_path / "log"
    log.write_text("")
    p = pod(env={"OET_TERMINATION_LOG": str(log)}).run("import sys\ndef main(): sys.exit(3)")
    p.end()
    assert p.leave() == 3
    assert json.loads(log.read_text()) == {"state": "FAILED", "reason": "SystemExit", "exitCode": 3}


def test_nothing_is_left_in_the_temporary_folder(pod, tmp_path):
    p = pod(env={"TMPDIR": str(tmp_path)}).run("def main(): print('x' * 100)")
    p.end()
    p.leave()
    assert list(tmp_path.iterdir()) == []


def test_the_working_directory_cannot_pose_as_the_standard_library(pod, tmp_path):
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')")
    (tmp_path / "mine.py").write_text("x = 5")
    p = pod(cwd=tmp_path).run("import mine\ndef main(): print(mine.x)")
    assert p.end()["state"] == "COMPLETE" and p.entries.output() == b"5\n"


@pytest.mark.parametrize("name", ["deadline of preparing", "deadline of main"])
def test_deadlines(pod, name):
    p = pod().boot()
    if name == "deadline of main":
        p.prepare("import time\ndef main(): time.sleep(60)", runSeconds=3)
        p.state("READY")
        p.start()
    else:
        p.prepare("import time\ntime.sleep(60)", prepareSeconds=3)
    end = p.end()
    assert (end["state"], end["reason"]) == ("FAILED", "DeadlineExceeded") and end["message"].endswith("3 s")
    assert p.entries.of("state")[-1]["reason"] == "deadline"


def test_base64_is_decoded_strictly(pod):
    p = pod().boot()
    p.prepare(script={"uri": "x.py", "source": base64.b64encode("def main(): print('ü')".encode()).decode()})
    p.state("READY")
