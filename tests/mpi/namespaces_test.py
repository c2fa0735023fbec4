#!/usr/bin/env python3
"""A client that shares nothing with rank 0 but the store: the runtime runs in one network namespace, the
godwit command in another, joined by a veth pair, and the directory of the Unix socket is hidden from the
command by a mount of its own. So it has to come over TCP, with the token of access.json; with a wrong
token it is refused. Needs root, to make namespaces; skipped (77) where they can't be made."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

BIN = pathlib.Path(os.environ["GODWIT_BIN"])
PATIENCE = 120


def run(*command, **more):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=PATIENCE, **more)


class Networks:
    """Two network namespaces with a cable between them."""

    def __init__(self):
        number = os.getpid() % 60000
        self.server, self.client = f"godwit-s{number}", f"godwit-c{number}"
        self.cables = f"gws{number}", f"gwc{number}"
        self.address = f"10.{200 + number % 50}.{number % 250}.1"
        self.made = []

    def __enter__(self):
        for name in (self.server, self.client):
            self.must("ip", "netns", "add", name)
            self.made.append(name)
            self.must("ip", "-n", name, "link", "set", "lo", "up")
        self.must("ip", "link", "add", self.cables[0], "netns", self.server, "type", "veth",
                  "peer", "name", self.cables[1], "netns", self.client)
        for name, cable, address in ((self.server, self.cables[0], self.address),
                                     (self.client, self.cables[1], self.address[:-1] + "2")):
            self.must("ip", "-n", name, "address", "add", address + "/24", "dev", cable)
            self.must("ip", "-n", name, "link", "set", cable, "up")
        return self

    def must(self, *command):
        done = run(*command)
        if done.returncode != 0:
            self.__exit__()
            print(f"skipped: {' '.join(command)}: {done.stderr.strip()}")
            sys.exit(77)

    def __exit__(self, *_):
        for name in self.made:
            run("ip", "netns", "delete", name)
        self.made.clear()


def far_away(networks, sockets, *command):
    """Runs a command in the client's network, where the directory of the sockets is empty."""
    script = 'mount -t tmpfs hidden "$1" && shift && exec "$@"'
    return run("ip", "netns", "exec", networks.client, "unshare", "--mount", "sh", "-c", script, "sh", sockets, *command)


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def scene(networks, scratch):
    store, sockets, forged = scratch / "store", scratch / "sockets", scratch / "forged"
    for directory in (sockets, forged):
        directory.mkdir(mode=0o700)
    environment = dict(os.environ, XDG_RUNTIME_DIR=str(sockets))
    start = ["ip", "netns", "exec", networks.server, BIN / "godwit", "--store", store, "start", "--hosts", "1"]
    with open(scratch / "out", "wb") as out:
        runtime = subprocess.Popen([str(word) for word in start], env=environment, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, start_new_session=True)
    try:
        deadline = time.monotonic() + PATIENCE
        while (done := far_away(networks, sockets, BIN / "godwit", "--store", store, "hosts", "--json")).returncode != 0:
            check(runtime.poll() is None, f"the runtime ended: {(scratch / 'out').read_text()}")
            check(time.monotonic() < deadline, f"no way through: {done.stderr}")
            time.sleep(0.1)
        access = json.loads((store / "access.json").read_text())
        check(pathlib.Path(access["unix"]).parent == sockets, f"the socket lies at {access['unix']}")
        check(networks.address in access["tcp"]["addresses"], f"listening at {access['tcp']['addresses']}")
        check("alive" in done.stdout, done.stdout)

        token = access["token"]
        access["token"] = ("0" if token[0] != "0" else "1") + token[1:]
        (forged / "access.json").write_text(json.dumps(access))
        done = far_away(networks, sockets, BIN / "godwit", "--store", forged, "ps")
        check(done.returncode != 0 and "token" in done.stderr, f"a wrong token: {done.returncode} {done.stderr}")

        done = far_away(networks, sockets, BIN / "godwit", "--store", store, "stop")
        check(done.returncode == 0, f"stop: {done.stderr}")
        runtime.wait(PATIENCE)
        done = far_away(networks, sockets, BIN / "godwit", "--store", store, "ps")
        check(done.returncode == 3 and "no runtime is listening" in done.stderr, f"{done.returncode} {done.stderr}")
    finally:
        if runtime.poll() is None:
            runtime.terminate()
            try:
                runtime.wait(20)
            except subprocess.TimeoutExpired:
                runtime.kill()
                runtime.wait()


def main():
    if os.geteuid() != 0:
        print("skipped: needs root, to make network namespaces")
        return 77
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="godwit-far-"))
    try:
        with Networks() as networks:
            scene(networks, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


sys.exit(main())
