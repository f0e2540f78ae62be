"""Faults of real masters: each strikes, and can be taken back. What strikes needs the cluster to name processes."""
import os
import random
import shutil
import signal
import subprocess
import time

from drive import processes, shoot, until
from cluster import TROUPE, Failed


class Fault:
    """strike() returns the time (ns) from which on it holds."""

    what = "nothing"
    hold = 0.0  # seconds between strike and heal
    hides = False  # whether its victim cannot be spoken to meanwhile

    def __init__(self, cluster, victim, draw):
        self.cluster, self.victim, self.draw = cluster, victim, draw
        self.before = processes(cluster)[victim]
        self.pid = self.before["pid"]

    def strike(self):
        raise NotImplementedError

    def heal(self):
        pass

    def expect(self, verdict, what):
        """What must hold of the victim once everything is ready again."""
        same = processes(self.cluster)[self.victim]["pid"] == self.pid
        verdict.expect(same, f"{what}: {self.victim} is still the same process")


class Kill(Fault):
    what = "kill -9"
    hides = True

    def strike(self):
        return shoot(self.pid)

    def expect(self, verdict, what):
        again = processes(self.cluster)[self.victim]["pid"]
        verdict.expect(again not in (0, self.pid), f"{what}: {self.victim} is a new process")


class Stop(Fault):
    what = "SIGSTOP"
    hold = 5.0
    hides = True

    def strike(self):
        os.kill(self.pid, signal.SIGSTOP)
        return time.monotonic_ns()

    def heal(self):
        try:
            os.kill(self.pid, signal.SIGCONT)
        except ProcessLookupError:
            pass  # the verdict says so


class Partition(Fault):
    """Packets between the victim and the other masters are dropped in the victim's network namespace;
    clients still reach it. `ways`: both, in (it hears nobody), out (nobody hears it)."""

    hold = 3.0

    def __init__(self, cluster, victim, draw, ways="both"):
        super().__init__(cluster, victim, draw)
        self.ways, self.what = ways, f"partition ({ways})"

    def _nft(self, text):
        subprocess.run(["nsenter", "-t", str(self.pid), "-n", "nft", "-f", "-"], input=text, text=True, check=True,
                       capture_output=True, timeout=10)

    def strike(self):
        others = ", ".join(r["address"] for n, r in processes(self.cluster).items()
                           if n.startswith("master-") and n != self.victim)
        chains = ""
        if self.ways in ("both", "in"):
            chains += f"chain in {{ type filter hook input priority 0; ip saddr {{ {others} }} drop; }}\n"
        if self.ways in ("both", "out"):
            chains += f"chain out {{ type filter hook output priority 0; ip daddr {{ {others} }} drop; }}\n"
        self._nft(f"table ip chaos {{\n{chains}}}\n")
        return time.monotonic_ns()

    def heal(self):
        self._nft("delete table ip chaos\n")  # it would go with the namespace, which ends with the process


class BentLog(Fault):
    """While the victim is down, its log is cut or has a bit flipped at a random place in use. It must come back and
    agree with the others, or refuse to start and say why; then it gets its own file back."""

    hides = True

    def __init__(self, cluster, victim, draw, how="flip"):
        super().__init__(cluster, victim, draw)
        self.how, self.what, self.starter = how, f"log {how}", None
        self.refused = None  # what it said

    def _segments(self):
        log = os.path.join(self.cluster.dir, self.victim, "store", "log")
        return sorted(os.path.join(log, f) for f in os.listdir(log) if f.endswith(".log"))

    @staticmethod
    def _used(path):
        """Bytes up to the last that is not zero: files are prewritten with zeros."""
        with open(path, "rb") as f:
            return len(f.read().rstrip(b"\0"))

    def _bend(self, path):
        at = self.draw.randrange(max(1, self._used(path)))
        with open(path, "r+b") as f:
            if self.how == "cut":
                f.truncate(at)
            else:
                f.seek(at)
                byte = f.read(1)[0]
                f.seek(at)
                f.write(bytes([byte ^ (1 << self.draw.randrange(8))]))
        return f"{os.path.basename(path)} at byte {at} of {self._used(path)}"

    def strike(self):
        self.cluster.troupe("kill", self.victim, "--stay-down")
        struck = time.monotonic_ns()
        until(lambda: processes(self.cluster)[self.victim]["pid"] == 0, 10, f"{self.victim} is down")
        self.path = self.draw.choice(self._segments())
        self.saved = self.path + ".saved-by-the-test"
        shutil.copyfile(self.path, self.saved)
        self.where = self._bend(self.path)
        self.said = os.path.getsize(self._log())
        return struck

    def _log(self):
        return os.path.join(self.cluster.dir, self.victim, "log")

    def _ready(self):
        return [m["ready"] for m in self.cluster.status()["masters"] if m["name"] == self.victim] == [True]

    def _refusal(self):
        with open(self._log(), errors="replace") as f:
            f.seek(self.said)
            text = f.read().strip()
        return text if os.path.basename(self.path) in text else ""

    def heal(self):
        # It ends when everything is ready; when the master refuses, not before the test has given the file back.
        self.starter = subprocess.Popen(
            [TROUPE, "--data-dir", self.cluster.dir, "up", "--detach", "--masters", str(self.cluster.masters), "--nodes",
             str(self.cluster.nodes)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until(lambda: self._ready() or self._refusal(), 30, f"{self.victim} is ready or refuses: {self.where}")
            self.refused = self._refusal()
        finally:
            if not self._ready():
                os.replace(self.saved, self.path)
        os.path.exists(self.saved) and os.remove(self.saved)

    def expect(self, verdict, what):
        try:
            self.starter.wait(60)
        except subprocess.TimeoutExpired:
            self.starter.kill()
            self.starter.wait()
            verdict.expect(False, f"{what}: troupe up ends")
        if self.refused:
            print(f"  refused, as it should if it cannot repair: {self.refused.splitlines()[0][:160]}")
        else:
            print(f"  repaired: {self.where}")


def leader_of(cluster):
    return until(lambda: cluster.status()["leader"], 20, "a leader")


def follower_of(cluster, draw):
    leader = leader_of(cluster)
    return draw.choice([m["name"] for m in cluster.status()["masters"] if m["name"] != leader])


# name: (whom it strikes, how it is made)
KINDS = {
    "kill-leader": ("leader", Kill),
    "kill-follower": ("follower", Kill),
    "stop-leader": ("leader", Stop),
    "stop-follower": ("follower", Stop),
    "cut-off-leader": ("leader", Partition),
    "deaf-leader": ("leader", lambda c, v, d: Partition(c, v, d, "in")),
    "mute-leader": ("leader", lambda c, v, d: Partition(c, v, d, "out")),
    "cut-off-follower": ("follower", Partition),
    "mute-follower": ("follower", lambda c, v, d: Partition(c, v, d, "out")),
    "log-flipped": ("any", lambda c, v, d: BentLog(c, v, d, "flip")),
    "log-cut": ("any", lambda c, v, d: BentLog(c, v, d, "cut")),
}


def make(kind, cluster, draw):
    if kind not in KINDS:
        raise Failed(f"there is no fault '{kind}': choose among {', '.join(KINDS)}")
    whom, how = KINDS[kind]
    leads = whom == "leader" or (whom == "any" and draw.random() < 0.5)
    return how(cluster, leader_of(cluster) if leads else follower_of(cluster, draw), draw)


def deck(kinds, draw):
    """The kinds again and again, each time in another order."""
    while True:
        yield from draw.sample(kinds, len(kinds))


def seeded(seed):
    return random.Random(seed)
