"""The virtual environment that a script asks for: its requirements, its repository. In the script's process."""

import os
import sys


def create(folder, requirements, project):
    """Makes one that sees the image's packages, installs into it, and has this process use it. `project` is a folder or None."""
    import site
    import subprocess

    environment = os.path.join(folder, "env")
    python = os.path.join(environment, "bin", "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    wanted = []
    if requirements:
        wanted += ["--requirement", _write(os.path.join(folder, "requirements.txt"), requirements)]
    if project is not None:
        wanted.append(project)
    # Together, so that pip finds versions that fit both.
    for command in ([sys.executable, "-m", "venv", "--system-site-packages", environment], [*pip, *wanted]):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=2, check=False)
        if done.returncode:
            raise RuntimeError("%s failed with exit code %d" % (" ".join(command[1:4]), done.returncode))
    packages = os.path.join(environment, "lib", "python%d.%d" % sys.version_info[:2], "site-packages")
    before = list(sys.path)
    site.addsitedir(packages)
    sys.path[:] = [p for p in sys.path if p not in before] + before  # ahead of the image's own
    os.environ["VIRTUAL_ENV"] = environment
    os.environ["PATH"] = os.path.dirname(python) + os.pathsep + os.environ.get("PATH", os.defpath)


def _write(path, lines):
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in lines))
    return path
