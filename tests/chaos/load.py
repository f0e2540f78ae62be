"""Clients that read, write and compare-and-swap shared keys, and the history of what they were told.

A key is a ConfigMap whose data.v is a number that nobody else ever writes. A write is a merge patch; a
compare-and-swap is a PUT with the resourceVersion that the client saw last, or a JSON patch that tests the
value. 2xx, 409 and 422 (a failed test) are answers; 429 and 503 promise that nothing was done, so the
operation is left out, and the judge finds out if it was done after all; everything else is unknown.
"""
import json
import random
import threading
import time

from talk import JSON_PATCH, MERGE, Lost, NotSent


def now():
    return time.monotonic_ns()


class Load:
    def __init__(self, access, file, namespace="chaos", keys=6, clients=8, rate=40, seed=1, timeout=1.0,
                 pinned=()):
        """pinned: of servers' own addresses; each gets one more client, which reads there and nowhere else."""
        self.pinned, readers = list(pinned), len(pinned)
        self.access, self.namespace, self.rate, self.seed, self.timeout = access, namespace, rate, seed, timeout
        self.keys = [f"key-{i}" for i in range(keys)]
        self.file = open(file, "w")
        self.lock = threading.Condition()
        self.stopped = threading.Event()
        self.acks = []  # (start, end) of acknowledged writes, by end
        self.versions = []  # of acknowledged writes
        self.done = [0] * (clients + readers)  # operations with an answer, per client
        self.left_out = {}  # code: how often an answer promised that nothing was done
        self.lost = {}  # why: how often
        self.odd = []  # answers that no operation should get
        self.values = 0
        self.threads = [threading.Thread(target=self._client, args=(i,), daemon=True) for i in range(clients)]
        self.threads += [threading.Thread(target=self._reader, args=(clients + i, a), daemon=True)
                         for i, a in enumerate(self.pinned)]

    # -- the history -----------------------------------------------------------------------------
    def _record(self, client, op, key, start, end, **more):
        line = {"op": op, "key": key, "client": client, "start": start, "end": end, **more}
        with self.lock:
            self.file.write(json.dumps(line) + "\n")
            if end is not None and (op == "write" or more.get("done")):
                self.acks.append((start, end))
            self.lock.notify_all()

    def _value(self):
        with self.lock:
            self.values += 1
            return self.values

    def _count(self, where, what):
        with self.lock:
            where[what] = where.get(what, 0) + 1

    # -- operations ------------------------------------------------------------------------------
    def _path(self, key=None):
        base = f"/api/v1/namespaces/{self.namespace}/configmaps"
        return f"{base}/{key}" if key else base

    def create_keys(self):
        channel = self.access.channel(timeout=10)
        channel.ask("POST", "/api/v1/namespaces", {"metadata": {"name": self.namespace}})
        for key in self.keys:
            value, start = self._value(), now()
            code, _ = channel.ask("POST", self._path(), {"metadata": {"name": key}, "data": {"v": str(value)}})
            if code != 201:
                raise RuntimeError(f"create {key}: code {code}")
            self._record("setup", "write", key, start, now(), value=value)
        channel.close()

    def _send(self, channel, *words):
        """(code, answer) or None when it is known that nothing was done; raises Lost."""
        try:
            code, answer = channel.ask(*words)
        except NotSent:
            self._count(self.left_out, "not connected")
            self.stopped.wait(0.01)
            return None
        if code in (429, 503):
            self._count(self.left_out, code)
            return None
        if code >= 500:
            raise Lost(f"code {code}: {answer.get('message', '')[:80]}")
        return code, answer

    def _read(self, me, channel, key, seen):
        start = now()
        told = self._send(channel, "GET", self._path(key))
        if not told:
            return False
        if told[0] != 200:
            with self.lock:
                self.odd.append((told[0], "GET", key, told[1].get("message")))
            return False
        value = int(told[1]["data"]["v"])
        self._record(me, "read", key, start, now(), value=value)
        seen[key] = (value, told[1]["metadata"]["resourceVersion"])
        return True

    def _change(self, me, channel, key, seen, op, words, value, **more):
        start = now()
        try:
            told = self._send(channel, *words)
        except Lost:
            self._record(me, op, key, start, None, value=value, **more)
            raise
        if not told:
            return False
        end, (code, answer) = now(), told
        if code == 200:
            if op == "swap":
                more["done"] = True
            with self.lock:
                self.versions.append(int(answer["metadata"]["resourceVersion"]))
            self._record(me, op, key, start, end, value=value, **more)
            seen[key] = (value, answer["metadata"]["resourceVersion"])
        elif op == "swap" and (code == 422 or (code == 409 and words[0] == "PUT")):
            seen.pop(key, None)
            self._record(me, op, key, start, end, value=value, done=False, **more)
        elif code == 409:
            self._count(self.left_out, code)  # a patch that met too many others: nothing was done
            return False
        else:
            with self.lock:
                self.odd.append((code, words[0], key, answer.get("message")))
            return False
        return True

    def _one(self, me, channel, seen, draw):
        key, chance = draw.choice(self.keys), draw.random()
        if chance < 0.4 or (chance >= 0.7 and key not in seen):
            return self._read(me, channel, key, seen)
        value = self._value()
        if chance < 0.7:
            words = ("PATCH", self._path(key), {"data": {"v": str(value)}}, MERGE)
            return self._change(me, channel, key, seen, "write", words, value)
        expected, version = seen[key]
        if chance < 0.85:
            words = ("PUT", self._path(key), {"metadata": {"name": key, "resourceVersion": version},
                                              "data": {"v": str(value)}})
        else:
            words = ("PATCH", self._path(key), [{"op": "test", "path": "/data/v", "value": str(expected)},
                                                {"op": "replace", "path": "/data/v", "value": str(value)}], JSON_PATCH)
        return self._change(me, channel, key, seen, "swap", words, value, expected=expected)

    def _client(self, number):
        # Several connections: what one master told is used with another one.
        self._work(number, [self.access.channel(timeout=self.timeout) for _ in range(3)], self._one)

    def _reader(self, number, address):
        def read(me, channel, seen, draw):
            return self._read(me, channel, draw.choice(self.keys), seen)
        self._work(number, [address.channel(timeout=self.timeout)], read)

    def _work(self, number, channels, one):
        me, draw, seen = f"c{number}", random.Random(self.seed * 1000 + number), {}
        due = time.monotonic() + draw.random() / self.rate
        while not self.stopped.wait(max(0.0, due - time.monotonic())):
            due = max(due + 1 / self.rate, time.monotonic())
            try:
                if one(me, draw.choice(channels), seen, draw):
                    with self.lock:
                        self.done[number] += 1
                        self.lock.notify_all()
            except Lost as why:
                self._count(self.lost, str(why)[:60])
                seen.clear()
        for channel in channels:
            channel.close()

    # -- for the driver --------------------------------------------------------------------------
    def start(self):
        self.create_keys()
        for t in self.threads:
            t.start()
        return self

    def stop(self):
        """Ends the clients, reads every key once more, closes the history."""
        self.stopped.set()
        for t in self.threads:
            t.join()
        channel, last = self.access.channel(timeout=10), {}
        for key in self.keys:
            self._read("end", channel, key, last)
        channel.close()
        self.file.close()
        return last

    def next_ack(self, after, within):
        """The end of the first acknowledged write that started after `after` (ns); None if none ends in time."""
        deadline = time.monotonic() + within
        at = 0
        with self.lock:
            while True:
                while at < len(self.acks):
                    start, end = self.acks[at]
                    if start >= after:
                        return end
                    at += 1
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self.lock.wait(left)

    def each_did(self, more, within):
        """Waits until every client has done `more` further operations; seconds it took, None: not in time."""
        started = time.monotonic()
        with self.lock:
            goal = [n + more for n in self.done]
            if not self.lock.wait_for(lambda: all(n >= g for n, g in zip(self.done, goal)), within):
                return None
        return time.monotonic() - started
