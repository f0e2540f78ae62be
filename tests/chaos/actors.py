"""The actors of a cluster as its processes tell them, and what may move when one of them is killed."""
import json
import os
import time

from talk import Lost, NotSent

# Nobody in the process watches over these: their end is the process's end, like that of the storage actor.
ENDS_PROCESS = ("", "links", "replica")
# rest_for_one: who is started again with whom.
TOGETHER = {"kubelet/work/manager": ("kubelet/work/pods",)}
# Actors that live as long as a pod.
PODS = "kubelet/work/pods/"


class Snapshot:
    """processes: name -> (pid, {path: [(incarnation, messages, last death)]}); None: it did not answer."""

    def __init__(self, processes):
        self.processes = processes

    def complete(self):
        return all(self.processes.values())

    def pid(self, process):
        return self.processes[process] and self.processes[process][0]

    def rows(self, process, path):
        return (self.processes[process] or (0, {}))[1].get(path, [])

    def leader(self):
        for name, told in self.processes.items():
            if told and any(p.startswith("leader/") for p in told[1]):
                return name
        return None


class Eye:
    """Asks every process directly, over connections that stay open."""

    def __init__(self, cluster, access):
        self.cluster, self.access, self.channels = cluster, access, {}

    def _ask(self, name, pid, address, port):
        """`pid` as the process's supervisor knows it: a node counts its own in a namespace."""
        channel = self.channels.setdefault(name, self.access.channel(1.0, address, port))
        try:
            code, told = channel.ask("GET", "/troupe/status")
        except (Lost, NotSent):
            return None
        if code != 200 or "actors" not in told:
            return None
        rows = {}
        for a in told["actors"]:
            rows.setdefault(a["path"], []).append((a["incarnation"], a["messages"], a["last_death"]))
        return pid, rows

    def look(self):
        with open(os.path.join(self.cluster.dir, "up.json")) as f:
            known = json.load(f)["processes"]
        return Snapshot({p["name"]: self._ask(p["name"], p["pid"], p["address"], p["port"])
                         for p in known if p["kind"] != "balancer"})

    def look_until(self, holds, within):
        """As soon as holds(snapshot) complains of nothing: (snapshot, seconds, None, the last complaint); later not None."""
        started, last = time.monotonic(), None
        while True:
            seen = self.look()
            complaint = holds(seen)
            took = time.monotonic() - started
            if not complaint or took > within:
                return seen, took, complaint, last
            last = complaint


def below(path, top):
    return path == top or path.startswith(top + "/")


def may_move(path):
    """Whether an actor at another path of the process may have a new incarnation after a kill of `path`."""
    tops = (path,) + TOGETHER.get(path, ())
    return lambda other: any(below(other, top) for top in tops)


def incarnations(rows):
    return sorted(r[0] for r in rows)


def moved_without_cause(before, after, process, path, leader_moved):
    """Actors whose counter moved although the strategy of no supervisor says so."""
    out = []
    allowed = may_move(path)
    for name, told in before.processes.items():
        if name == process and path in ENDS_PROCESS:
            continue
        now = after.processes[name]
        if told[0] != now[0]:
            out.append(f"process {name} died")
            continue
        for other in set(told[1]) | set(now[1]):
            if (name == process and allowed(other)) or (leader_moved and below(other, "leader")):
                continue
            then, since = told[1].get(other), now[1].get(other)
            if other.startswith(PODS) and (then is None or since is None):
                continue  # its pod came or went
            if then is None or since is None:
                out.append(f"{name}/{other} {'came' if then is None else 'went'}")
            elif incarnations(then) != incarnations(since):
                out.append(f"{name}/{other}: {incarnations(then)} -> {incarnations(since)}")
    return out


FIRST_MESSAGES = 300


def reborn(before, after, process, path):
    """A complaint unless the victim has a new incarnation that knows nothing of the old one's messages."""
    if path in ENDS_PROCESS:
        if not after.pid(process) or after.pid(process) == before.pid(process):
            return f"{process} has not come back"
        return None if after.rows(process, path) else f"{process}/{path} is not there yet"
    then, now = before.rows(process, path), after.rows(process, path)
    if len(now) != len(then):
        return f"{process}/{path}: {len(now)} of {len(then)} are there"
    if max(incarnations(now)) != max(incarnations(then)) + 1:
        return f"{process}/{path}: incarnation {incarnations(then)} -> {incarnations(now)}"
    # A new incarnation gets up to some hundred messages before it is looked at (all the informers' states).
    if max(r[1] for r in then) > FIRST_MESSAGES and max(r[1] for r in now) >= max(r[1] for r in then):
        return f"{process}/{path}: its counter of messages went on: {then} -> {now}"
    return None
