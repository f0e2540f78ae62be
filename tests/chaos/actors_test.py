"""The judge of actor kills on snapshots that are right, and wrong in one way each."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from actors import Snapshot, moved_without_cause, reborn  # noqa: E402


def world(**changed):
    """master-1 and node-1; `changed` maps "process/path" to (incarnation, messages), None (gone), or a pid."""
    told = {"master-1": [10, {"": [(1, 0, "")], "api": [(1, 0, "")], "api/front": [(1, 100, "")], "hub": [(1, 2000, "")],
                              "replica": [(1, 900, "")], "leader/binder": [(1, 5, "")]}],
            "node-1": [20, {"": [(1, 0, "")], "kubelet/work/manager": [(1, 9, "")], "kubelet/work/pods": [(1, 3, "")],
                            "kubelet/work/pods/a": [(1, 70, "")], "network": [(2, 8, "")]}]}
    for where, what in changed.items():
        process, _, path = where.partition("/")
        if isinstance(what, int):
            told[process][0] = what
        elif what is None:
            del told[process][1][path]
        else:
            told[process][1][path] = [(*what, "")]
    return Snapshot({name: tuple(x) for name, x in told.items()})


def judged(path, process="master-1", leader_moved=False, **changed):
    before, after = world(), world(**changed)
    return reborn(before, after, process, path), moved_without_cause(before, after, process, path, leader_moved)


class Judge(unittest.TestCase):
    def test_a_kill_as_it_should_be(self):
        self.assertEqual(judged("hub", **{"master-1/hub": (2, 3)}), (None, []))

    def test_a_victim_that_stayed(self):
        self.assertIn("incarnation", judged("hub")[0])

    def test_a_victim_whose_counter_went_on(self):
        self.assertIn("went on", judged("hub", **{"master-1/hub": (2, 2300)})[0])

    def test_a_victim_that_is_gone(self):
        self.assertIn("0 of 1", judged("hub", **{"master-1/hub": None})[0])

    def test_a_neighbour_that_moved(self):
        self.assertEqual(judged("hub", **{"master-1/hub": (2, 3), "master-1/api/front": (2, 1)})[1],
                         ["master-1/api/front: [1] -> [2]"])

    def test_an_actor_of_another_process_that_moved(self):
        self.assertEqual(judged("hub", **{"master-1/hub": (2, 3), "node-1/network": (3, 1)})[1], ["node-1/network: [2] -> [3]"])

    def test_children_move_with_their_supervisor(self):
        self.assertEqual(judged("api", **{"master-1/api": (2, 0), "master-1/api/front": (1, 1)}), (None, []))

    def test_a_strategy_moves_siblings(self):
        self.assertEqual(judged("kubelet/work/manager", "node-1", **{"node-1/kubelet/work/manager": (2, 1), "node-1/kubelet/work/pods": (2, 1),
                                                                     "node-1/kubelet/work/pods/a": (1, 1)}), (None, []))

    def test_a_pod_may_go_but_not_move(self):
        killed = {"node-1/network": (3, 0)}
        self.assertEqual(judged("network", "node-1", **killed, **{"node-1/kubelet/work/pods/a": None})[1], [])
        self.assertEqual(len(judged("network", "node-1", **killed, **{"node-1/kubelet/work/pods/a": (2, 1)})[1]), 1)

    def test_a_process_that_died(self):
        self.assertEqual(judged("hub", **{"master-1/hub": (2, 3), "node-1": 21})[1], ["process node-1 died"])
        self.assertEqual(judged("hub", **{"master-1/hub": (1, 3), "master-1": 11})[1], ["process master-1 died"])

    def test_a_storage_actor_takes_its_process(self):
        self.assertIn("not come back", judged("replica")[0])
        self.assertEqual(judged("replica", **{"master-1": 11, "master-1/hub": (1, 0)}), (None, []))

    def test_the_leader_moves_only_with_a_process(self):
        gone = {"master-1/leader/binder": None}
        self.assertEqual(judged("replica", **{"master-1": 11}, **gone)[1], [])
        self.assertEqual(judged("hub", **{"master-1/hub": (2, 3)}, **gone)[1], ["master-1/leader/binder went"])


if __name__ == "__main__":
    unittest.main()
