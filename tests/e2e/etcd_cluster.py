"""An etcd cluster under test: three members of Debian's etcd-server with TLS, in the test's own namespace.

The members listen on all addresses: masters reach them at the bridge of `troupe up`, the test on loopback.
"""
import os
import shutil
import signal
import subprocess
import tempfile

from cluster import Failed, until

BRIDGE = "10.222.0.1"


class Etcd:
    def __init__(self, members=3):
        self.dir = tempfile.mkdtemp(prefix="troupe-etcd-")
        self.numbers = list(range(members))
        self.processes = {}

    def client_port(self, number):
        return 23790 + 10 * number

    def endpoints(self, host=BRIDGE):
        return ",".join(f"{host}:{self.client_port(n)}" for n in self.numbers)

    def file(self, name):
        return os.path.join(self.dir, name)

    def certificates(self):
        def openssl(*words):
            subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=self.dir)
        with open(self.file("names"), "w") as f:
            f.write(f"subjectAltName=IP:127.0.0.1,IP:{BRIDGE}\nextendedKeyUsage=serverAuth,clientAuth\n")
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        openssl("req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=etcd-test", "-days", "2")
        for name in ("member", "client"):
            openssl("req", *new_key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
            openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                    "-out", f"{name}.crt", "-days", "2", "-extfile", "names")

    def start(self, number):
        def peer(n):
            return f"https://127.0.0.1:{self.client_port(n) + 1}"
        tls = ["trusted-ca-file=" + self.file("ca.crt"), "cert-file=" + self.file("member.crt"), "key-file=" + self.file("member.key")]
        port = self.client_port(number)
        command = ["etcd", f"--name=e{number}", "--data-dir=" + self.file(f"e{number}"),
                   f"--listen-client-urls=https://0.0.0.0:{port}", f"--advertise-client-urls=https://127.0.0.1:{port}",
                   "--listen-peer-urls=" + peer(number), "--initial-advertise-peer-urls=" + peer(number),
                   "--initial-cluster=" + ",".join(f"e{n}={peer(n)}" for n in self.numbers), "--initial-cluster-state=new",
                   "--client-cert-auth", "--peer-client-cert-auth", "--logger=zap", "--log-level=error",
                   *("--" + t for t in tls), *("--peer-" + t for t in tls)]
        with open(self.file(f"e{number}.log"), "ab") as log:
            self.processes[number] = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def kill(self, number):
        self.processes[number].send_signal(signal.SIGKILL)
        self.processes.pop(number).wait()

    def ctl(self, *words, number=0):
        done = subprocess.run(["etcdctl", "--endpoints", f"https://127.0.0.1:{self.client_port(number)}", "--cacert", self.file("ca.crt"),
                               "--cert", self.file("client.crt"), "--key", self.file("client.key"), *words],
                              capture_output=True, text=True, timeout=20, env=dict(os.environ, ETCDCTL_API="3"))
        if done.returncode != 0:
            raise Failed(f"etcdctl {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def sets(self, prefix="/troupe", host=BRIDGE):
        """Settings of a master that uses it."""
        return [f"etcdServers={self.endpoints(host)}", "etcdCAFile=" + self.file("ca.crt"), "etcdCertFile=" + self.file("client.crt"),
                "etcdKeyFile=" + self.file("client.key"), f"etcdPrefix={prefix}"]

    def __enter__(self):
        try:
            self.certificates()
            for n in self.numbers:
                self.start(n)
            until(lambda: self.ctl("put", "/hello", "etcd"), 20, "etcd takes a write")
            return self
        except BaseException:
            self.__exit__(True)
            raise

    def __exit__(self, kind, *_):
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()
        if kind is None:
            shutil.rmtree(self.dir, ignore_errors=True)
