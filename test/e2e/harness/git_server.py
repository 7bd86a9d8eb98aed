"""A git repository behind a password, and a package, for pods: made here, told by the line `ready COMMIT`, served over HTTP.
Environment: HOST and PORT to listen on, PASSWORD of the user robot."""

import base64
import http.server
import os
import pathlib
import subprocess
import tempfile
import zipfile

ROOT = pathlib.Path(tempfile.mkdtemp())
BACKEND = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip() + "/git-http-backend"


def git(*arguments):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=master"]
    return subprocess.run(["git", *identity, *arguments], cwd=ROOT / "repository", check=True, capture_output=True, text=True).stdout.strip()


def make_repository():
    """The commit that the tag `release` names; the branch of that name goes on."""
    (ROOT / "repository").mkdir()
    git("init", "--quiet")
    for version in ("tagged", "newest"):
        (ROOT / "repository" / "script.py").write_text("def main(): print('%s')\n" % version)
        git("add", ".")
        git("commit", "--quiet", "-m", version)
        if version == "tagged":
            git("tag", "release")
    git("branch", "release")
    return git("rev-parse", "refs/tags/release")


def make_package():
    """A wheel that holds one module."""
    info = "oet_example-1.dist-info/"
    with zipfile.ZipFile(ROOT / "oet_example-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("oet_example.py", "NAME = 'example'\n")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: oet-example\nVersion: 1\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(info + "RECORD", "")


class Handler(http.server.BaseHTTPRequestHandler):
    """git-http-backend as CGI for those who know the password; the wheel for everybody."""

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path.endswith(".whl"):
            self.answer(200, {"Content-Type": "application/zip"}, (ROOT / path.lstrip("/")).read_bytes())
            return
        wanted = "Basic " + base64.b64encode(("robot:" + os.environ["PASSWORD"]).encode()).decode()
        if self.headers.get("Authorization") != wanted:
            self.answer(401, {"WWW-Authenticate": "Basic realm=git"}, b"")
            return
        environment = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(ROOT),
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
        self.answer(200, dict(line.split(": ", 1) for line in head.decode().split("\r\n")), body)

    do_POST = do_GET

    def answer(self, status, headers, body):
        self.send_response(status)
        for header in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(body)


make_package()
commit = make_repository()
server = http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler)
print("ready", commit, flush=True)
server.serve_forever()
