"""The judge of watches on what is right, and wrong in one way each; no server is asked."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from watch import Mirror  # noqa: E402


class NoChannel:
    """A list of one object at version 10."""

    def __init__(self, version=10):
        self.version = version

    def ask(self, *_):
        return 200, {"metadata": {"resourceVersion": str(self.version)}, "items": [item("a", self.version)]}


def item(name, version, value="v"):
    return {"metadata": {"name": name, "resourceVersion": str(version)}, "data": {"v": value}}


def event(kind, name, version):
    return {"type": kind, "object": item(name, version)}


def mirror(*events):
    out = Mirror(None, "chaos", "a watch")
    out.watch._list(NoChannel())
    for e in events:
        out.watch._take(e)
    return out


class Judge(unittest.TestCase):
    def test_every_event(self):
        m = mirror(event("MODIFIED", "a", 11), event("ADDED", "b", 13))
        self.assertEqual(m.missed([8, 10, 11, 13]), [])
        self.assertFalse(m.watch.out_of_order)
        self.assertIsNone(m.shows(["a", "b"], {"a": (11, "v"), "b": (13, "v")}, 0))

    def test_a_lost_event(self):
        self.assertEqual(mirror(event("MODIFIED", "a", 12)).missed([11, 12]), [11])

    def test_an_event_twice_and_a_step_back(self):
        for version in (11, 10):
            m = mirror(event("MODIFIED", "a", 11), event("MODIFIED", "a", version))
            self.assertEqual(len(m.watch.out_of_order), 1)

    def test_a_bookmark_ahead_of_an_event(self):
        m = mirror(event("BOOKMARK", "a", 15), event("MODIFIED", "a", 14))
        self.assertEqual(len(m.watch.out_of_order), 1)

    def test_a_list_stands_for_the_events_before_it(self):
        m = mirror(event("MODIFIED", "a", 11), {"type": "ERROR", "object": {"code": 410}})
        m.watch._list(NoChannel(20))
        m.watch._take(event("MODIFIED", "a", 21))
        self.assertEqual(m.missed([11, 15, 20, 21, 22]), [22])

    def test_what_is_shown_differs(self):
        self.assertTrue(mirror().shows(["a"], {"a": (12, "v")}, 0))
        self.assertTrue(mirror(event("DELETED", "a", 12)).shows(["a"], {"a": (10, "v")}, 0))


if __name__ == "__main__":
    unittest.main()
