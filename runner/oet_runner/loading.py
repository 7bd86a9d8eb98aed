"""The script's bytes, and running them as the module `user_module`."""

import binascii
import os
import sys
import types
from _frozen_importlib import ModuleSpec  # importlib's own, without its package
from _frozen_importlib_external import SourceFileLoader

from .frames import sha256

NAME = "user_module"


def missing(uri):
    """What opening a file that is not there raises."""
    return FileNotFoundError(2, os.strerror(2), uri)


def obtain(script, scratch):
    """(path or None, bytes, fields of the `source` entry). `script` is the part of `prepare`, `scratch` a folder to write to, or None."""
    path, commit = script.get("path"), {}
    if "git" in script:
        from .git import fetch

        if scratch is None:
            raise PermissionError(13, "a git script needs a temporary folder that can be written", os.environ.get("TMPDIR") or "/tmp")
        path, full = fetch(script, scratch)
        commit = {"commit": full}
    if path is None:
        source = binascii.a2b_base64(script["source"])
    else:
        try:
            with open(path, "rb") as file:
                source = file.read()
        except FileNotFoundError:
            raise missing(script.get("uri") or path) from None
    return path, source, {"sha256": sha256(source).hexdigest(), **commit}


def load(path, source, uri, scratch):
    """The module, executed: exactly these bytes, whatever has become of their file."""
    return _execute(_materialise(uri or "script.py", source, scratch) if path is None else path, source)


def _materialise(uri, source, scratch):
    """A file with the source, so that tracebacks, inspect and pickle find it; else an entry of linecache under the URI."""
    name = os.path.basename(uri.rstrip("/")) or "script.py"
    if scratch is not None:
        try:
            path = os.path.join(scratch, name if name.endswith(".py") else name + ".py")
            with open(path, "wb") as file:
                file.write(source)
            return path
        except OSError:
            pass  # a read-only file system: the next best
    import linecache

    path = "<" + uri + ">"
    text = source.decode("utf-8", "replace")
    linecache.cache[path] = len(text), None, text.splitlines(True), path
    return path


def _execute(path, source):
    module = types.ModuleType(NAME)
    loader = SourceFileLoader(NAME, path)
    spec = ModuleSpec(NAME, loader, origin=path)
    spec.has_location = not path.startswith("<")
    module.__spec__, module.__loader__, module.__file__ = spec, loader, path
    sys.modules[NAME] = module
    exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
    return module
