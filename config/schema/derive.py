#!/usr/bin/env python3
"""Reduces Kubernetes' published facts to the text files in derived/.

Usage: derive.py DIR_OF_FACTS

DIR_OF_FACTS holds types.json, paths.json, protobuf.json, enums.json and defaults.json. They are
not part of the project; run this again when they change, and review the difference it makes.

derived/types.txt, one block per definition, one line per field:
    core/v1.Container kinds=
      env: [core/v1.EnvVar] list=map(name) merge(name) #7
`#7` is the protobuf number; `#2/5` is number 5 of a message embedded as number 2.
derived/resources.txt, one block per resource of a version, one line per subresource.
derived/enums.txt, one line per closed string type.    derived/defaults.txt, one line per field.
"""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
METHOD_VERBS = {"get": "get", "post": "create", "put": "update", "patch": "patch",
                "delete": "delete"}
ACTION_VERBS = {"get": "get", "list": "list", "post": "create", "put": "update", "patch": "patch",
                "delete": "delete", "deletecollection": "deletecollection"}
SHAPES = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int_or_string",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "micro_time",
}
PACKAGES = [
    (r"^io\.k8s\.api\.([^.]+)\.([^.]+)\.(\w+)$", r"\1/\2.\3"),
    (r"^io\.k8s\.apimachinery\.pkg\.apis\.meta\.v1\.(\w+)$", r"meta/v1.\1"),
    (r"^io\.k8s\.apiextensions-apiserver\.pkg\.apis\.apiextensions\.v1\.(\w+)$",
     r"apiextensions/v1.\1"),
    (r"^io\.k8s\.kube-aggregator\.pkg\.apis\.apiregistration\.v1\.(\w+)$",
     r"apiregistration/v1.\1"),
    (r"^io\.k8s\.apimachinery\.pkg\.api\.resource\.(\w+)$", r"resource.\1"),
    (r"^io\.k8s\.apimachinery\.pkg\.util\.intstr\.(\w+)$", r"intstr.\1"),
    (r"^io\.k8s\.apimachinery\.pkg\.runtime\.(\w+)$", r"runtime.\1"),
    (r"^io\.k8s\.apimachinery\.pkg\.version\.(\w+)$", r"version.\1"),
]


def short(name):
    """io.k8s.api.core.v1.Pod -> core/v1.Pod"""
    for pattern, form in PACKAGES:
        if re.match(pattern, name):
            return re.sub(pattern, form, name)
    raise SystemExit(f"no short form for {name}")


def resolve(message, type_name):
    """The full name of a message type written inside `message`; None for a scalar."""
    if type_name.startswith("."):
        return type_name[1:]
    package = message.rsplit(".", 1)[0]
    return f"{package}.{type_name}"


class Deriver:
    def __init__(self, facts):
        self.types = json.loads((facts / "types.json").read_text())["definitions"]
        self.paths = json.loads((facts / "paths.json").read_text())["paths"]
        self.messages = json.loads((facts / "protobuf.json").read_text())["messages"]
        enums = json.loads((facts / "enums.json").read_text())
        self.enum_types, self.enum_fields = enums["types"], enums["fields"]
        self.defaults = json.loads((facts / "defaults.json").read_text())["defaults"]

    def wire(self, message, field, depth=0):
        """The numbers from `message` to the JSON field, through embedded messages; [] if none."""
        fields = self.messages.get(message, {})
        by_name = {name.lower(): facts for name, facts in fields.items()}
        if field.lower() in by_name:
            return [by_name[field.lower()]["n"]]
        if depth == 2:
            return []
        json_names = {p.lower() for p in self.json_fields(message)}
        for name, facts in fields.items():
            if facts.get("repeated") or (depth == 0 and name.lower() in json_names):
                continue
            inner = self.wire(resolve(message, facts["type"]), field, depth + 1)
            if inner:
                return [facts["n"]] + inner
        return []

    def json_fields(self, message):
        return self.types.get(message.replace("k8s.io.", "io.k8s.", 1), {}).get("properties", {})

    def expression(self, schema, enum=None):
        """The type of a schema as text."""
        if "$ref" in schema:
            name = schema["$ref"].removeprefix("#/definitions/")
            return SHAPES.get(name) or short(name)
        kind = schema.get("type")
        if kind == "array":
            return f"[{self.expression(schema['items'], enum)}]"
        if kind == "object":
            if "additionalProperties" in schema:
                return "{" + self.expression(schema["additionalProperties"]) + "}"
            return "any"
        if kind == "integer":
            return {"int32": "int32", "int64": "int64"}[schema.get("format", "int64")]
        if kind == "number":
            return "double"
        if kind == "boolean":
            return "bool"
        if kind == "string":
            if schema.get("format") == "byte":
                return "bytes"
            return f"string({enum})" if enum else "string"
        return "any"

    def closed_enum(self, type_name, field):
        names = [type_name]
        if type_name == "core/v1.EphemeralContainer":
            names.append("core/v1.EphemeralContainerCommon")
        for name in names:
            enum = self.enum_fields.get(f"{name}.{field}")
            if enum and self.enum_types.get(enum, {}).get("closed"):
                return enum
        return None

    def field_line(self, full, name, field, schema):
        words = [self.expression(schema, self.closed_enum(name, field))]
        if field in self.types[full].get("required", []):
            words.append("required")
        list_type = schema.get("x-kubernetes-list-type")
        if list_type and list_type != "atomic":
            keys = ",".join(schema.get("x-kubernetes-list-map-keys", []))
            words.append(f"list={list_type}" + (f"({keys})" if keys else ""))
        if schema.get("x-kubernetes-map-type") == "atomic":
            words.append("atomic")
        strategy = schema.get("x-kubernetes-patch-strategy")
        if strategy:
            key = schema.get("x-kubernetes-patch-merge-key", "")
            words.append(strategy.replace(",", "_") + (f"({key})" if key else ""))
        numbers = self.wire(full.replace("io.k8s.", "k8s.io.", 1), field)
        if numbers:
            words.append("#" + "/".join(map(str, numbers)))
        return f"  {field}: {' '.join(words)}"

    def write_types(self):
        lines = []
        for full in sorted(self.types, key=short):
            name, schema = short(full), self.types[full]
            words = [name]
            if schema.get("x-kubernetes-map-type") == "atomic":
                words.append("atomic")
            if full in SHAPES:
                words.append(f"= {SHAPES[full]}")
            elif "properties" not in schema and schema.get("type") != "object":
                words.append("= any")
            elif name in ("meta/v1.FieldsV1", "meta/v1.Patch", "runtime.RawExtension"):
                words.append("= any")
            kinds = schema.get("x-kubernetes-group-version-kind", [])
            if len(kinds) > 3:  # options and events of every group: only where they are defined
                kinds = [k for k in kinds
                         if k["group"] in ("", "meta.k8s.io") and k["version"] == "v1"]
            words += [f"kind={k['group']}/{k['version']}/{k['kind']}" for k in kinds]
            lines.append(" ".join(words))
            for field in sorted(schema.get("properties", {})):
                lines.append(self.field_line(full, name, field, schema["properties"][field]))
        return lines

    def write_resources(self):
        found = {}
        for path, methods in self.paths.items():
            match = re.match(r"^/(?:api/(v1)|apis/([^/]+)/([^/]+))/(?:namespaces/\{namespace\}/)?"
                             r"([a-z]+)(/\{name\})?(?:/([a-z]+))?(?:/\{path\})?$", path)
            if path.startswith("/api/v1/namespaces/{name}"):
                match = re.match(r"^/api/(v1)/()()(namespaces)(/\{name\})(?:/([a-z]+))?$", path)
            if not match or "/watch/" in path:
                continue
            version, group = match[1] or match[3], match[2] or ""
            fresh = {"verbs": set(), "kind": None, "namespaced": False, "subs": {}}
            entry = found.setdefault((group, version, match[4]), fresh)
            entry["namespaced"] |= "/namespaces/{namespace}/" in path
            for method, facts in methods.items():
                self.add_method(entry, match[6], method, facts)
        lines = []
        for (group, version, plural), entry in sorted(found.items()):
            if not entry["kind"]:
                continue
            scope = "namespaced" if entry["namespaced"] else "cluster"
            lines.append(f"{group or 'core'}/{version} {plural} {entry['kind']} {scope} "
                         + ",".join(sorted(entry["verbs"])))
            for sub, (kind, verbs) in sorted(entry["subs"].items()):
                lines.append(f"  {sub} {kind} " + ",".join(sorted(verbs)))
        return lines

    def add_method(self, entry, sub, method, facts):
        kind, action = facts.get("kind"), facts.get("action")
        if not kind or not action:
            return
        if sub:
            text = f"{kind['group'] or 'core'}/{kind['version']}/{kind['kind']}"
            verbs = entry["subs"].setdefault(sub, (text, set()))[1]
            if method in METHOD_VERBS:
                verbs.add(METHOD_VERBS[method])
            return
        if action in ACTION_VERBS:
            entry["verbs"].add(ACTION_VERBS[action])
            if action == "list" and "watch" in facts["query"]:
                entry["verbs"].add("watch")
            entry["kind"] = kind["kind"]

    def write_enums(self):
        return [f"{name}: " + json.dumps(facts["values"])
                for name, facts in sorted(self.enum_types.items()) if facts.get("closed")]

    def write_defaults(self):
        known = {short(full): schema.get("properties", {}) for full, schema in self.types.items()}
        lines = []
        for place, value in sorted(self.defaults.items()):
            name, field = place.rsplit(".", 1)
            if field not in known.get(name, {}):
                continue  # of a version that is no longer published
            reference = re.match(r"ref\((\w+)\)", value)
            if reference:
                values = {"AzureDataDiskCachingReadWrite": "ReadWrite",
                          "AzureSharedBlobDisk": "Shared"}
                value = json.dumps(values[reference[1]])
            if value != '""':
                lines.append(f"{place} {value}")
        return lines


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    deriver = Deriver(pathlib.Path(sys.argv[1]))
    for part in ("types", "resources", "enums", "defaults"):
        lines = getattr(deriver, f"write_{part}")()
        (HERE / "derived" / f"{part}.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
