#!/usr/bin/env python3
"""Turns derived/*.txt and kept/*.txt into C++ constant tables, at build time.

Usage: generate.py OUTPUT_DIR    writes tables.hpp, types.cpp, fields.cpp, resources.cpp there.

The tables hold what is reachable from the kinds that are served, from their lists and subresources
and from the kinds of the protocol (Status, Table, ...).
"""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
VERBS = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]
SCALARS = {"string": ("string", ""), "int32": ("integer", "int32"), "int64": ("integer", "int64"),
           "double": ("number", "double"), "bool": ("boolean", ""), "bytes": ("bytes", "byte"),
           "any": ("any", "")}
NAMED_SHAPES = {"quantity": "resource.Quantity", "int_or_string": "intstr.IntOrString",
                "time": "meta/v1.Time", "micro_time": "meta/v1.MicroTime"}
FORMATS = {"time": "date-time", "micro_time": "date-time", "int_or_string": "int-or-string"}
PACKAGES = {"meta/v1": "io.k8s.apimachinery.pkg.apis.meta.v1", "resource": "io.k8s.apimachinery.pkg.api.resource",
            "intstr": "io.k8s.apimachinery.pkg.util.intstr", "runtime": "io.k8s.apimachinery.pkg.runtime",
            "version": "io.k8s.apimachinery.pkg.version",
            "apiextensions/v1": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1",
            "apiregistration/v1": "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1"}
PROTOCOL = ["DeleteOptions", "Status", "WatchEvent", "Table", "PartialObjectMetadata",
            "PartialObjectMetadataList", "APIVersions", "APIGroup", "APIGroupList", "APIResourceList"]


def fail(text):
    raise SystemExit(f"config/schema/generate.py: {text}")


def lines_of(path):
    if not path.exists():
        return []
    return [line for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]


def full_name(short):
    package, name = short.rsplit(".", 1)
    return f"{PACKAGES.get(package) or 'io.k8s.api.' + package.replace('/', '.')}.{name}"


def quoted(text):
    return json.dumps(text)


def version_rank(version):
    """Kubernetes' order of versions: v2, v1, v1beta2, v1beta1, v1alpha1."""
    match = re.match(r"^v(\d+)(?:(alpha|beta)(\d+))?$", version)
    stage = {None: 2, "beta": 1, "alpha": 0}[match[2]]
    return (-stage, -int(match[1]), -int(match[3] or 0))


class Field:
    def __init__(self, text):
        self.name, rest = text.strip().split(": ", 1)
        words = rest.split(" ")
        self.type, self.required, self.wire = words[0], False, [0]
        self.list, self.keys, self.atomic = "atomic", [], False
        self.strategy, self.merge_key, self.default, self.zero_is_set = "none", "", "", False
        for word in words[1:]:
            match = re.match(r"^(#|list=)?([\w/]+)(?:\(([\w,]*)\))?$", word) or fail(f"what is {word}?")
            if word == "required":
                self.required = True
            elif word == "atomic":
                self.atomic = True
            elif match[1] == "#":
                self.wire = [int(n) for n in match[2].split("/")]
            elif match[1] == "list=":
                self.list, self.keys = match[2], match[3].split(",") if match[3] else []
            else:
                self.strategy = {"retainKeys": "retain_keys", "merge_retainKeys": "merge_retain_keys"}.get(
                    match[2], match[2])
                self.merge_key = match[3] or ""


class Definition:
    def __init__(self, line):
        words = line.split(" ")
        self.name, self.fields = words[0], {}
        self.atomic = "atomic" in words
        self.shape = words[words.index("=") + 1] if "=" in words else "object"
        self.kinds = [tuple(w.removeprefix("kind=").split("/")) for w in words if w.startswith("kind=")]


class Resource:
    def __init__(self, line):
        place, self.plural, self.kind, scope, verbs = line.split(" ")
        group, self.version = place.rsplit("/", 1)
        self.group = "" if group == "core" else group
        self.namespaced, self.verbs, self.subs = scope == "namespaced", verbs.split(","), []

    def key(self):
        return f"{self.group or 'core'}/{self.plural}"


class Model:
    def __init__(self):
        self.definitions, self.resources = {}, []
        for folder in ("derived", "kept"):
            self.read_types(HERE / folder / "types.txt")
            self.read_resources(HERE / folder / "resources.txt")
        self.enums = {name: json.loads(values) for name, values in
                      (line.split(": ", 1) for line in lines_of(HERE / "derived/enums.txt"))}
        for folder in ("derived", "kept"):
            for line in lines_of(HERE / folder / "defaults.txt"):
                place, value = line.split(" ", 1)
                json.loads(value)
                self.field(place).default = value
        for line in lines_of(HERE / "kept/pointers.txt"):
            name, fields = line.split(": ", 1)
            for field in fields.split(" "):
                self.field(f"{name}.{field}").zero_is_set = True
        self.extra_versions = set()
        for line in lines_of(HERE / "kept/overrides.txt"):
            self.override(line.split(" "))
        self.kinds = {}
        for definition in self.definitions.values():
            for kind in definition.kinds:
                self.kinds[kind] = definition.name
        self.choose_served()

    def field(self, place):
        name, field = place.rsplit(".", 1)
        if name not in self.definitions or field not in self.definitions[name].fields:
            fail(f"there is no {place}")
        return self.definitions[name].fields[field]

    def read_types(self, path):
        current = None
        for line in lines_of(path):
            if line.startswith("  "):
                field = Field(line)
                if field.name in current.fields:
                    fail(f"{current.name}.{field.name} is there twice")
                current.fields[field.name] = field
            else:
                current = Definition(line)
                current = self.definitions.setdefault(current.name, current)

    def read_resources(self, path):
        for line in lines_of(path):
            if line.startswith("  "):
                self.resources[-1].subs.append(line.split())
            else:
                self.resources.append(Resource(line))

    def override(self, words):
        if words[0] == "optional":
            if not self.field(words[1]).required:
                fail(f"{words[1]} is optional anyway")
            self.field(words[1]).required = False
        elif words[0] == "verbs":
            found = [r for r in self.resources if r.key() == words[1]] or fail(f"there is no {words[1]}")
            for resource in found:
                resource.verbs = words[2].split(",")
        elif words[0] == "serve":
            self.extra_versions.add((words[1], words[2]))
        else:
            fail(f"what is {words[0]}?")

    def choose_served(self):
        order = lines_of(HERE / "kept/groups.txt")
        rank = {("" if g == "core" else g): i for i, g in enumerate(order)}
        best = {}
        for r in self.resources:
            known = best.get(r.key())
            if known is None or version_rank(r.version) < version_rank(known.version):
                best[r.key()] = r
        self.served = [r for r in self.resources if best[r.key()] is r
                       or (f"{r.group}/{r.version}", r.plural) in self.extra_versions]
        self.served.sort(key=lambda r: (rank.get(r.group, len(rank)), r.group, version_rank(r.version), r.plural))


class Tables:
    """Numbers the types, fields and texts of a model."""

    def __init__(self, model):
        self.model = model
        self.named, self.types, self.anonymous = {}, [], {}
        self.fields, self.texts, self.text_places, self.kind_names = [], [], {}, []
        self.resources, self.subs, self.columns = [], [], []

    def text_span(self, values):
        if not values:
            return "{}"
        key = tuple(values)
        if key not in self.text_places:
            self.text_places[key] = len(self.texts)
            self.texts += values
        return f"{{texts + {self.text_places[key]}, {len(values)}}}"

    def add(self, **facts):
        entry = {"shape": "any", "name": "", "format": "", "fields": "{}", "element": None, "list": "atomic",
                 "keys": "{}", "values": "{}", "atomic": False, "kinds": "{}"} | facts
        self.types.append(entry)
        return len(self.types) - 1

    def named_type(self, short):
        """The number of a definition, which is filled in later."""
        if short not in self.named:
            if short not in self.model.definitions:
                fail(f"there is no type {short}")
            self.named[short] = self.add(name=full_name(short))
        return self.named[short]

    def shared(self, key, **facts):
        if key not in self.anonymous:
            self.anonymous[key] = self.add(**facts)
        return self.anonymous[key]

    def of(self, text, field=None):
        """The number of the type that an expression names."""
        if text.startswith("["):
            element = self.of(text[1:-1])
            kind, keys = (field.list, field.keys) if field else ("atomic", [])
            return self.shared(("array", element, kind, tuple(keys)), shape="array", element=element,
                               list=kind, keys=self.text_span(keys))
        if text.startswith("{"):
            element, atomic = self.of(text[1:-1]), bool(field and field.atomic)
            return self.shared(("map", element, atomic), shape="map", element=element, atomic=atomic)
        if text in SCALARS:
            shape, form = SCALARS[text]
            return self.shared(text, shape=shape, format=form)
        if text in NAMED_SHAPES:
            return self.named_type(NAMED_SHAPES[text])
        enum = re.match(r"^string\((.+)\)$", text)
        if enum:
            return self.shared(text, shape="string", values=self.text_span(self.model.enums[enum[1]]))
        return self.named_type(text)

    def fill(self, short):
        """Completes a definition; the types it names are numbered by this."""
        definition, entry = self.model.definitions[short], self.types[self.named[short]]
        entry["shape"], entry["atomic"] = definition.shape, definition.atomic
        entry["format"] = FORMATS.get(definition.shape, "")
        if definition.kinds:
            entry["kinds"] = f"{{kind_names + {len(self.kind_names)}, {len(definition.kinds)}}}"
            self.kind_names += definition.kinds
        if definition.shape != "object":
            return
        fields = [(name, self.of(f.type, f), f) for name, f in sorted(definition.fields.items())]
        entry["fields"] = f"{{fields + {len(self.fields)}, {len(fields)}}}" if fields else "{}"
        self.fields += fields

    def fill_all(self):
        done = 0
        while done < len(self.named):
            for short in list(self.named)[done:]:
                self.fill(short)
                done += 1

    def build(self):
        listed = [(r, self.kind_type(r.group, r.version, r.kind)) for r in self.model.served]
        for r, _ in listed:
            if "list" in r.verbs:
                self.kind_type(r.group, r.version, r.kind + "List")
            for _, kind, _ in r.subs:
                group, version, name = kind.rsplit("/", 2)
                self.kind_type("" if group == "core" else group, version, name)
        for name in PROTOCOL:
            self.named_type(f"meta/v1.{name}")
        self.named_type("version.Info")
        self.fill_all()
        for r, number in listed:
            self.add_resource(r, number)
        self.count_listed = len(self.resources)
        self.add_bare_kinds()

    def kind_type(self, group, version, kind):
        short = self.model.kinds.get((group, version, kind)) or fail(f"no type for {group}/{version}/{kind}")
        return self.named_type(short)

    def add_bare_kinds(self):
        """Kinds that are no resource (lists, Status, Scale): found by kind only."""
        known = {(r["group"], r["version"], r["kind"]) for r in self.resources}
        for short, number in sorted(self.named.items()):
            for group, version, kind in self.model.definitions[short].kinds:
                if (group, version, kind) not in known:
                    columns = self.columns_of("autoscaling/scale") if kind == "Scale" else "{}"
                    self.resources.append({"group": group, "version": version, "plural": "", "singular": "",
                                           "kind": kind, "list_kind": "", "short": "{}", "categories": "{}",
                                           "namespaced": False, "status": False, "verbs": 0, "subs": "{}",
                                           "columns": columns, "of": number})

    def add_resource(self, r, number):
        names = {}
        for line in lines_of(HERE / "kept/names.txt"):
            words = line.split(" ")
            names[words[0]] = dict(word.split("=") for word in words[1:])
        own = names.get(r.key(), {})
        subs = "{}"
        if r.subs:
            subs = f"{{subresources + {len(self.subs)}, {len(r.subs)}}}"
            for name, kind, verbs in r.subs:
                group, version, kind_name = kind.rsplit("/", 2)
                self.subs.append((name, "" if group == "core" else group, version, kind_name, bits(verbs.split(","))))
        self.resources.append({
            "group": r.group, "version": r.version, "plural": r.plural,
            "singular": own.get("singular", r.kind.lower()), "kind": r.kind,
            "list_kind": r.kind + "List" if "list" in r.verbs else "",
            "short": self.text_span(own["short"].split(",") if "short" in own else []),
            "categories": self.text_span(own["categories"].split(",") if "categories" in own else []),
            "namespaced": r.namespaced, "status": any(s[0] == "status" for s in r.subs),
            "verbs": bits(r.verbs), "subs": subs, "columns": self.columns_of(r.key()), "of": number})

    def columns_of(self, key):
        if not hasattr(self, "column_blocks"):
            self.read_columns()
        rows = self.column_blocks.get(key) or [["Name", "string", "name"], ["Age", "string", "age"]]
        start = len(self.columns)
        for title, kind, value in rows:
            words = kind.split(" ")
            form = "name" if title == "Name" else ""
            self.columns.append((title, words[0], form, 1 if "wide" in words else 0, value))
        return f"{{columns + {start}, {len(rows)}}}"

    def read_columns(self):
        self.column_blocks, current = {}, None
        known = {r.key() for r in self.model.resources} | {"autoscaling/scale"}
        for line in lines_of(HERE / "kept/columns.txt"):
            if line.startswith("  "):
                current.append([part.strip() for part in line.split("|")])
            else:
                if line not in known:
                    fail(f"columns of an unknown resource: {line}")
                current = self.column_blocks.setdefault(line, [])


def bits(verbs):
    return sum(1 << VERBS.index(v) for v in verbs)


HEAD = "// Generated by config/schema/generate.py: do not edit.\n"
NAMES = [("type", "types"), ("field", "fields"), ("std::string_view", "texts"), ("kind_name", "kind_names"),
         ("subresource", "subresources"), ("column", "columns"), ("resource", "resources")]


def write(path, text):
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def flag(value):
    return "true" if value else "false"


def array(kind, name, rows):
    body = ",\n".join(rows)
    return f"constinit const {kind} {name}[{len(rows)}] = {{\n{body}}};\n"


def type_row(t):
    element = f"&types[{t['element']}]" if t["element"] is not None else "nullptr"
    return (f"{{shape::{t['shape']}, {quoted(t['name'])}, {quoted(t['format'])}, {t['fields']}, {element}, "
            f"list_kind::{t['list']}, {t['keys']}, {t['values']}, {flag(t['atomic'])}, false, {t['kinds']}}}")


def field_row(name, number, f):
    outer = f.wire[:-1] + [0, 0]
    return (f"{{{quoted(name)}, &types[{number}], {flag(f.required)}, {f.wire[-1]}, "
            f"patch_strategy::{f.strategy}, {quoted(f.merge_key)}, {quoted(f.default)}, "
            f"{{{outer[0]}, {outer[1]}}}, {flag(f.zero_is_set)}}}")


def resource_row(r):
    texts = ", ".join(quoted(r[k]) for k in ("group", "version", "plural", "singular", "kind", "list_kind"))
    return (f"{{{texts}, {r['short']}, {r['categories']}, {flag(r['namespaced'])}, {flag(r['status'])}, "
            f"{r['verbs']}, {r['subs']}, {r['columns']}, &types[{r['of']}]}}")


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    tables = Tables(Model())
    tables.build()
    output = pathlib.Path(sys.argv[1])
    rows = {
        "types": [type_row(t) for t in tables.types],
        "fields": [field_row(*f) for f in tables.fields],
        "texts": [quoted(t) for t in tables.texts],
        "kind_names": [f"{{{quoted(g)}, {quoted(v)}, {quoted(k)}}}" for g, v, k in tables.kind_names],
        "subresources": [f"{{{', '.join(map(quoted, s[:4]))}, {s[4]}}}" for s in tables.subs],
        "columns": [f"{{{quoted(c[0])}, {quoted(c[1])}, {quoted(c[2])}, {c[3]}, {quoted(c[4])}}}"
                    for c in tables.columns],
        "resources": [resource_row(r) for r in tables.resources],
    }
    named = sorted((i for i, t in enumerate(tables.types) if t["name"]), key=lambda i: tables.types[i]["name"])
    by_kind = sorted(range(len(tables.resources)), key=lambda i: [tables.resources[i][k] for k in
                                                                   ("group", "version", "kind")])
    by_plural = sorted(range(tables.count_listed), key=lambda i: [tables.resources[i][k] for k in
                                                                   ("group", "version", "plural")])
    pointers = {"named_types": ("type", [f"&types[{i}]" for i in named]),
                "by_kind": ("resource", [f"&resources[{i}]" for i in by_kind]),
                "by_plural": ("resource", [f"&resources[{i}]" for i in by_plural]),
                "listed": ("resource", [f"&resources[{i}]" for i in range(tables.count_listed)])}
    header = HEAD + "#pragma once\n\n#include \"config/schema/schema.hpp\"\n\nnamespace troupe::schema::tables {\n\n"
    for kind, name in NAMES:
        header += f"extern const {kind} {name}[{len(rows[name])}];\n"
    for name, (kind, values) in pointers.items():
        header += f"extern const {kind}* const {name}[{len(values)}];\n"
    header += "\n} // namespace troupe::schema::tables\n"
    write(output / "tables.hpp", header)
    files = {"types.cpp": ["types", "texts", "kind_names"], "fields.cpp": ["fields"],
             "resources.cpp": ["subresources", "columns", "resources"]}
    for file, names in files.items():
        text = HEAD + "#include \"config/schema/tables.hpp\"\n\nnamespace troupe::schema::tables {\n\n"
        text += "\n".join(array(kind, name, rows[name]) for kind, name in NAMES if name in names)
        if file == "resources.cpp":
            for name, (kind, values) in pointers.items():
                text += f"\nconstinit const {kind}* const {name}[{len(values)}] = {{{', '.join(values)}}};\n"
        write(output / file, text + "\n} // namespace troupe::schema::tables\n")


if __name__ == "__main__":
    main()
