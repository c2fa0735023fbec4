"""A runtime for tests: starts godwitd under mpirun on a store of its own, speaks JSON-RPC to it, runs the
godwit command, checks the witness, and leaves nothing behind. Python's standard library only.

Programs are found in $GODWIT_BIN (set by CTest). Everything is ended by pid, never by name."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

BIN = pathlib.Path(os.environ["GODWIT_BIN"])
PATIENCE = 120.0  # seconds; generous: machines are shared


class Refused(Exception):
    """The runtime's answer was an error; str() is its message."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.code = error.get("data", {}).get("code")


def wait_for(condition, what, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience:.0f} s for {what}")
        time.sleep(0.01)


class Connection:
    """One client on rank 0's Unix socket. Requests may be sent ahead of their answers."""

    def __init__(self, store, patience=PATIENCE):
        access = json.loads((store / "access.json").read_text())
        self.pid = access["pid"]
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(patience)
        try:
            self.socket.connect(access["unix"])
        except OSError:
            self.socket.close()
            raise
        self.lines = self.socket.makefile("r", encoding="utf-8")
        self.sent = 0
        self.answers = {}

    def send(self, method, **params):
        self.sent += 1
        request = {"jsonrpc": "2.0", "id": self.sent, "method": method, "params": params}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        return self.sent

    def answer(self, request):
        while request not in self.answers:
            line = self.lines.readline()
            if not line:
                raise AssertionError("the runtime closed the connection")
            response = json.loads(line)
            self.answers[response["id"]] = response
        response = self.answers.pop(request)
        if "error" in response:
            raise Refused(response["error"])
        return response["result"]

    def ask(self, method, **params):
        return self.answer(self.send(method, **params))

    def close(self):
        self.lines.close()
        self.socket.close()


class Runtime:
    """with Runtime(hosts=3) as runtime: runtime.submit("counter", limit=1000) …"""

    def __init__(self, hosts, slots=8, witness=False, options=()):
        self.hosts, self.slots, self.options = hosts, slots, list(options)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="godwit-test-"))
        self.store = self.directory / "store"
        self.work = self.directory / "work"
        self.work.mkdir()
        self.witness = self.directory / "witness" if witness else None
        if witness:
            self.witness.mkdir()
        self.environment = dict(os.environ, GODWIT_STORE=str(self.store), XDG_RUNTIME_DIR=str(self.directory))
        self.environment.pop("GODWIT_WITNESS", None)
        self.environment.pop("SLURM_JOB_ID", None)  # nothing is started on the other nodes of a Slurm job
        if witness:
            self.environment["GODWIT_WITNESS"] = str(self.witness)
        self.process = None
        self.connection = None

    # ---- the world

    def start(self):
        command = [BIN / "godwit", "start", "--hosts", str(self.hosts), "--slots", str(self.slots), *self.options]
        self.output = open(self.directory / "runtime.out", "ab")
        self.process = subprocess.Popen(command, env=self.environment, cwd=self.work, stdin=subprocess.DEVNULL,
                                        stdout=self.output, stderr=subprocess.STDOUT, start_new_session=True)
        wait_for(self.answers, "the runtime to answer with every host alive")
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the runtime ended with {self.process.returncode}:\n{self.output_text()}")
        try:
            connection = Connection(self.store)
        except (OSError, ValueError):
            return False
        rows = connection.ask("hosts")["rows"]
        if sum(row["state"] == "alive" for row in rows) < self.hosts:
            connection.close()
            return False
        self.connection = connection
        return True

    def stop(self):
        answer = self.connection.ask("stop")
        self.connection.close()
        self.connection = None
        self.process.wait(PATIENCE)
        self.output.close()
        self.process = None
        return answer

    def restart(self):
        self.stop()
        return self.start()

    def output_text(self):
        return (self.directory / "runtime.out").read_text(errors="replace")

    def __enter__(self):
        try:
            return self.start()
        except BaseException as error:  # __exit__ isn't called for what fails in here
            self.__exit__(type(error), error, None)
            raise

    def __exit__(self, kind, error, trace):
        if kind is not None:
            print(self.output_text()[-8000:], flush=True)
        if self.process is not None:
            with contextlib.suppress(Exception):
                self.stop()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    # ---- what a user does

    def ask(self, method, **params):
        return self.connection.ask(method, **params)

    def submit(self, job_type, name="", spec=None, **arguments):
        spec = {"type": job_type, "arguments": {k: str(v) for k, v in arguments.items()}, "name": name,
                "directory": str(self.work), **(spec or {})}
        return self.ask("submit", jobs=[{"spec": spec}])["jobs"][0]

    def migrate(self, job, host=None):
        """The act of one job: {"move": {"bytes", "stopped_ns", …}, "what": …}."""
        return self.ask("migrate", job=str(job), host=host)["acts"][0]

    def act(self, verb, job, **params):
        return self.ask(verb, job=str(job), **params)["acts"][0]

    def row(self, job):
        return self.ask("show", job=str(job))["rows"][0]

    def wait(self, *jobs):
        return self.ask("wait", jobs=[str(job) for job in jobs])["rows"]

    def until_state(self, job, *states):
        wait_for(lambda: self.row(job)["state"] in states, f"job {job} to be {' or '.join(states)}")

    def cli(self, *arguments, check=True):
        done = subprocess.run([BIN / "godwit", *map(str, arguments)], env=self.environment, cwd=self.work,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
        if check and done.returncode != 0:
            raise AssertionError(f"godwit {' '.join(map(str, arguments))} ended with {done.returncode}:\n{done.stderr}")
        return done

    # ---- what is left

    def captured(self, job, stream="stdout"):
        if "_" in str(job):  # an array's element: packed with others
            command = [BIN / "godwit", "logs", str(job)] + (["--stderr"] if stream == "stderr" else [])
            return subprocess.run(command, env=self.environment, cwd=self.work, capture_output=True, check=True,
                                  timeout=PATIENCE).stdout
        path = self.store / "jobs" / str(job) / stream
        return path.read_bytes() if path.exists() else b""

    def check_witness(self, *options, clones=()):
        for clone in clones:
            options += ("--clone", str(clone))
        done = subprocess.run([BIN / "godwit-witness", self.witness, *options], capture_output=True, text=True,
                              timeout=PATIENCE)
        if done.returncode != 0:
            raise AssertionError("the witness saw:\n" + done.stdout + done.stderr)
        return done.stdout
