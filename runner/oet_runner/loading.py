"""Loading the script's file as the module `user_module`."""

import base64
import importlib.machinery
import os
import sys
import types

from .failure import missing

NAME = "user_module"


def load(script, scratch):
    """The module, executed. `script` is the part of `prepare` (a git one is a path by now), `scratch` a folder to write to, or None."""
    if "path" in script:
        try:
            with open(script["path"], "rb") as file:
                source = file.read()
        except FileNotFoundError:
            raise missing(script.get("uri") or script["path"]) from None
        return _execute(script["path"], source)
    source = base64.b64decode(script["source"])
    return _execute(_materialise(script.get("uri") or "script.py", source, scratch), source)


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
    loader = importlib.machinery.SourceFileLoader(NAME, path)
    spec = importlib.machinery.ModuleSpec(NAME, loader, origin=path)
    spec.has_location = not path.startswith("<")
    module.__spec__, module.__loader__, module.__file__ = spec, loader, path
    sys.modules[NAME] = module
    exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
    return module
