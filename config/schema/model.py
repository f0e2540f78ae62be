"""The schema as derived/*.txt and kept/*.txt say it: definitions, resources, what is served."""

import json
import pathlib
import re

HERE = pathlib.Path(__file__).parent


def fail(text):
    raise SystemExit(f"config/schema: {text}")


def lines_of(path):
    if not path.exists():
        fail(f"{path.name} is missing")
    return [line for line in path.read_text().splitlines()
            if line.strip() and not line.startswith("#")]


def version_rank(version):
    """Kubernetes' order of versions: v2, v1, v1beta2, v1beta1, v1alpha1."""
    match = re.match(r"^v(\d+)(?:(alpha|beta)(\d+))?$", version)
    stage = {None: 2, "beta": 1, "alpha": 0}[match[2]]
    return (-stage, -int(match[1]), -int(match[3] or 0))


def api_group(text):
    return "" if text == "core" else text


class Field:
    """`name: TYPE required list=map(key) merge(key) #2/5`"""

    STRATEGIES = {"merge": "merge", "replace": "replace", "retainKeys": "retain_keys",
                  "merge_retainKeys": "merge_retain_keys"}

    def __init__(self, text):
        self.name, rest = text.strip().split(": ", 1)
        self.type, *words = rest.split(" ")
        self.required, self.atomic, self.wire = False, False, [0]
        self.list, self.keys = "atomic", []
        self.strategy, self.merge_key = "none", ""
        self.default, self.zero_is_set = "", False
        for word in words:
            self.read(word)

    def read(self, word):
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
            self.strategy, self.merge_key = self.STRATEGIES[match[2]], match[3] or ""


class Definition:
    """`core/v1.Pod atomic = SHAPE kind=GROUP/VERSION/KIND`, and its fields."""

    def __init__(self, line):
        words = line.split(" ")
        self.name, self.fields = words[0], {}
        self.atomic = "atomic" in words
        self.shape = words[words.index("=") + 1] if "=" in words else "object"
        self.kinds = [tuple(word.removeprefix("kind=").split("/"))
                      for word in words if word.startswith("kind=")]


class Subresource:
    """`scale GROUP/VERSION/KIND verb,verb`"""

    def __init__(self, line):
        self.name, kind, verbs = line.split()
        group, self.version, self.kind = kind.rsplit("/", 2)
        self.group, self.verbs = api_group(group), verbs.split(",")


class Resource:
    """`GROUP/VERSION plural Kind scope verb,verb`, and its subresources."""

    def __init__(self, line):
        place, self.plural, self.kind, scope, verbs = line.split(" ")
        group, self.version = place.rsplit("/", 1)
        self.group, self.namespaced = api_group(group), scope == "namespaced"
        self.verbs, self.subs, self.warning = verbs.split(","), [], ""

    def key(self):
        return f"{self.group or 'core'}/{self.plural}"

    def place(self):
        return f"{self.group or 'core'}/{self.version} {self.plural}"


class Model:
    def __init__(self):
        self.definitions, self.resources = {}, []
        for folder in ("derived", "kept"):
            self.read_types(HERE / folder / "types.txt")
            self.read_resources(HERE / folder / "resources.txt")
        self.enums = {name: json.loads(values) for name, values in
                      (line.split(": ", 1) for line in lines_of(HERE / "derived/enums.txt"))}
        self.read_values()
        self.stored_elsewhere = {}
        for line in lines_of(HERE / "kept/overrides.txt"):
            self.override(line)
        self.inherit()
        self.kinds = {kind: definition.name for definition in self.definitions.values()
                      for kind in definition.kinds}
        self.choose_served()

    def field(self, place):
        name, field = place.rsplit(".", 1)
        if name not in self.definitions or field not in self.definitions[name].fields:
            fail(f"there is no {place}")
        return self.definitions[name].fields[field]

    def read_types(self, path):
        current = None
        for line in lines_of(path):
            if not line.startswith("  "):
                current = Definition(line)
                current = self.definitions.setdefault(current.name, current)
                continue
            field = Field(line)
            if field.name in current.fields:
                fail(f"{current.name}.{field.name} is there twice")
            current.fields[field.name] = field

    def read_resources(self, path):
        for line in lines_of(path):
            if line.startswith("  "):
                self.resources[-1].subs.append(Subresource(line))
            else:
                self.resources.append(Resource(line))

    def read_values(self):
        for folder in ("derived", "kept"):
            for line in lines_of(HERE / folder / "defaults.txt"):
                place, value = line.split(" ", 1)
                json.loads(value)
                self.field(place).default = value
        for line in lines_of(HERE / "kept/pointers.txt"):
            name, fields = line.split(": ", 1)
            for field in fields.split(" "):
                self.field(f"{name}.{field}").zero_is_set = True

    def found(self, what, attribute):
        return ([r for r in self.resources if getattr(r, attribute)() == what]
                or fail(f"there is no {what}"))

    def override(self, line):
        word, rest = line.split(" ", 1)
        if word == "optional":
            if not self.field(rest).required:
                fail(f"{rest} is optional anyway")
            self.field(rest).required = False
        elif word == "verbs":
            key, verbs = rest.split(" ")
            for resource in self.found(key, "key"):
                resource.verbs = verbs.split(",")
        elif word == "wire":
            name, *numbers = rest.split(" ")
            for field, number in (text.split("=") for text in numbers):
                self.field(f"{name}.{field}").wire = [int(number)]
        elif word == "like":
            self.take_over(*(self.definitions.get(name) or fail(f"there is no {name}")
                             for name in rest.split(" ")))
        elif word == "store":
            key, other = rest.split(" as ")
            self.found(key, "key")
            self.stored_elsewhere[key] = self.found(other, "place")[0]
        elif word == "warn":
            place, text = re.match(r"^(\S+ \S+) (.+)$", rest).groups()
            for resource in self.found(place, "place"):
                resource.warning = text
        elif word == "deprecated":
            place, since, until, use = re.match(
                r"^(\S+ \S+) since (\S+) until (\S+) use (\S+)$", rest).groups()
            for r in self.found(place, "place"):
                r.warning = (f"{place.split(' ')[0]} {r.kind} is deprecated in v{since}+, "
                             f"unavailable in v{until}+; use {use} {r.kind}")
        else:
            fail(f"what is {word}?")

    @staticmethod
    def take_over(definition, other):
        """What `other` says of the fields that both have holds for `definition` too."""
        for name, field in definition.fields.items():
            theirs = other.fields.get(name)
            if not theirs:
                continue
            if field.type == "string" and theirs.type.startswith("string("):
                field.type = theirs.type
            field.default = field.default or theirs.default
            field.zero_is_set = field.zero_is_set or theirs.zero_is_set

    def inherit(self):
        """Defaults, closed values and meaningful zeros are kept for the best version of a type
        only: its other versions take them over."""
        versions = {}
        for name in self.definitions:
            match = re.match(r"^([^/]+)/(v[^.]+)\.(\w+)$", name)
            if match:
                versions.setdefault((match[1], match[3]), []).append((version_rank(match[2]), name))
        for known in versions.values():
            best, *others = [name for _, name in sorted(known)]
            for name in others:
                self.take_over(self.definitions[name], self.definitions[best])

    def choose_served(self):
        """All that is known is served; an object is stored in its best version."""
        order = [api_group(group) for group in lines_of(HERE / "kept/groups.txt")]
        rank = {group: i for i, group in enumerate(order)}
        best = {}
        for r in self.resources:
            known = best.get(r.key())
            if known is None or version_rank(r.version) < version_rank(known.version):
                best[r.key()] = r
        self.served = sorted(self.resources, key=lambda r: (
            rank.get(r.group, len(rank)), r.group, version_rank(r.version), r.plural))
        for r in self.served:
            r.stored = self.stored_elsewhere.get(r.key(), best[r.key()])
