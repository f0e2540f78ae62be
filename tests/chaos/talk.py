"""Speaking HTTPS to a cluster over connections that stay open, and saying honestly what is known after a failure."""
import base64
import http.client
import json
import re
import ssl
import tempfile


class NotSent(Exception):
    """Nothing of the request left: it certainly did nothing."""


class Lost(Exception):
    """The request left and no answer came: its outcome is unknown."""


class Access:
    """The address and the credentials of a kubeconfig."""

    def __init__(self, kubeconfig):
        with open(kubeconfig) as f:
            text = f.read()
        address = re.search(r"server: https://([^:\s]+):(\d+)", text)
        self.host, self.port = address.group(1), int(address.group(2))

        def held(name):
            return base64.b64decode(re.search(name + r": (\S+)", text).group(1))

        self.context = ssl.create_default_context(cadata=held("certificate-authority-data").decode())
        with tempfile.NamedTemporaryFile() as pem:
            pem.write(held("client-certificate-data") + b"\n" + held("client-key-data"))
            pem.flush()
            self.context.load_cert_chain(pem.name)

    def channel(self, timeout=1.0, host=None, port=None):
        return Channel(self, timeout, host or self.host, port or self.port)


class Direct:
    """The same credentials at one server's own address, past the balancers."""

    def __init__(self, access, host, port):
        self.access, self.host, self.port = access, host, port

    def channel(self, timeout=1.0):
        return Channel(self.access, timeout, self.host, self.port)


class Channel:
    """One connection that stays open; opened again after a failure."""

    def __init__(self, access, timeout, host, port):
        self.access, self.timeout, self.host, self.port = access, timeout, host, port
        self.connection = None
        self.opened = 0  # how many times

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def _open(self):
        connection = http.client.HTTPSConnection(self.host, self.port, timeout=self.timeout, context=self.access.context)
        try:
            connection.connect()
        except (OSError, http.client.HTTPException) as why:
            connection.close()
            raise NotSent(str(why)) from why
        self.connection = connection
        self.opened += 1

    def start(self, method, path, body=None, kind="application/json"):
        """Sends the request; the response is still to be read."""
        if not self.connection:
            self._open()
        fields = {"Accept": "application/json"}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            fields["Content-Type"] = kind
        try:
            self.connection.request(method, path, body=data, headers=fields)
            return self.connection.getresponse()
        except (OSError, http.client.HTTPException) as why:
            self.close()
            raise Lost(f"{type(why).__name__} {why}") from why

    def ask(self, method, path, body=None, kind="application/json"):
        """(code, object). Raises NotSent or Lost."""
        response = self.start(method, path, body, kind)
        try:
            data = response.read()
        except (OSError, http.client.HTTPException) as why:
            self.close()
            raise Lost(f"{type(why).__name__} {why}") from why
        try:
            return response.status, json.loads(data)
        except ValueError:
            return response.status, {"message": data[:200].decode(errors="replace")}


MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"

