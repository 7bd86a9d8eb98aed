"""Processes of this machine as /proc tells of them, and how one becomes a container's first."""

import errno
import os
import re
import signal
import sys

MARKER = "OET_LOCAL_CONTAINER"  # in the environment of every process of a container
PR_SET_CHILD_SUBREAPER = 36


def read(path):
    """The bytes of a /proc file; empty when the process is gone or forbids it."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def stat_of(pid):
    """(state, parent, session, start time in ticks) of a process, or None."""
    text = read("/proc/%d/stat" % pid)
    fields = text[text.rfind(b")") + 2 :].split()
    return (fields[0], int(fields[1]), int(fields[3]), int(fields[19])) if len(fields) > 19 else None


def children_of(pid):
    """The direct children of all threads of a process."""
    try:
        threads = os.listdir("/proc/%d/task" % pid)
    except OSError:
        return []
    return [int(child) for thread in threads for child in read("/proc/%d/task/%s/children" % (pid, thread)).split()]


def handles(pid, number):
    """Whether a process has a handler for a signal: the kernel drops a signal to a PID 1 that has none."""
    found = re.search(rb"^SigCgt:\s*([0-9a-f]+)", read("/proc/%d/status" % pid), re.M)
    return bool(found) and bool(int(found[1], 16) >> (number - 1) & 1)


def load_prctl():
    """The system call that makes orphans children of this process; without it some could get away."""
    try:
        import ctypes

        return ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError) as error:
        print("orphans of containers cannot be tracked: %s" % error, file=sys.stderr)
        return lambda *_: -1


prctl = load_prctl()


def become_subreaper():
    """As PID 1 of a container gets its orphans. Kept across exec, not given to children."""
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def find(program, path):
    """The file that execvp would run; the errors read like runc's."""
    if "/" in program:
        return program
    for folder in path.split(os.pathsep):
        candidate = os.path.join(folder, program)
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    raise OSError(errno.ENOENT, "executable file not found in $PATH")


def execute(path, argv, env, cwd, descriptors):
    """Starts a program in a session of its own, as the one that gets its descendants' orphans; OSError if it cannot be."""
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(number, signal.SIG_DFL)
            for number, fd in enumerate(descriptors):
                os.dup2(fd, number)
            os.chdir(cwd)
            become_subreaper()
            os.execve(path, argv, env)
        except OSError as error:
            os.write(tell, str(error.errno).encode())
        except ValueError:  # what Python itself finds wrong: a NUL, half a character, a name with a "="
            os.write(tell, str(errno.EINVAL).encode())
        finally:
            os._exit(127)
    os.close(tell)
    with os.fdopen(told, "rb") as pipe:
        failure = pipe.read()  # ends when the program runs: its side of the pipe is closed by that
    if failure:
        os.waitpid(pid, 0)
        raise OSError(int(failure), os.strerror(int(failure)).lower())
    return pid
