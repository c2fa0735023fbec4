"""A real Slurm on the nodes of tests/support/nodes.py: munge, slurmctld and a slurmd per node, with a configuration,
a key, ports and directories of its own. Needs the packages slurmctld, slurmd, slurm-client and munge."""

import os
import subprocess

from nodes import Nodes, must, wait_for

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "salloc", "srun", "scancel", "squeue", "sinfo", "scontrol")

CONFIGURATION = """
ClusterName=godwit
SlurmctldHost=login({login})
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={here}/munge/socket
CredType=cred/munge
StateSaveLocation={here}/state
SlurmdSpoolDir={here}/spool-%n
SlurmctldPidFile={here}/slurmctld.pid
SlurmdPidFile={here}/slurmd-%n.pid
SlurmctldLogFile={here}/slurmctld.log
SlurmdLogFile={here}/slurmd-%n.log
TmpFS={local}
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,bf_interval=1,requeue_delay=1
MpiDefault=none
ReturnToService=2
SlurmdTimeout=10
KillWait=30
MinJobAge=3600
NodeName={nodes} CPUs=4 RealMemory=2000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class Cluster:
    def __init__(self, scratch, count):
        self.here = scratch / "slurm"
        (self.here / "munge").mkdir(parents=True)
        (self.here / "munge").chmod(0o755)
        (self.here / "state").mkdir()
        self.nodes = Nodes(scratch, count)
        self.daemons = []
        self.environment = dict(os.environ, SLURM_CONF=str(self.here / "slurm.conf"))
        names = ",".join(self.nodes.names)
        (self.here / "slurm.conf").write_text(
            CONFIGURATION.format(here=self.here, local=self.nodes.local, login=self.nodes.addresses["login"], nodes=names))
        (self.here / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")  # "disabled" is fatal in Slurm 22.05
        self.start_munge()
        self.start("login", "slurmctld", "-D", "-c")
        for name in self.nodes.names:
            (self.here / f"spool-{name}").mkdir()
            self.start(name, "slurmd", "-D", "-N", name)
        wait_for(self.all_idle, "every node to be idle")

    def start_munge(self):
        key = self.here / "munge" / "key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        munge = self.here / "munge"
        must("munged", "--force", f"--key-file={key}", f"--socket={munge}/socket", f"--pid-file={munge}/pid",
             f"--log-file={munge}/log", f"--seed-file={munge}/seed", "--num-threads=2")

    def start(self, node, *command):
        with open(self.here / f"{command[0]}-{node}.out", "wb") as out:
            self.daemons.append(subprocess.Popen(self.nodes.on(node, *command), env=self.environment, stdout=out,
                                                 stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL))

    def all_idle(self):
        for daemon in self.daemons:
            if daemon.poll() is not None:
                raise AssertionError(f"{daemon.args} ended with {daemon.returncode}:\n{self.logs()}")
        done = subprocess.run(["sinfo", "-h", "-N", "-o", "%T"], env=self.environment, capture_output=True, text=True)
        return done.stdout.split() == ["idle"] * len(self.nodes.names)

    def logs(self):
        texts = (f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-8:])
                 for path in sorted(self.here.glob("*.out")))
        return "\n".join(texts)

    # ---- what a user does

    def run(self, *command, node="login", **more):
        return subprocess.run(self.nodes.on(node, *command), env=self.environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120, **more)

    def submit(self, *arguments, cwd):
        done = self.run("sbatch", "--parsable", *arguments, cwd=cwd)
        if done.returncode != 0:
            raise AssertionError(f"sbatch: {done.stderr}")
        return done.stdout.strip()

    def state(self, job):
        return self.run("squeue", "-h", "-t", "all", "-j", job, "-o", "%T").stdout.strip()
