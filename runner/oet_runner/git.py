"""Scripts of a git repository: cloned in the pod, with an environment of their own where that is wanted. In the script's process."""

import os
import sys

from .failure import missing

_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",  # nobody is there to answer
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",  # not ext::, which runs commands
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "core.hooksPath",
    "GIT_CONFIG_VALUE_0": os.devnull,
}


class GitError(Exception):
    """What git said, as the cause of a script's being missing."""


def fetch(script, folder):
    """Clones `script["git"]` into folder; the path of the script in it. What is not there is FileNotFoundError with the URI."""
    git = script["git"]
    uri = script.get("uri") or git["path"]
    clone = os.path.join(folder, "clone")
    try:
        if git.get("commit"):
            _git("clone", "--quiet", "--no-checkout", "--", git["repo"], clone)
            commit = _git("-C", clone, "rev-parse", "--verify", "--quiet", "--end-of-options", git["commit"] + "^{commit}").strip()
            _git("-C", clone, "checkout", "--quiet", "--detach", commit)
        else:
            branch = ["--branch=" + git["branch"]] if git.get("branch") else []
            _git("clone", "--quiet", "--depth=1", "--single-branch", *branch, "--", git["repo"], clone)
    except GitError as error:
        raise missing(uri) from error
    path = os.path.realpath(os.path.join(clone, git["path"].lstrip("/")))
    if not path.startswith(os.path.realpath(clone) + os.sep) or not os.path.isfile(path):
        raise missing(uri)
    return path


def _git(*arguments):
    import subprocess

    environment = {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes", **os.environ, **_ENVIRONMENT}
    try:
        done = subprocess.run(["git", *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except FileNotFoundError:
        raise GitError("there is no git in this image") from None
    if done.returncode:
        text = done.stderr.decode("utf-8", "replace").strip()
        raise GitError("git %s failed: %s" % (next(a for a in arguments if a in ("clone", "rev-parse", "checkout")), text or "not found"))
    return done.stdout.decode("utf-8", "replace")


def create_environment(folder):
    """Installs the clone into a virtual environment that sees the image's packages, and has this process use it."""
    import site
    import subprocess

    environment = os.path.join(folder, "env")
    python = os.path.join(environment, "bin", "python")
    for command in (
        [sys.executable, "-m", "venv", "--system-site-packages", environment],
        [python, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", os.path.join(folder, "clone")],
    ):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=2, check=False)
        if done.returncode:
            raise RuntimeError("%s failed with exit code %d" % (" ".join(command[1:4]), done.returncode))
    packages = os.path.join(environment, "lib", "python%d.%d" % sys.version_info[:2], "site-packages")
    before = list(sys.path)
    site.addsitedir(packages)
    sys.path[:] = [p for p in sys.path if p not in before] + before  # ahead of the image's own
    os.environ["VIRTUAL_ENV"] = environment
    os.environ["PATH"] = os.path.dirname(python) + os.pathsep + os.environ.get("PATH", os.defpath)
