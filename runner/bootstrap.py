# PID 1 of a script pod, given to `python3 -c`: says hello, gets the runner sent if its nonce is permitted, becomes it.
import _signal, os, sys, time  # noqa: E401

n, idle, term, lines = 0, False, False, []


def put(kind, fields=""):
    global n
    data = line = ('{"n":%d,"t":%d,"k":"%s"%s}\n' % (n + 1, time.time_ns() // 1000, kind, fields)).encode()
    while data:
        data = data[os.write(1, data) :]
    n += 1
    lines.append(line)


def end():
    none = '{"stdout":0,"stderr":0}'
    empty = '"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"'
    put("end", ',"state":"STOPPED","reason":"External","message":"SIGTERM before the runner came","exitCode":null,"signal":null,'
        '"entries":%d,"bytes":%s,"kept":%s,"sha256":{"stdout":%s,"stderr":%s}' % (n + 1, none, none, empty, empty))  # fmt: skip
    os._exit(143)


def on_term(*_):
    global term
    term = True
    if idle:  # else at the next wait: an entry that is being written is finished first
        end()


_signal.signal(_signal.SIGTERM, on_term)  # first: PID 1 without a handler never gets SIGTERM
path = sys.path[:1] if sys.path[:1] == [""] else []
del sys.path[: len(path)]  # nothing there may pose as the standard library; the script gets it back


def prctl(option, value):
    try:
        try:
            import _ctypes as c  # what ctypes does, in a third of its time

            return c.call_function(c.dlsym(c.dlopen(None, 0), "prctl"), (option, value, 0, 0, 0))
        except (ImportError, AttributeError):
            import ctypes

            return ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return -1


prctl(4, 0)  # PR_SET_DUMPABLE: keeps the script out of /proc/1/fd and /proc/1/mem
undumpable = prctl(3, 0) == 0
nonce = os.urandom(16).hex()
put("hello", ',"v":2,"nonce":"%s","python":"%d.%d.%d","undumpable":%s,"pid":%d'
    % (nonce, *sys.version_info[:3], str(undumpable).lower(), os.getpid()))  # fmt: skip

from binascii import crc32
from select import select

try:
    from _sha2 import sha256  # these spare the loading of OpenSSL
except ImportError:
    try:
        from _sha256 import sha256
    except ImportError:
        from hashlib import sha256

try:
    from _json import encode_basestring_ascii as quote, make_scanner  # json without its regular expressions

    hooks = {"object_hook": None, "object_pairs_hook": None, "parse_float": float, "parse_int": int, "parse_constant": float}
    scan = make_scanner(type("", (), {"strict": True, **hooks}))
    loads = lambda data: scan(data.decode(), 0)[0]
    loads(b'{"m":["",1]}')
except Exception:  # a Python that has them not, or others
    from json import dumps as quote, loads

tail, top, damaged, partial, stale = b"", -1, 0, {}, set()  # partial: (session, seq) -> (parts, digest, {part: payload})


def frame(line):
    """(session, seq, message or None) of a frame that completes a message or is stale; else None. ValueError: damaged."""
    global top
    if len(line) > 4094:
        raise ValueError
    magic, *words, length, crc, payload = line.split(b" ", 7)
    session, seq, place, digest = words
    numbers = [session, seq, *place.split(b"/"), length]
    session, seq, part, parts, length = map(int, numbers)
    if (numbers != [b"%d" % int(x) for x in numbers] or magic != b"@oet1" or length != len(payload) or not 1 <= part <= parts <= 4096
            or crc != b"%08x" % crc32(b" ".join([*words, payload])) or (parts == 1) != (digest == b"-") or session < 0 or seq < 1):  # fmt: skip
        raise ValueError
    if session < top:
        return session, seq, None
    if session > top:
        top = session
        partial.clear()
    if parts == 1:
        return session, seq, payload
    key = session, seq
    if partial.get(key, ())[:2] != (parts, digest):
        partial[key] = parts, digest, {}
    have = partial[key][2]
    have[part] = payload
    if len(have) == parts:
        del partial[key]
        message = b"".join(have[i] for i in range(1, parts + 1))
        if sha256(message).hexdigest().encode() == digest:
            return session, seq, message
        raise ValueError
    while len(partial) > 8 or sum(len(h[2]) for h in partial.values()) > 2048:
        del partial[next(iter(partial))]


def answer(session, seq, m, code=None, more=""):
    put("answer", ',"to":[%d,%d],"m":%s,"ok":%s%s%s' % (session, seq, quote(m), "false" if code else "true",
        ',"code":"%s"%s' % (code, more) if code else "", ',"damaged":%d' % damaged if damaged else ""))  # fmt: skip


def handle(session, seq, message):
    """The runner's source if this message brought it."""
    if message is None:
        if (session, seq) not in stale:
            stale.add((session, seq))
            answer(session, seq, "", "stale-session", ',"highest":%d' % top)
        return None
    try:
        body = loads(message)
        m, source = body["m"] + "", str(body.get("source", "")).encode()
    except Exception:  # StopIteration and SystemError among them: the scanner's ways to say that there is no JSON
        return answer(session, seq, "", "bad-message")
    if m == "ping":
        os.write(1, lines[0])  # hello again, before the answer: a reader that came too late needs n = 1 first
        answer(session, seq, m)
    elif m == "boot":
        code = "wrong-nonce" if body.get("nonce") != nonce else "bad-digest" if sha256(source).hexdigest() != body.get("sha256") else None
        answer(session, seq, m, code)
        return None if code else source
    elif m != "ack":
        answer(session, seq, m, "not-ready")


source, inputs = None, [0]
while source is None:
    idle = True
    if term:
        end()
    ready = select(inputs, [], [], 20)[0]
    idle = False
    data = os.read(0, 65536) if ready else b""
    if not ready:
        put("tick")
    elif not data:
        inputs = []  # end of file ends nothing
    tail += data
    while source is None and b"\n" in tail:
        line, _, tail = tail.partition(b"\n")
        try:
            item = frame(line) if line else None
        except ValueError:
            damaged += 1
        else:
            source = item and handle(*item)
    if b"\n" not in tail:
        tail = tail[:4095]  # enough to be too long
reader = {"tail": tail, "session": top, "damaged": damaged, "partial": partial}
handover = {
    "n": n,
    "lines": lines,
    "nonce": nonce,
    "prctl": prctl,
    "undumpable": undumpable,
    "reader": reader,
    "path": path,
    "terminated": lambda: term,
}
exec(compile(source, "<oet-runner>", "exec"), {"__name__": "oet_runner", "handover": handover})
