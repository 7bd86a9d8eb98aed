"""Scripts of a git repository, here one in a local folder."""

import hashlib
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="no git on this machine")

# A build back end in the repository itself: `pip install .` needs nothing from outside.
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
BACKEND = """
import zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    name, info = "oet_example-1-py3-none-any.whl", "oet_example-1.dist-info/"
    with zipfile.ZipFile(directory + "/" + name, "w") as wheel:
        wheel.write("oet_example.py")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: oet-example\\nVersion: 1\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return name
"""


@pytest.fixture(scope="session")
def repository(tmp_path_factory):
    """(path, commits first, other, second): a script that prints which commit it is of, in scripts/hello.py; another branch; a package."""
    path = tmp_path_factory.mktemp("git") / "repository"

    def git(*arguments):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=master"]
        return subprocess.run(["git", *identity, *arguments], cwd=path, check=True, capture_output=True, text=True).stdout.strip()

    (path / "scripts").mkdir(parents=True)
    git("init", "--quiet")
    script = path / "scripts" / "hello.py"
    commits = []
    for version in ("first", "second"):
        script.write_text("def main(): print('%s')\n" % version)
        (path / "pyproject.toml").write_text(PROJECT)
        (path / "backend.py").write_text(BACKEND)
        (path / "oet_example.py").write_text("NAME = 'example'\n")
        (path / "scripts" / "uses.py").write_text("import oet_example\ndef main(): print(oet_example.NAME)\n")
        git("add", ".")
        git("commit", "--quiet", "-m", version)
        commits.append(git("rev-parse", "HEAD"))
    git("checkout", "--quiet", "-b", "other")
    script.write_text("def main(): print('other')\n")
    git("commit", "--quiet", "-am", "other")
    git("checkout", "--quiet", "master")
    git("tag", "-a", "release", "-m", "annotated", commits[0])
    git("branch", "release")  # of the same name, elsewhere
    git("branch", "abcdef")  # reads like a commit
    return path, commits[0], git("rev-parse", "other"), commits[1]


def prepare(p, repository, path="scripts/hello.py", **more):
    p.boot()
    p.prepare(script={"uri": "git://" + path, "git": {"repo": str(repository), "path": path, **more}})


@pytest.mark.parametrize(
    ("more", "printed"),
    [
        ({"branch": "master"}, "second"),
        ({}, "second"),
        ({"branch": "other"}, "other"),
        ({"commit": None, "tag": None}, "second"),
        ({"tag": "release"}, "first"),
        ({"branch": "release"}, "second"),
        ("commit", "first"),
        ("short commit", "first"),
    ],
    ids=str,
)
def test_branch_tag_or_commit(pod, repository, tmp_path, more, printed):
    p = pod(env={"TMPDIR": str(tmp_path)})
    if isinstance(more, str):
        more = {"commit": repository[1] if more == "commit" else repository[1][:10].upper()}
    prepare(p, repository[0], **more)
    p.state("READY")
    script = "def main(): print('%s')\n" % printed
    commit = repository[1 + ["first", "other", "second"].index(printed)]
    assert [(e["sha256"], e["commit"]) for e in p.entries.of("source")] == [(hashlib.sha256(script.encode()).hexdigest(), commit)]
    p.start()
    assert p.end()["state"] == "COMPLETE" and p.entries.output().decode() == printed + "\n"
    assert p.entries.states() == ["IDLE", "LOADING", "IDLE", "READY", "RUNNING", "READY"]
    p.leave()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "change",
    [
        {"repo": "/nowhere/at/all"},
        {"branch": "no-such-branch"},
        {"branch": "--upload-pack=touch /tmp/never"},
        {"commit": "0" * 40},
        {"commit": "--all"},
        {"commit": "abcdef"},
        {"tag": "other"},
        {"tag": "--upload-pack=touch /tmp/never"},
        {"path": "scripts/none.py"},
        {"path": "../../../etc/passwd"},
        {"repo": "ext::sh -c 'echo never'"},
    ],
    ids=str,
)
@pytest.mark.one_python
def test_what_is_not_there_fails_like_a_missing_file(pod, repository, change):
    p = pod()
    git = {"repo": str(repository[0]), "path": "scripts/hello.py", **change}
    p.boot()
    p.prepare(script={"uri": "git://" + git["path"], "git": git})
    assert p.end()["reason"] == "ScriptError"
    error = p.entries.of("error")[0]
    assert (error["phase"], error["type"]) == ("load", "FileNotFoundError")
    assert "[Errno 2]" in error["stackTrace"] and "git://" + git["path"] in error["stackTrace"]


def test_a_dependency_needs_its_environment(pod, repository):
    p = pod()
    prepare(p, repository[0], "scripts/uses.py")
    assert p.end()["state"] == "FAILED" and p.entries.of("error")[0]["type"] == "ModuleNotFoundError"


@pytest.mark.one_python
def test_an_environment_is_made(pod, repository):
    p = pod(env={"PIP_NO_INDEX": "1"})
    prepare(p, repository[0], "scripts/uses.py", createEnv=True)
    p.wait(lambda e: e.states()[-1:] == ["READY"])
    p.start()
    assert p.end()["state"] == "COMPLETE" and p.entries.output() == b"example\n"
    assert p.entries.states()[:5] == ["IDLE", "PREP_ENV", "IDLE", "LOADING", "IDLE"]
    assert p.entries.of("source")[0]["commit"] == repository[3]


@pytest.mark.one_python
def test_requirements_are_installed_for_any_script(pod, repository):
    p = pod(env={"PIP_NO_INDEX": "1"}).boot()
    p.prepare(
        "import oet_example\ndef main(): print(oet_example.NAME)\n",
        environment={"requirements": ["oet-example @ file://%s" % repository[0]]},
    )
    p.wait(lambda e: e.states()[-1:] == ["READY"])
    p.start()
    assert p.end()["state"] == "COMPLETE" and p.entries.output() == b"example\n"
    assert p.entries.states()[:5] == ["IDLE", "PREP_ENV", "IDLE", "LOADING", "IDLE"]
    kinds = [e.get("state", e["k"]) for e in p.entries]
    assert kinds.index("PREP_ENV") < kinds.index("source") < kinds.index("LOADING")


@pytest.mark.one_python
def test_requirements_that_are_not_to_be_had(pod):
    p = pod(env={"PIP_NO_INDEX": "1"}).boot()
    p.prepare("def main(): pass\n", environment={"requirements": ["oet-no-such-package==1"]})
    p.wait(lambda e: e.of("end"))
    error = p.entries.of("error")[0]
    assert (error["phase"], error["type"]) == ("env", "RuntimeError") and b"oet-no-such-package" in p.entries.output("stderr")


@pytest.mark.one_python
def test_an_environment_that_cannot_be_made(pod, repository, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(repository[0], broken)
    (broken / "backend.py").write_text("raise SystemExit('no')\n")
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, "commit", "--quiet", "-am", "broken"], cwd=broken, check=True)
    p = pod(env={"PIP_NO_INDEX": "1"})
    prepare(p, broken, "scripts/uses.py", createEnv=True)
    p.wait(lambda e: e.of("end"))
    error = p.entries.of("error")[0]
    assert (error["phase"], error["type"]) == ("env", "RuntimeError") and "pip install" in error["message"]
