"""JSON by the interpreter's own parts in C, without the package json: its regular expressions take a tenth of a short run's processor time."""

try:
    from _json import encode_basestring as quote  # keeps what is not ASCII; about 400 MB/s
    from _json import encode_basestring_ascii, make_encoder, make_scanner
except ImportError:
    from json.encoder import encode_basestring as quote

    make_scanner = make_encoder = None

_CONSTANTS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class _Options:
    """What make_scanner reads."""

    strict = True
    object_hook = object_pairs_hook = array_hook = None
    parse_float, parse_int = float, int

    def __init__(self, parse_constant):
        self.parse_constant = parse_constant


def loads(text, parse_constant=_CONSTANTS.__getitem__):
    """The value of JSON text or of its bytes in UTF-8; ValueError with json's own words, or RecursionError."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogatepass")
    if make_scanner is not None:
        bare = text.strip(" \t\n\r")
        try:
            value, end = make_scanner(_Options(parse_constant))(bare, 0)
            if end == len(bare):
                return value
        except (StopIteration, SystemError):
            pass  # no value at all; until 3.10 an error that nobody had loaded the words for
    import json

    return json.loads(text, parse_constant=parse_constant)


def _refuse(value):
    raise TypeError(type(value).__name__ + " is no JSON")


def _works():
    try:
        return loads('[{"a":1.5}]') == [{"a": 1.5}] and dumps([{"a": 1.5}]) == '[{"a":1.5}]'
    except Exception:
        return False


def dumps(value, ascii=False):
    """Text without blanks; ValueError for what has no JSON form (NaN, a cycle), TypeError for what is of no JSON type."""
    if make_encoder is None:
        import json

        return json.dumps(value, ensure_ascii=ascii, allow_nan=False, separators=(",", ":"))
    encode = encode_basestring_ascii if ascii else quote
    if isinstance(value, str):
        return encode(value)
    return "".join(make_encoder({}, _refuse, encode, None, ":", ",", False, False, False)(value, 0))


def encoded(value):
    """JSON bytes; ValueError or TypeError where the value is none. A lone surrogate is escaped: UTF-8 has no form for it."""
    text = dumps(value)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return dumps(value, ascii=True).encode()


if make_encoder is not None and not _works():  # they are nobody's promise: a Python to come may want other arguments
    make_scanner = make_encoder = None
