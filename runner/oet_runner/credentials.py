"""A git repository's credentials, from the files of a Secret that the pod mounts. They go to git by files alone: never in a URL, which
messages and .git/config repeat, nor in the environment, which every child of the script inherits. In the script's process."""

import contextlib
import os
import shlex
import sys

# Git asks it with "Username for '…': " or "Password for '…': ".
_ASKPASS = """#!%s -I
import os, sys
name = "username" if sys.argv[1].startswith("Username") else "password"
with open(os.path.join(%r, name)) as file:
    print(file.read().rstrip("\\n"))
"""


class Unusable(Exception):
    """The Secret is not there, or has none of the keys."""


@contextlib.contextmanager
def use(given, folder):
    """(environment, configuration) for git while it fetches; `given` is `credentials` of the message: {name, path}, or None."""
    if given is None:
        yield {}, {}
        return
    path = given["path"]
    keys = set(os.listdir(path)) if os.path.isdir(path) else set()
    files = []
    # A redirect to another host would have git ask again, and be answered.
    config = {"http.followRedirects": "false", "credential.helper": ""}
    if {"username", "password"} <= keys:
        files.append(_write(os.path.join(folder, "askpass"), _ASKPASS % (sys.executable, path), 0o700))
        environment = {"GIT_ASKPASS": files[0]}
    elif "ssh-privatekey" in keys:
        with open(os.path.join(path, "ssh-privatekey"), encoding="utf-8") as file:
            key = file.read()
        # ssh wants a key that nobody else can read.
        files.append(_write(os.path.join(folder, "ssh-key"), key if key.endswith("\n") else key + "\n", 0o600))
        environment = {"GIT_SSH_COMMAND": _ssh(files[0], os.path.join(path, "known_hosts") if "known_hosts" in keys else None)}
    else:
        raise Unusable("the Secret %s is not there or has neither username and password nor ssh-privatekey" % given["name"])
    try:
        yield environment, config
    finally:
        for file in files:
            os.unlink(file)


def _ssh(key, hosts):
    command = ["ssh", "-oBatchMode=yes", "-oIdentitiesOnly=yes", "-i", key]
    if hosts is not None:
        command += ["-oStrictHostKeyChecking=yes", "-oUserKnownHostsFile=" + hosts]
    return " ".join(shlex.quote(word) for word in command)


def _write(path, text, mode):
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
    return path
