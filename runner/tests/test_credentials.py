"""Repositories that ask who you are: over HTTP, by git's own server program, and over SSH, whose client is a stand-in."""

import base64
import http.server
import os
import pathlib
import shlex
import subprocess
import sys
import threading

import pytest
from test_git import repository  # noqa: F401, a fixture

BACKEND = pathlib.Path(subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=False).stdout.strip() or "/", "git-http-backend")
pytestmark = [pytest.mark.one_python, pytest.mark.skipif(not BACKEND.exists(), reason="no git-http-backend on this machine")]
USER, PASSWORD = "robot", "s3cret: with spaces"


class Handler(http.server.BaseHTTPRequestHandler):
    """git-http-backend as CGI, behind basic authentication; /away redirects to another host's name."""

    def do_GET(self):
        wanted = "Basic " + base64.b64encode(("%s:%s" % (USER, PASSWORD)).encode()).decode()
        self.server.seen.append((self.headers["Host"], self.path, self.headers.get("Authorization")))
        if self.headers.get("Authorization") != wanted:
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic realm=git")
            self.end_headers()
            return
        if self.path.startswith("/away"):
            self.send_response(302)
            self.send_header("Location", "http://localhost:%d%s" % (self.server.server_port, self.path.replace("/away", "", 1)))
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        environment = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        done = subprocess.run([BACKEND], env=environment, input=body, capture_output=True, check=True)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        self.send_response(200)
        for line in head.decode().split("\r\n"):
            self.send_header(*line.split(": ", 1))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def server(repository):  # noqa: F811
    one = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    one.root, one.seen = repository[0].parent, []
    threading.Thread(target=one.serve_forever, daemon=True).start()
    yield one
    one.shutdown()
    one.server_close()


@pytest.fixture
def secret(tmp_path):
    """Writes the files of a mounted Secret; `credentials` of the message."""

    def write(**files):
        folder = tmp_path / "secret"
        folder.mkdir()
        for name, text in files.items():
            (folder / name.replace("_privatekey", "-privatekey")).write_text(text)
        return {"name": "robot", "path": str(folder)}

    return write


# Looks for the password where any child or reader of the clone would find it.
LOOKS = """
import os, subprocess
def main():
    found = subprocess.run("env; cat %s/*/clone/.git/config; ls %s/*", shell=True, capture_output=True, text=True).stdout
    print("s3cret" in found, "askpass" in found, "ssh-key" in found)
""" % ("$TMPDIR", "$TMPDIR")


def clone(pod, repo, tmp_path, credentials, **env):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    p = pod(env={"TMPDIR": str(scratch), **env}).boot()
    git = {"repo": repo, "path": "scripts/looks.py", **({"credentials": credentials} if credentials else {})}
    p.prepare(script={"uri": "git://scripts/looks.py", "git": git})
    return p


@pytest.fixture(scope="module")
def looking(repository):  # noqa: F811
    (repository[0] / "scripts" / "looks.py").write_text(LOOKS)
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", "add", "."], cwd=repository[0], check=True)
    subprocess.run(["git", *identity, "commit", "--quiet", "-m", "looks"], cwd=repository[0], check=True)


def test_a_password_goes_to_git_and_nowhere_else(pod, server, looking, tmp_path, secret):
    p = clone(pod, "http://127.0.0.1:%d/repository/.git" % server.server_port, tmp_path, secret(username=USER, password=PASSWORD + "\n"))
    p.state("READY")
    p.start()
    assert p.end()["state"] == "COMPLETE" and p.entries.output() == b"False False False\n"
    assert len(p.entries.of("source")[0]["commit"]) == 40
    assert not any("s3cret" in line.decode() for _, line in p.raw)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (None, "could not read Username"),
        ({"username": USER, "password": "wrong"}, "Authentication failed"),
        ({"password": PASSWORD}, "the Secret robot is not there or has neither username and password nor ssh-privatekey"),
    ],
    ids=["no credentials", "wrong password", "no username"],
)
def test_who_is_not_let_in_is_told(pod, server, tmp_path, secret, files, said):
    repo = "http://127.0.0.1:%d/repository/.git" % server.server_port
    p = clone(pod, repo, tmp_path, None if files is None else secret(**files))
    assert p.end()["reason"] == "ScriptError"
    error = p.entries.of("error")[0]
    assert error["type"] == "FileNotFoundError" and said in error["causes"][0]["message"]


def test_a_secret_that_is_not_there(pod, server, tmp_path):
    p = clone(pod, "http://127.0.0.1:%d/repository/.git" % server.server_port, tmp_path, {"name": "robot", "path": str(tmp_path / "none")})
    p.end()
    assert "the Secret robot is not there" in p.entries.of("error")[0]["stackTrace"]


def test_a_redirect_to_another_host_gets_no_password(pod, server, tmp_path, secret):
    p = clone(pod, "http://127.0.0.1:%d/away/repository/.git" % server.server_port, tmp_path, secret(username=USER, password=PASSWORD))
    assert p.end()["reason"] == "ScriptError"
    assert {host.partition(":")[0] for host, _, _ in server.seen} == {"127.0.0.1"}


# In place of ssh: notes what it was given, then runs the command here.
SSH = """
import os, stat, sys
arguments = sys.argv[1:]
key = arguments[arguments.index("-i") + 1]
with open(%r, "w") as file:
    print(oct(stat.S_IMODE(os.stat(key).st_mode)), open(key).read().strip(), *[a for a in arguments if a.startswith("-o")], file=file)
os.execvp("sh", ["sh", "-c", arguments[-1]])
"""


def test_a_key_goes_to_ssh(pod, repository, looking, tmp_path, secret):  # noqa: F811
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ssh.py").write_text(SSH % str(tmp_path / "seen"))
    # A first line with #! would end at a blank in the path.
    (tools / "ssh").write_text('#!/bin/sh\nexec %s %s "$@"\n' % (shlex.quote(sys.executable), shlex.quote(str(tools / "ssh.py"))))
    (tools / "ssh").chmod(0o755)
    credentials = secret(ssh_privatekey="the key", known_hosts="the hosts")
    p = clone(pod, "ssh://git@example.org%s" % repository[0], tmp_path, credentials, PATH=str(tools) + os.pathsep + os.environ["PATH"])
    p.state("READY")
    p.start()
    assert p.end()["state"] == "COMPLETE" and p.entries.output() == b"False False False\n"
    seen = (tmp_path / "seen").read_text().split()
    assert seen[:3] == ["0o600", "the", "key"]
    assert "-oStrictHostKeyChecking=yes" in seen and "-oUserKnownHostsFile=%s/known_hosts" % credentials["path"] in seen
