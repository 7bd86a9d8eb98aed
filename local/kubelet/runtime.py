"""The container runtime of the embedded cluster: starts, watches, signals and kills the processes of containers.

A process of its own, so that containers live on when the cluster's process is killed: it holds what must outlive that
(the named pipes of stdin, stdout and stderr, the exit statuses) and knows nothing of pods or logs. One JSON object a
line over a unix socket; requests carry an id that the reply repeats, exits come as events to every client. With no
client for `linger` seconds it kills everything and ends.

Usage: python3 -I -S -B runtime.py SOCKET FOLDER LINGER
"""

import errno
import fcntl
import json
import os
import selectors
import shutil
import signal
import socket
import struct
import sys
import termios
import time

# an isolated interpreter does not look where its program lies
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from processes import MARKER, become_subreaper, children_of, execute, find, handles, read, stat_of  # noqa: E402

LONGEST_KILL = 10.0  # seconds; what has not gone by then the kernel holds, in a disk that hangs


class Container:
    """One container: its first process, its pipes, what is known of its other processes."""

    def __init__(self, name, folder, request):
        self.name = name
        self.folder = folder
        self.labels = request.get("labels", {})
        self.limit = request.get("memory")
        self.pid = None
        self.members = {}  # pid -> start time, of every process ever seen in it
        self.keep = {}  # descriptors that hold the pipes open
        self.started = self.finished = self.code = None
        self.oom = False
        self.unread = 0

    def start(self, request):
        """Makes the pipes and the process; OSError when it cannot be executed."""
        os.makedirs(self.folder, mode=0o700)
        pipes = [os.path.join(self.folder, str(number)) for number in range(3)]
        for path in pipes:
            os.mkfifo(path, 0o600)
        # Read and write: such an open never blocks, and its write side keeps EOF from the container's stdin.
        both = [os.open(path, os.O_RDWR | os.O_NONBLOCK) for path in pipes]
        child_in = os.open(pipes[0] if request["stdin"] else "/dev/null", os.O_RDONLY)
        child_out = [os.open(path, os.O_WRONLY) for path in pipes[1:]]
        # Kept until `release`: a reader that opens after the last writer has gone would wait for an EOF for ever.
        self.keep = dict(enumerate(both))
        env = dict(request["env"], **{MARKER: self.name})
        try:
            os.makedirs(request["cwd"], exist_ok=True)
            path = find(request["argv"][0], env.get("PATH", os.defpath))
            self.pid = execute(path, request["argv"], env, request["cwd"], [child_in] + child_out)
        finally:
            for fd in [child_in] + child_out:
                os.close(fd)
        self.started = time.time_ns()
        found = stat_of(self.pid)
        self.members[self.pid] = found[3] if found else 0
        with open(os.path.join(self.folder, "pid"), "w") as file:
            file.write("%d %d" % (self.pid, self.members[self.pid]))

    def processes(self):
        """The living processes: what descends from a known one, and known ones that have lost their parents."""
        alive, queue = {}, list(self.members)
        while queue:
            pid = queue.pop()
            found = stat_of(pid)
            if pid in alive or found is None or found[0] in b"ZX" or self.members.get(pid, found[3]) != found[3]:
                continue
            alive[pid] = self.members[pid] = found[3]
            queue.extend(children_of(pid))
        return alive

    def resident(self):
        """Bytes of memory that its processes hold."""
        page = os.sysconf("SC_PAGE_SIZE")
        return sum(int((read("/proc/%d/statm" % pid).split() or [0, 0])[1]) * page for pid in self.processes())

    def kill(self):
        """SIGKILL to all, again while forks get away from it; over when none is left, as the kernel ends a PID namespace."""
        end = time.monotonic() + LONGEST_KILL
        while True:
            alive = self.processes()
            for pid in alive:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            if not alive or time.monotonic() > end:
                return
            time.sleep(0.001)

    def close(self):
        for fd in self.keep.values():
            os.close(fd)
        self.keep = {}

    def describe(self):
        keys = ("name", "labels", "pid", "started", "finished", "code", "oom", "unread")
        return {key: getattr(self, key) for key in keys}


def end_leftovers(folder):
    """Kills what an earlier runtime, itself killed, has left here: its containers have no stdin and no reader any more."""
    for name in os.listdir(folder):
        container = Container(name, os.path.join(folder, name), {})
        words = read(os.path.join(container.folder, "pid")).split()
        if len(words) == 2:
            container.members[int(words[0])] = int(words[1])
            container.kill()
        shutil.rmtree(container.folder, ignore_errors=True)


class Runtime:
    """The loop: requests, exits, a look at all processes now and then."""

    def __init__(self, address, folder, linger):
        self.folder, self.linger, self.address = folder, linger, address
        self.containers, self.clients = {}, {}
        end_leftovers(folder)
        if os.path.exists(address):
            os.unlink(address)  # nobody listens there: the kubelet has tried
        self.alone_since = time.monotonic()
        self.ending = False
        self.selector = selectors.DefaultSelector()
        wake_in, wake_out = os.pipe()
        for fd in (wake_in, wake_out):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wake_out, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.on_signal)
        self.selector.register(wake_in, selectors.EVENT_READ, lambda: os.read(wake_in, 4096))
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(address)
        self.server.listen(16)
        self.selector.register(self.server, selectors.EVENT_READ, self.accept)

    def on_signal(self, number, _frame):
        if number != signal.SIGCHLD:
            self.ending = True

    def accept(self):
        client, _ = self.server.accept()
        self.clients[client] = b""
        self.selector.register(client, selectors.EVENT_READ, lambda: self.receive(client))

    def drop(self, client):
        self.selector.unregister(client)
        del self.clients[client]
        client.close()
        self.alone_since = time.monotonic()

    def receive(self, client):
        try:
            data = client.recv(1 << 20)
        except OSError:
            data = b""
        if not data:
            self.drop(client)
            return
        *requests, self.clients[client] = (self.clients[client] + data).split(b"\n")
        for text in requests:
            request = json.loads(text)
            try:
                reply = getattr(self, "do_" + request["do"])(request) or {}
            except OSError as error:
                reply = {"error": error.strerror or str(error), "errno": error.errno}
            except ValueError:  # a path with a NUL: Python's own error, before any call
                reply = {"error": os.strerror(errno.EINVAL).lower(), "errno": errno.EINVAL}
            self.send(client, dict(reply, id=request["id"]))

    def send(self, client, message):
        if client not in self.clients:
            return
        try:
            client.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            self.drop(client)

    def do_create(self, request):
        name = request["name"]
        container = Container(name, os.path.join(self.folder, name), request)
        try:
            container.start(request)
        except BaseException:
            container.close()
            shutil.rmtree(container.folder, ignore_errors=True)
            raise
        self.containers[name] = container
        return container.describe()

    def do_list(self, _request):
        return {"containers": [container.describe() for container in self.containers.values()]}

    def do_signal(self, request):
        container = self.containers.get(request["name"])
        if container is None or container.code is not None or not handles(container.pid, request["signal"]):
            return {"delivered": False}
        os.kill(container.pid, request["signal"])
        return {"delivered": True}

    def do_kill(self, request):
        container = self.containers.get(request["name"])
        if container is not None and container.code is None:
            container.oom = container.oom or request.get("oom", False)
            container.kill()

    def do_eof(self, request):
        """Closes the container's stdin (stdinOnce)."""
        container = self.containers.get(request["name"])
        if container is not None and 0 in container.keep:
            os.close(container.keep.pop(0))

    def do_release(self, request):
        """The reader has the outputs of an ended container open: it sees EOF after what is left."""
        container = self.containers.get(request["name"])
        if container is not None:
            container.close()

    def do_remove(self, request):
        container = self.containers.pop(request["name"], None)
        if container is not None:
            container.kill()
            container.close()
            shutil.rmtree(container.folder, ignore_errors=True)

    def do_shutdown(self, _request):
        self.ending = True

    def reap(self):
        mains = {container.pid: container for container in self.containers.values()}
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            container = mains.get(pid)
            if container is not None and container.code is None:
                code = os.waitstatus_to_exitcode(status)
                self.ended(container, code if code >= 0 else 128 - code)

    def ended(self, container, code):
        """The first process is gone; the kernel would now kill the rest of the PID namespace, so this does."""
        container.code, container.finished = code, time.time_ns()
        # Living containers keep their orphans to themselves, so what is a child here now came from this one.
        living = {item.pid for item in self.containers.values() if item.code is None}
        for pid in children_of(os.getpid()):
            found = stat_of(pid)
            if pid not in living and found:
                container.members.setdefault(pid, found[3])
        container.kill()
        for number in (1, 2):
            container.unread += struct.unpack("i", fcntl.ioctl(container.keep[number], termios.FIONREAD, b"\0" * 4))[0]
        if 0 in container.keep:
            os.close(container.keep.pop(0))
        self.broadcast(dict(container.describe(), event="exit"))

    def broadcast(self, message):
        for client in list(self.clients):
            self.send(client, message)

    def look(self):
        """Learns of new processes while their parents still tell where they belong; ends what holds too much memory."""
        for container in self.containers.values():
            if container.code is None:
                if container.limit and container.resident() > container.limit:
                    container.oom = True
                    container.kill()
                else:
                    container.processes()

    def run(self):
        looked = 0.0
        while not self.ending:
            limited = any(item.limit and item.code is None for item in self.containers.values())
            for key, _ in self.selector.select(0.2 if limited else 1.0):
                key.data()
            self.reap()
            now = time.monotonic()
            if now - looked >= (0.2 if limited else 1.0):
                looked = now
                self.look()
            if not self.clients and now - self.alone_since > self.linger:
                break
        for container in self.containers.values():
            container.kill()
        for pid in children_of(os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.broadcast({"event": "bye"})
        os.unlink(self.address)
        shutil.rmtree(self.folder, ignore_errors=True)


if __name__ == "__main__":
    os.umask(0o022)
    become_subreaper()
    runtime = Runtime(sys.argv[1], sys.argv[2], float(sys.argv[3]))
    runtime.run()
    # At once, with the connections open till then: who sees them close knows that this process is gone.
    os._exit(0)
