"""Messages from the controller, checked field by field before anything is done."""

import math

from . import plainjson

_NUMBER = (int, float)
_FIELDS = {  # m: {field: (types, required)}
    "ping": {},
    "boot": {},
    "ack": {"n": (int, True)},
    "replay": {"from": (int, True)},
    "prepare": {
        "nonce": (str, True),
        "id": ((str, int), True),
        "script": (dict, True),
        "environment": (dict, False),
        "argsJSON": (str, False),
        "limits": (dict, False),
    },
    "start": {"nonce": (str, True), "argsJSON": (str, False)},
    "stop": {"nonce": (str, True), "reason": (str, False), "message": (str, False), "mode": (str, False), "graceSeconds": (_NUMBER, False)},
}
_LIMITS = ("graceSeconds", "terminationSeconds", "prepareSeconds", "runSeconds", "maxBytes", "captureSeconds")


class BadMessage(Exception):
    """Names the field; `m` is the message's kind as far as it is known."""

    def __init__(self, text, m=""):
        super().__init__(text)
        self.m = m


def parse(data):
    """The message as a dict. Fields that are null count as absent; unknown ones are ignored."""
    try:
        message = plainjson.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadMessage("no JSON: " + (str(error) or type(error).__name__)) from None
    if not isinstance(message, dict) or not isinstance(message.get("m"), str):
        raise BadMessage("m must be a text")
    m = message["m"]
    if m not in _FIELDS:
        raise BadMessage("unknown message", m[:100])
    message = {k: v for k, v in message.items() if v is not None}
    for name, (types, required) in _FIELDS[m].items():
        if name not in message:
            if required:
                raise BadMessage(name + " is missing", m)
        elif not isinstance(message[name], types) or isinstance(message[name], bool):
            raise BadMessage(name + " has the wrong type", m)
    if m == "prepare":
        _prepare(message)
    if m == "stop" and not _sane(message.get("graceSeconds", 0)):
        raise BadMessage("graceSeconds must be 0 or more", m)
    return message


def _sane(number):
    return math.isfinite(number) and number >= 0


def _prepare(message):
    script = message["script"]
    if sum(kind in script for kind in ("source", "path", "git")) != 1:
        raise BadMessage("script must have one of source, path and git", "prepare")
    for kind, types in (("source", str), ("path", str), ("git", dict)):
        if kind in script and not isinstance(script[kind], types):
            raise BadMessage("script." + kind + " has the wrong type", "prepare")
    for field in ("repo", "path"):
        if "git" in script and not isinstance(script["git"].get(field), str):
            raise BadMessage("script.git." + field + " must be a text", "prepare")
    given = script.get("git", {}).get("credentials")
    if given is not None and not (isinstance(given, dict) and isinstance(given.get("name"), str) and isinstance(given.get("path"), str)):
        raise BadMessage("script.git.credentials must have name and path", "prepare")
    requirements = message.get("environment", {}).get("requirements") or []
    if not isinstance(requirements, list) or not all(isinstance(line, str) for line in requirements):
        raise BadMessage("environment.requirements must be a list of texts", "prepare")
    limits = message["limits"] = {k: v for k, v in message.get("limits", {}).items() if v is not None}
    for name in _LIMITS:
        value = limits.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, _NUMBER) or not _sane(value):
            raise BadMessage("limits." + name + " must be 0 or more", "prepare")
