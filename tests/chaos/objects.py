"""Clients that create objects of their own: what was acknowledged must be there whatever happens."""
import threading

from talk import Lost, NotSent

OBJECTS = "/api/v1/namespaces/chaos/configmaps"


class Creator:
    """Creates objects of its own, one after the other, and remembers which were acknowledged."""

    def __init__(self, access, number):
        self.access, self.number = access, number
        self.acknowledged = {}  # name: resourceVersion
        self.unknown = set()
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        channel, i = self.access.channel(timeout=1), 0
        while not self.stopped.wait(0.01):
            i += 1
            name = f"made-{self.number}-{i}"
            try:
                code, answer = channel.ask("POST", OBJECTS, {"metadata": {"name": name, "labels": {"made": "yes"}},
                                                             "data": {"name": name}})
                if code == 201:
                    self.acknowledged[name] = int(answer["metadata"]["resourceVersion"])
                elif code >= 500 and code != 503:
                    self.unknown.add(name)
            except NotSent:
                pass
            except Lost:
                self.unknown.add(name)
        channel.close()

    def stop(self):
        self.stopped.set()
        self.thread.join()


def stored(access):
    """name: (version, content) of all objects."""
    channel, out, more = access.channel(timeout=20), {}, ""
    while True:
        code, answer = channel.ask("GET", f"{OBJECTS}?labelSelector=made%3Dyes&limit=500{more}")
        if code != 200:
            raise RuntimeError(f"list: code {code}: {answer.get('message')}")
        for item in answer["items"]:
            out[item["metadata"]["name"]] = (int(item["metadata"]["resourceVersion"]), item["data"]["name"])
        rest = answer["metadata"].get("continue")
        if not rest:
            channel.close()
            return out
        more = f"&continue={rest}"


def check_objects(verdict, access, creators, what):
    """What was acknowledged before the list must be in it. (how many, objects that nobody asked for, the list)"""
    acknowledged = {n: v for c in creators for n, v in dict(c.acknowledged).items()}
    found = stored(access)
    lost = [n for n, v in acknowledged.items() if found.get(n) != (v, n)]
    verdict.expect(not lost, f"{what}: all of {len(acknowledged)} acknowledged objects are there: "
                   f"{len(lost)} are not: {[(n, acknowledged[n], found.get(n)) for n in lost[:3]]}")
    never_asked = set(found) - set(acknowledged) - set().union(*(c.unknown for c in creators))
    return len(acknowledged), never_asked, found
