"""Scripts of a git repository: cloned in the pod. In the script's process."""

import os

from .loading import missing

_CONFIG = {"core.hooksPath": os.devnull}
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",  # nobody is there to answer
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",  # not ext::, which runs commands
}


class GitError(Exception):
    """What git said, as the cause of a script's being missing."""


def fetch(script, folder):
    """Clones `script["git"]` into folder; (path of the script in it, full commit). What is not there is FileNotFoundError with the URI."""
    git = script["git"]
    uri = script.get("uri") or git["path"]
    clone = os.path.join(folder, "clone")
    from . import credentials

    try:
        with credentials.use(git.get("credentials"), folder) as (environment, config):
            commit = _clone(git, clone, _settings(environment, config))
    except (GitError, credentials.Unusable) as error:
        raise missing(uri) from error
    path = os.path.realpath(os.path.join(clone, git["path"].lstrip("/")))
    if not path.startswith(os.path.realpath(clone) + os.sep) or not os.path.isfile(path):
        raise missing(uri)
    return path, commit


def _clone(git, clone, environment):
    def run(*arguments):
        return _git(arguments, environment).strip()

    def resolve(name):
        return run("-C", clone, "rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}")

    if git.get("commit"):
        run("clone", "--quiet", "--no-checkout", "--", git["repo"], clone)
        commit = resolve(git["commit"])
        if not commit.startswith(git["commit"].lower()):  # a branch or tag of that name
            raise GitError("there is no commit " + git["commit"])
    elif git.get("tag"):
        run("init", "--quiet", "--", clone)
        name = "refs/tags/" + git["tag"]  # in full: a branch may have the same name
        run("-C", clone, "fetch", "--quiet", "--depth=1", "--no-tags", "--", git["repo"], "+%s:%s" % (name, name))
        commit = resolve(name)
    else:
        branch = ["--branch=" + git["branch"]] if git.get("branch") else []
        run("clone", "--quiet", "--depth=1", "--single-branch", *branch, "--", git["repo"], clone)
        return resolve("HEAD")
    run("-C", clone, "checkout", "--quiet", "--detach", commit)
    return commit


def _settings(environment, config):
    """The environment of git: ours, and configuration that no file of the image outranks."""
    config = {**_CONFIG, **config}
    numbered = {"GIT_CONFIG_COUNT": str(len(config))}
    for i, (key, value) in enumerate(config.items()):
        numbered.update({"GIT_CONFIG_KEY_%d" % i: key, "GIT_CONFIG_VALUE_%d" % i: value})
    return {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes", **os.environ, **_ENVIRONMENT, **numbered, **environment}


def _git(arguments, environment):
    import subprocess

    try:
        done = subprocess.run(["git", *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except FileNotFoundError:
        raise GitError("there is no git in this image") from None
    if done.returncode:
        text = done.stderr.decode("utf-8", "replace").strip()
        what = next(a for a in arguments if a in ("clone", "init", "fetch", "rev-parse", "checkout"))
        raise GitError("git %s failed: %s" % (what, text or "not found"))
    return done.stdout.decode("utf-8", "replace")
