"""A watch as an informer keeps it: lists, watches from there, resumes from the last version, lists again on 410."""
import http.client
import json
import threading
import time

from talk import Lost, NotSent


class Watch:
    """Calls on_event(type, object) in its thread for what happens; type LISTED for each object of a list."""

    def __init__(self, access, path, selector, on_event):
        self.access, self.path, self.selector, self.on_event = access, path, selector, on_event
        self.version = None
        self.last = 0  # the version it came to, also while it has to list again
        self.resumed = 0  # broken and resumed from the version
        self.expired = 0  # resumed with 410: listed again
        self.events = 0
        self.out_of_order = []  # (version before, version of the event)
        self.skipped = []  # (after, up to): versions whose events a list stands for
        self.stopped = False
        self.synced = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self.thread.start()
        if not self.synced.wait(20):
            raise RuntimeError(f"watch {self.path}: no list within 20 s")
        return self

    def stop(self):
        self.stopped = True
        self.thread.join()

    def _query(self, **more):
        words = dict(labelSelector=self.selector, **more) if self.selector else more
        return self.path + "?" + "&".join(f"{k}={v}" for k, v in words.items())

    def _list(self, channel):
        code, answer = channel.ask("GET", self._query())
        if code != 200:
            raise Lost(f"list: code {code}")
        self.on_event("RELIST", None)
        for item in answer["items"]:
            self.on_event("LISTED", item)
        self.version = int(answer["metadata"]["resourceVersion"])
        self.skipped.append((self.last, self.version))
        self.synced.set()

    def _take(self, event):
        """False: the watch has ended."""
        kind, item = event["type"], event["object"]
        if kind == "ERROR":
            if item.get("code") == 410:
                self.version = None
                self.expired += 1
            return False
        version = int(item["metadata"]["resourceVersion"])
        if version < self.version or (version == self.version and kind != "BOOKMARK"):
            self.out_of_order.append((self.version, version))
        self.version = self.last = version
        if kind != "BOOKMARK":
            self.events += 1
            self.on_event(kind, item)
        return True

    def _follow(self, channel):
        response = channel.start("GET", self._query(watch="true", allowWatchBookmarks="true",
                                                    resourceVersion=self.version))
        if response.status == 410:
            self.version = None
            self.expired += 1
        if response.status != 200:
            response.read()
            raise Lost(f"watch: code {response.status}")
        while not self.stopped:
            line = response.readline()
            if not line or not self._take(json.loads(line)):
                return

    def _run(self):
        channel = self.access.channel(timeout=2)
        while not self.stopped:
            try:
                if self.version is None:
                    self._list(channel)
                self._follow(channel)
            except (OSError, Lost, NotSent, ValueError, http.client.HTTPException):
                time.sleep(0.01)  # the next attempt; nothing is awaited here
            channel.close()
            self.resumed += 1


class Mirror:
    """All ConfigMaps of a namespace as one watch shows them, and which versions it was told of."""

    def __init__(self, access, namespace, what):
        self.lock = threading.Condition()
        self.what = what
        self.objects = {}  # name: (version, data.v)
        self.told = set()  # versions of events
        self.watch = Watch(access, f"/api/v1/namespaces/{namespace}/configmaps", "", self._event)

    def _event(self, kind, item):
        with self.lock:
            if kind == "RELIST":
                self.objects.clear()
                return
            name, version = item["metadata"]["name"], int(item["metadata"]["resourceVersion"])
            if kind != "LISTED":
                self.told.add(version)
            if kind == "DELETED":
                self.objects.pop(name, None)
            else:
                self.objects[name] = (version, item.get("data", {}).get("v"))
            self.lock.notify_all()

    def shows(self, names, wanted, within):
        """Waits until it shows these objects as they are; None, or what differs."""
        def differs():
            return [(n, self.objects.get(n), wanted[n]) for n in names if self.objects.get(n) != wanted[n]]
        with self.lock:
            if self.lock.wait_for(lambda: not differs(), within):
                return None
            return differs()[:3]

    def missed(self, versions):
        """Acknowledged versions that it was never told of, by an event or by a list in place of events."""
        lists = self.watch.skipped
        return [v for v in versions if v not in self.told and not any(a < v <= b for a, b in lists)]


class Pods:
    """How many pods without deletionTimestamp there are, at every instant that a watch shows."""

    def __init__(self, access, namespace, app):
        self.lock = threading.Condition()
        self.pods = {}  # name: (leaving, ready)
        self.allowed = None  # more pods than this are too many
        self.most = 0
        self.too_many = []  # (allowed, names)
        self.watch = Watch(access, f"/api/v1/namespaces/{namespace}/pods", f"app%3D{app}", self._event)

    def _event(self, kind, pod):
        with self.lock:
            if kind == "RELIST":
                self.pods.clear()
                return
            name = pod["metadata"]["name"]
            if kind == "DELETED":
                self.pods.pop(name, None)
            else:
                ready = any(c["type"] == "Ready" and c["status"] == "True" for c in pod.get("status", {}).get("conditions", []))
                self.pods[name] = ("deletionTimestamp" in pod["metadata"], ready)
            live = [n for n, (leaving, _) in self.pods.items() if not leaving]
            self.most = max(self.most, len(live))
            if self.allowed is not None and len(live) > self.allowed:
                self.too_many.append((self.allowed, sorted(live)))
            self.lock.notify_all()

    def _are(self, count):
        live = [ready for leaving, ready in self.pods.values() if not leaving]
        return len(live) == count and all(live)

    def allow(self, most):
        with self.lock:
            self.allowed = most

    def wait_for(self, count, within):
        """Waits until exactly `count` pods live and all are ready; the time then (ns), None: not in time."""
        with self.lock:
            if not self.lock.wait_for(lambda: self._are(count), within):
                return None
        return time.monotonic_ns()

    def show(self):
        with self.lock:
            live = [ready for leaving, ready in self.pods.values() if not leaving]
            return f"{len(live)} live, {sum(live)} ready, {len(self.pods) - len(live)} leaving"
