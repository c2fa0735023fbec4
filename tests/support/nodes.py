"""Hosts of a small cluster on one machine: each a set of namespaces with its own network, name, processes, mounts
and shared memory, joined by a bridge. Files are shared: that is their shared filesystem.

Nothing of it can outlive the test, also when that is killed: run_inside() runs the test as the first process of a
process namespace, whose end is the end of everything in it, and the scratch directory is a file system in memory that
only those processes see. The machine's own network, /run, /tmp and names are left untouched."""

import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

PATIENCE = 60.0  # seconds
ALL_BUT_USERS = ["--net", "--uts", "--ipc", "--mount", "--pid"]
PR_SET_PDEATHSIG = 1


def skip(why):
    print(f"skipped: {why}", flush=True)
    sys.exit(77)


def wait_for(condition, what, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience:.0f} s for {what}")
        time.sleep(0.02)
    return value


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run_inside(*programs):
    """Returns in a process that may make nodes. In the one that called it: waits, and ends as that one did."""
    if os.environ.get("GODWIT_TEST_INSIDE") == "yes":
        return
    if os.geteuid() != 0:
        skip("needs root, to make namespaces")
    for program in ("unshare", "nsenter", "ip", *programs):
        if shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None:
            skip(f"there is no {program} here")
    new = ["unshare", *ALL_BUT_USERS, "--fork", "--kill-child", "--mount-proc"]
    tried = subprocess.run([*new, "sh", "-c", "ip link add br0 type bridge && mount -t tmpfs t /mnt"],
                           capture_output=True, text=True)
    if tried.returncode != 0:
        skip(f"namespaces aren't permitted here: {tried.stderr.strip()}")
    environment = dict(os.environ, GODWIT_TEST_INSIDE="yes", PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
    inner = subprocess.Popen([*new, sys.executable, "-B", *sys.argv], env=environment, preexec_fn=die_with_parent)
    sys.exit(inner.wait())


def must(*command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=PATIENCE, **more)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def scratch_directory():
    """An empty directory that only this test sees."""
    mine = [os.path.realpath(path) for path in (__file__, os.environ["GODWIT_BIN"])]
    for place in ("/mnt", "/media", "/srv", "/opt"):
        if os.path.isdir(place) and not any(path.startswith(place + "/") for path in mine):
            must("mount", "-t", "tmpfs", "godwit", place)
            return pathlib.Path(place)
    skip("no directory to mount a scratch file system on")


class Nodes:
    """`login` is this process's own network; "n1" … "nN" are the nodes. Each has a directory `local` of its own."""

    def __init__(self, scratch, count):
        self.names = [f"n{i + 1}" for i in range(count)]
        self.addresses = {"login": "10.77.0.10", **{name: f"10.77.0.{11 + i}" for i, name in enumerate(self.names)}}
        self.first_process = {}
        hosts = scratch / "hosts"
        hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{a} {n}\n" for n, a in self.addresses.items()))
        must("mount", "--bind", hosts, "/etc/hosts")
        must("hostname", "login")
        batch = "link set lo up\nlink add br0 type bridge\naddress add 10.77.0.10/24 dev br0\nlink set br0 up\n"
        must("ip", "-batch", "-", input=batch)
        self.local = scratch / "local"
        self.local.mkdir()
        started = {name: self.start(name) for name in self.names}
        for name, process in started.items():
            self.connect(name, process)

    def start(self, name):
        # The first process of a node: SIGCHLD ignored, the kernel buries what is orphaned to it.
        script = (f"hostname {name} && mount -t tmpfs shm /dev/shm && mount -t tmpfs local '{self.local}' && echo ready"
                  " && trap '' CHLD && exec sleep infinity")
        process = subprocess.Popen(["unshare", *ALL_BUT_USERS, "--fork", "--kill-child", "--mount-proc", "sh", "-c", script],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        return process

    def connect(self, name, process):
        if process.stdout.readline() != b"ready\n":
            raise AssertionError(f"node {name} didn't start")
        pid = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0]
        self.first_process[name] = pid
        must("ip", "-batch", "-", input=f"link add p-{name} type veth peer name v0 netns {pid}\nlink set p-{name} master br0 up\n")
        batch = f"link set lo up\naddress add {self.addresses[name]}/24 dev v0\nlink set v0 up\n"
        must(*self.on(name, "ip", "-batch", "-"), input=batch)

    def on(self, name, *command):
        """The command line that runs there."""
        words = [str(word) for word in command]
        if name == "login":
            return words
        return ["nsenter", "-t", self.first_process[name], *ALL_BUT_USERS, f"--wdns={os.getcwd()}", "--", *words]

    def write_remote_shell(self, path):
        """A program that is called as ssh is, for launchers: NODE WORD …; what it runs there goes through a shell."""
        cases = "".join(f"  {name}) pid={pid} ;;\n" for name, pid in self.first_process.items())
        path.write_text(f"#!/bin/sh\nnode=$1\nshift\ncase $node in\n{cases}  *) exit 255 ;;\nesac\n"
                        f"exec nsenter -t $pid {' '.join(ALL_BUT_USERS)} -- /bin/sh -c \"$*\" </dev/null\n")
        path.chmod(0o755)
        return path

    def have_mpirun_start_there(self, scratch):
        """From now on mpirun starts rank 0 and a host on n1, and a host on each other node, joined by TCP."""
        hostfile = scratch / "hostfile"
        hostfile.write_text("".join(f"{name} slots={2 if name == 'n1' else 1}\n" for name in self.names))
        network = "10.77.0.0/24"
        os.environ.update(
            OMPI_MCA_plm="rsh", OMPI_MCA_plm_rsh_agent=str(self.write_remote_shell(scratch / "remote-shell")),
            OMPI_MCA_orte_default_hostfile=str(hostfile), OMPI_MCA_btl_tcp_if_include=network,
            OMPI_MCA_oob_tcp_if_include=network, TMPDIR=str(self.local))
