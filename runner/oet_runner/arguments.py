"""Arguments of `init` and `main`: JSON text to Python values, exactly."""

from . import plainjson


class BadArguments(Exception):
    """The text is no `{"args": […], "kwargs": {…}}`."""


def _refuse(name):
    raise BadArguments(name + " is no JSON value")


def parse(text):
    """(args, kwargs) of argsJSON; None and "" are none. Integers stay exact, 1.0 stays a float, NaN and Infinity are refused."""
    if not text:
        return [], {}
    try:
        value = plainjson.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BadArguments("argsJSON is no JSON: " + (str(error) or type(error).__name__)) from None
    if not isinstance(value, dict):
        raise BadArguments("argsJSON must be an object with args and kwargs")
    unknown = set(value) - {"args", "kwargs"}
    if unknown:
        raise BadArguments("argsJSON has unknown fields: " + ", ".join(sorted(unknown)))
    args, kwargs = value.get("args"), value.get("kwargs")
    if args is not None and not isinstance(args, list):
        raise BadArguments("args must be a list")
    if kwargs is not None and not isinstance(kwargs, dict):
        raise BadArguments("kwargs must be an object")
    return args or [], kwargs or {}
