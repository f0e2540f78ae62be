#!/usr/bin/env python3
"""Packs files into a one-layer docker-archive that any OCI runtime can import. The same input gives
the same bytes: no times, no owners, sorted entries.

    pack_image.py OUT.tar NAME --file HOST_PATH:/path[:mode] --link TARGET:/path --dir /path[:mode]
                  --entrypoint /path [--cmd ARG]... [--env KEY=VALUE]... [--user UID]
"""
import argparse
import hashlib
import io
import json
import platform
import tarfile

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "riscv64": "riscv64", "ppc64le": "ppc64le"}


def entry(name, kind, mode, size=0, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.size, info.linkname = kind, mode, size, target
    return info  # mtime, uid and gid are 0, names empty


def make_tar(entries):
    """entries: (TarInfo, bytes or None), written in order."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data) if data is not None else None)
    return out.getvalue()


def make_layer(files, links, dirs):
    """files: {path: (bytes, mode)}, links: {path: target}, dirs: {path: mode}; paths absolute."""
    wanted = dict(dirs)
    for path in [*files, *links, *dirs]:
        parts = path.strip("/").split("/")[:-1]
        for i in range(1, len(parts) + 1):
            wanted.setdefault("/" + "/".join(parts[:i]), 0o755)
    entries = []
    for path in sorted({*wanted, *files, *links}):
        name = path.strip("/")
        if path in files:
            data, mode = files[path]
            entries.append((entry(name, tarfile.REGTYPE, mode, len(data)), data))
        elif path in links:
            entries.append((entry(name, tarfile.SYMTYPE, 0o777, target=links[path]), None))
        else:
            entries.append((entry(name, tarfile.DIRTYPE, wanted[path]), None))
    return make_tar(entries)


def pack(name, layer, entrypoint=None, cmd=None, env=(), user=""):
    """The archive's bytes. `name` is a full reference: registry/repository:tag."""
    config = {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {"Env": list(env), "Entrypoint": entrypoint, "Cmd": cmd, "User": user},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
    }
    config_bytes = json.dumps(config, sort_keys=True).encode()
    config_name = hashlib.sha256(config_bytes).hexdigest() + ".json"
    manifest = [{"Config": config_name, "RepoTags": [name], "Layers": ["layer.tar"]}]
    parts = {"manifest.json": json.dumps(manifest).encode(), config_name: config_bytes,
             "layer.tar": layer}
    return make_tar([(entry(n, tarfile.REGTYPE, 0o644, len(d)), d) for n, d in parts.items()])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out")
    parser.add_argument("name")
    for option in ("file", "link", "dir", "entrypoint", "cmd", "env"):
        parser.add_argument("--" + option, action="append", default=[])
    parser.add_argument("--user", default="")
    given = parser.parse_args()
    files, links, dirs = {}, {}, {}
    for text in given.file:
        source, path, *mode = text.split(":")
        with open(source, "rb") as handle:
            files[path] = (handle.read(), int(mode[0], 8) if mode else 0o755)
    for text in given.link:
        target, path = text.split(":")
        links[path] = target
    for text in given.dir:
        path, *mode = text.split(":")
        dirs[path] = int(mode[0], 8) if mode else 0o755
    archive = pack(given.name, make_layer(files, links, dirs), given.entrypoint or None,
                   given.cmd or None, given.env, given.user)
    with open(given.out, "wb") as handle:
        handle.write(archive)


if __name__ == "__main__":
    main()
