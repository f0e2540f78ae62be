"""A Troupe cluster under test: started by the real program, judged by kubectl.

    with Cluster(masters=3, nodes=2) as c:
        c.kubectl("apply", "-f", "-", stdin=manifest)

Nothing here sleeps to synchronise: `until` polls a fact with a deadline and says what it last saw.
"""
import base64
import http.client
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TROUPE = os.environ.get("TROUPE", os.path.join(ROOT, "build", "release", "troupe"))


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # a test that is ended cleans up


class Failed(Exception):
    """An expectation that did not hold."""


def expect(holds, what):
    if not holds:
        raise Failed(what)


def allowed(bar):
    """A bar in seconds: held exactly with TROUPE_BARS=strict (a quiet machine, as for an acceptance);
    else four times as much, which a busy machine keeps and a mistake does not."""
    return bar if os.environ.get("TROUPE_BARS") == "strict" else 4 * bar


def within(took, bar, what):
    limit = allowed(bar)
    expect(took <= limit, f"{what} took {took:.2f} s, more than {limit} s (the bar is {bar} s)")


def until(fact, within, what):
    """Polls fact() until it is true; returns its value. Fails with what was seen last."""
    deadline = time.monotonic() + within
    seen = None
    while True:
        try:
            seen = fact()
            if seen:
                return seen
        except (Failed, OSError, subprocess.CalledProcessError, json.JSONDecodeError, KeyError, IndexError) as why:
            seen = why
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not within {within} s; last seen: {str(seen)[:600]}")
        time.sleep(0.02)


class Result:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def __bool__(self):
        return self.code == 0


def kubectls():
    """The kubectls to try: TROUPE_KUBECTLS, or those beside the installed one, or the installed one."""
    named = os.environ.get("TROUPE_KUBECTLS")
    if named:
        return named.split()
    installed = shutil.which("kubectl")
    real = os.path.realpath(installed)
    beside = sorted(os.path.join(os.path.dirname(real), f) for f in os.listdir(os.path.dirname(real)) if f.startswith("kubectl.1."))
    return beside or [installed]


class Cluster:
    def __init__(self, masters=3, nodes=2, runtime=None, sets=(), keep=False, images=()):
        self.dir = tempfile.mkdtemp(prefix="troupe-e2e-")
        self.masters, self.nodes, self.runtime, self.keep = masters, nodes, runtime, keep
        self.sets = [*sets, *os.environ.get("TROUPE_SETS", "").split()]  # another script runs this one on its settings
        self.kubectl_program = kubectls()[-1]
        self.up_seconds = None
        for archive in images:
            os.makedirs(os.path.join(self.dir, "images"), exist_ok=True)
            shutil.copy(archive, os.path.join(self.dir, "images"))

    # -- life ------------------------------------------------------------------------------------
    def up(self):
        command = [TROUPE, "--data-dir", self.dir, "up", "--detach", "--masters", str(self.masters), "--nodes", str(self.nodes)]
        if self.runtime:
            command += ["--runtime", self.runtime]
        for s in self.sets:
            command += ["--set", s]
        started = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        self.up_seconds = time.monotonic() - started
        if done.returncode != 0:
            raise Failed(f"troupe up failed: {done.stderr}\n{self.logs()}")
        self.kubeconfig = done.stdout.strip()
        return self

    def down(self):
        subprocess.run([TROUPE, "--data-dir", self.dir, "down"], capture_output=True, timeout=60)

    def __enter__(self):
        try:
            return self.up()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise

    def __exit__(self, kind, value, trace):
        if kind is not None:
            print(self.logs(), file=sys.stderr)
        self.down()
        if not self.keep and kind is None:
            shutil.rmtree(self.dir, ignore_errors=True)

    def logs(self):
        out = []
        for name in sorted(os.listdir(self.dir)):
            path = os.path.join(self.dir, name, "log")
            if os.path.exists(path):
                with open(path, errors="replace") as f:
                    text = f.read()[-2000:]
                if text:
                    out.append(f"--- {name}\n{text}")
        path = os.path.join(self.dir, "up.log")
        if os.path.exists(path):
            with open(path, errors="replace") as f:
                out.append("--- up\n" + f.read()[-2000:])
        return "\n".join(out)

    # -- speaking to it --------------------------------------------------------------------------
    def try_kubectl(self, *words, stdin=None, timeout=60, program=None):
        environment = dict(os.environ, KUBECONFIG=self.kubeconfig, HOME=self.dir)
        return Result(subprocess.run([program or self.kubectl_program, *words], input=stdin, capture_output=True,
                                     text=True, timeout=timeout, env=environment))

    def kubectl(self, *words, stdin=None, timeout=60, program=None):
        done = self.try_kubectl(*words, stdin=stdin, timeout=timeout, program=program)
        if not done:
            raise Failed(f"kubectl {' '.join(words)}: exit code {done.code}: {done.err.strip()} {done.out.strip()}")
        return done.out

    def get(self, *words):
        return json.loads(self.kubectl("get", *words, "-o", "json"))

    def apply(self, manifest):
        text = manifest if isinstance(manifest, str) else json.dumps(manifest)
        return self.kubectl("apply", "-f", "-", stdin=text)

    def troupe(self, *words, timeout=60):
        done = subprocess.run([TROUPE, "--data-dir", self.dir, *words], capture_output=True, text=True, timeout=timeout)
        if done.returncode != 0:
            raise Failed(f"troupe {' '.join(words)}: exit code {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def status(self):
        return json.loads(self.troupe("status", "-o", "json"))

    def admin_tls(self):
        """A TLS context with the kubeconfig's client certificate and CA."""
        data = dict(re.findall(r"(certificate-authority-data|client-certificate-data|client-key-data): *\"?([A-Za-z0-9+/=]+)", open(self.kubeconfig).read()))
        pem = {key: base64.b64decode(value).decode() for key, value in data.items()}
        context = ssl.create_default_context(cadata=pem["certificate-authority-data"])
        context.check_hostname = False
        with tempfile.NamedTemporaryFile("w", dir=self.dir) as f:
            f.write(pem["client-certificate-data"] + pem["client-key-data"])
            f.flush()
            context.load_cert_chain(f.name)
        return context

    def endpoint(self):
        """Host and port of the kubeconfig's server."""
        host, port = re.search(r"server: *\"?https://([^:]+):(\d+)", open(self.kubeconfig).read()).groups()
        return host, int(port)

    def path(self, *parts):
        """A file of the cluster's data directory."""
        return os.path.join(self.dir, *parts)

    def page(self, master, path, method="GET", body=None):
        """One request to one master, past the balancers; `master` as `status` lists it."""
        connection = http.client.HTTPSConnection(master["address"], master.get("port", 6443), context=self.admin_tls(), timeout=10)
        try:
            connection.request(method, path, body=body)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        expect(answer.status < 300, f"{method} {path} on {master['name']}: {answer.status} {text[:300]}")
        return json.loads(text) if text.startswith(("{", "[")) else text

    def leader(self):
        return until(lambda: self.status()["leader"], 10, "a leader")


def run(tests):
    """Runs (name, function) pairs; the last line says how many passed and failed."""
    passed, failed = 0, []
    for name, test in tests:
        started = time.monotonic()
        try:
            figure = test()
            passed += 1
            print(f"ok    {name} ({time.monotonic() - started:.1f} s){': ' + str(figure) if figure else ''}", flush=True)
        except Exception as why:  # noqa: any failure is a failed test
            failed.append(name)
            print(f"FAIL  {name}: {why}", flush=True)
    print(f"{passed} passed, {len(failed)} failed", flush=True)
    return 1 if failed else 0
