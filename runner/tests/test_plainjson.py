"""plainjson says what json says, word by word."""

import json

import pytest
from driver import BOOTSTRAP, Pod

from oet_runner import plainjson

VALUES = [1, -0.0, 1e300, 10**30, True, None, 'ü "\n', "\ud800", [1, [2, {}]], {"a": 1, 2: 3, None: 4, 1.5: 2, True: 1}, {}, [], (1, 2)]
TEXTS = [
    *("", "  ", "{", "[1,]", "1 2", "NaN", "-Infinity", "nul", '"\x01"', '{"a"}', "\ufeff1", "[" * 100_000, "123456789012345678901234567890"),
    *(' \n{"a": [1.0, 1e2, "\\ud800"]}\t', b'{"a": "\xc3\xbc"}', b"\xff", b'"\xed\xa0\x80"'),
]


def outcome(function, *arguments):
    try:
        return repr(function(*arguments))
    except (ValueError, RecursionError) as error:
        return type(error).__name__, str(error)[:60]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values(value):
    assert plainjson.dumps(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert plainjson.dumps(value, ascii=True) == json.dumps(value, separators=(",", ":"))
    assert repr(plainjson.loads(json.dumps(value))) == repr(json.loads(json.dumps(value)))


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:20]))
def test_texts(text):
    assert outcome(plainjson.loads, text) == outcome(json.loads, text)


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), object(), {(1,): 2}, {1, 2}, [b""]], ids=lambda value: type(value).__name__)
def test_no_json(value):
    with pytest.raises((TypeError, ValueError)) as theirs:
        json.dumps(value, allow_nan=False)
    with pytest.raises(theirs.type):
        plainjson.dumps(value)


def test_a_cycle():
    cycle = []
    cycle.append(cycle)
    with pytest.raises(ValueError, match="Circular"):
        plainjson.dumps(cycle)


def test_a_run_needs_no_json_package(python):
    script = "import sys\ndef main(x):\n    print(x, 'json' in sys.modules, 'hashlib' in sys.modules)\n"
    pod = Pod(python)
    try:
        pod.run(script, main='{"args":[1.5]}').end()
        assert pod.entries.output() == b"1.5 False False\n"
    finally:
        pod.kill()


# Another interpreter's parts, as far as one can tell: they are there and take other arguments.
FOREIGN = "import json, _json\ndef other(*, hooks): pass\n_json.make_scanner = _json.make_encoder = other\n"


def test_a_python_whose_parts_are_others(python):
    pod = Pod(python, bootstrap=FOREIGN + BOOTSTRAP)
    try:
        pod.run("def main(x):\n    print(x)\n    return {'a': [x]}\n", main='{"args":[1.5]}').end()
        assert pod.entries.output() == b"1.5\n"
    finally:
        pod.kill()
