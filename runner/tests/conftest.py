"""Every Python from 3.9 to 3.13 that the machine has runs the tests of the runner; the report's head says which."""

import functools
import glob
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from driver import Pod

WANTED = ["3.9", "3.10", "3.11", "3.12", "3.13"]


@functools.lru_cache(None)
def interpreters():
    """{version: path}, one for each minor version."""
    # Nothing, and no error, where the folder is another user's.
    candidates = sorted(glob.glob(os.path.join(os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv")), "versions/*/bin/python3")))
    candidates += [p for p in map(shutil.which, ["python3", *("python" + v for v in WANTED)]) if p] + [sys.executable]
    found = {}
    for path in candidates:
        done = subprocess.run([str(path), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True, check=False)
        version = done.stdout.strip()
        if done.returncode == 0 and tuple(map(int, version.split("."))) >= (3, 9):
            found.setdefault(version, str(path))
    return dict(sorted(found.items(), key=lambda item: tuple(map(int, item[0].split(".")))))


def pytest_report_header(config):
    found = interpreters()
    missing = [v for v in WANTED if v not in found]
    return "runner under Python " + ", ".join(found) + ("; not on this machine: " + ", ".join(missing) if missing else "")


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(pytest_report_header(None))


def pytest_generate_tests(metafunc):
    if "python" in metafunc.fixturenames:
        versions = interpreters()
        if metafunc.definition.get_closest_marker("one_python"):
            versions = {sys_version: versions[sys_version] for sys_version in list(versions)[-1:]}
        metafunc.parametrize("python", list(versions.values()), ids=list(versions), scope="session")


def pytest_configure(config):
    config.addinivalue_line("markers", "one_python: what does not depend on the version, or takes long; the newest runs it")


@pytest.fixture
def pod(python):
    """Makes pods; kills what is left of them."""
    made = []

    def make(**options):
        made.append(Pod(python, **options))
        return made[-1]

    yield make
    for each in made:
        each.kill()
