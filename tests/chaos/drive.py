"""What the chaos drivers share: options, processes of a cluster, the judge of histories, the verdict."""
import argparse
import os
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
from cluster import ROOT, TROUPE, Failed, until  # noqa: E402


def options(description, rounds, short, more=None):
    """--rounds N, --short (what CI runs), --keep (the data directory stays)."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, help=f"default {rounds}")
    parser.add_argument("--short", action="store_true", help=f"{short} rounds: what CI runs")
    parser.add_argument("--keep", action="store_true", help="leave the data directory and the history")
    if more:
        more(parser)
    chosen = parser.parse_args()
    if chosen.rounds is None:
        chosen.rounds = short if chosen.short else rounds
    return chosen


def judge_program():
    beside = os.path.join(os.path.dirname(TROUPE), "tests", "chaos", "check-history")
    for path in (os.environ.get("CHECK_HISTORY", ""), beside, os.path.join(ROOT, "build/release/tests/chaos/check-history"),
                 os.path.join(ROOT, "build/dev/tests/chaos/check-history")):
        if os.path.exists(path):
            return path
    raise Failed("check-history is not built: run `ninja -C build/release check-history`, or name it in CHECK_HISTORY")


class Verdict:
    """Collects what did not hold; the run goes on, so that one flaw does not hide another."""

    def __init__(self):
        self.flaws = []

    def expect(self, holds, what):
        if not holds:
            self.flaws.append(what)
            print(f"  DOES NOT HOLD: {what}", flush=True)
        return holds

    def history(self, file):
        done = subprocess.run([judge_program(), file], capture_output=True, text=True)
        print("history: " + done.stdout.strip() + done.stderr.strip(), flush=True)
        self.expect(done.returncode == 0, "the history is linearizable")

    def end(self, name):
        if self.flaws:
            print(f"{name}: {len(self.flaws)} expectations do not hold", flush=True)
            return 1
        print(f"{name}: holds", flush=True)
        return 0


def run(main):
    """Ends the program with main's exit code; what cannot go on is one line."""
    if not os.path.exists(TROUPE):
        sys.exit(f"there is no program {TROUPE}: build it (`ninja -C build/release troupe`), or name it in TROUPE")
    try:
        code = main()
    except (Failed, RuntimeError, subprocess.SubprocessError, OSError) as why:
        print(f"it cannot go on: {type(why).__name__}: {why}", file=sys.stderr)
        code = 1
    sys.exit(code)


def processes(cluster):
    """name: row, of everything that has a process."""
    status = cluster.status()
    return {row["name"]: row for kind in ("masters", "nodes", "balancers") for row in status[kind]}


def all_ready(cluster):
    status = cluster.status()
    return (status["leader"] and all(m["ready"] for m in status["masters"]) and all(n["ready"] for n in status["nodes"])
            and all(b["pid"] for b in status["balancers"])) and status


def shoot(*pids):
    """kill -9 of all, at once; the time after it (ns)."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    return time.monotonic_ns()


def wait_ready(cluster, verdict, bar, patience, what):
    """Seconds until everything is ready; a flaw if that takes longer than `bar`, the end if longer than `patience`."""
    started = time.monotonic()
    status = until(lambda: all_ready(cluster), patience, what)
    took = time.monotonic() - started
    verdict.expect(took <= bar, f"{what}: took {took:.1f} s, more than {bar} s")
    return took, status


def ms(ns):
    return f"{ns / 1e6:.0f} ms"


def spread(values, unit="ms"):
    if not values:
        return "none"
    return f"median {statistics.median(values):.0f} {unit}, worst {max(values):.0f} {unit}"
