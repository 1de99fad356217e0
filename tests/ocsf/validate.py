#!/usr/bin/env python3
"""Second opinion on caseloom's events: JSON lines on stdin or in files, each checked against OCSF.

Independent of the first opinion (the Rust crate jsonschema on one compiled schema) in its schema and in its validator:
the package ocsf-json-schema carries OCSF's own export of 1.8.0 and builds from it a schema for just the class and the
profiles that an event declares, with the ranges and patterns of the OCSF types. On top come the rules that no JSON
Schema says: captions belong to their ids, type_uid is class_uid * 100 + activity_id, nothing is null.

Not used: py-ocsf-models 0.10, which is OCSF 1.5.0 and has no Incident Finding (class 2005); pydantic-ocsf 3.0, which has
the class but ends at 1.7.0.

Exit codes: 0 all valid, 1 an event is not, 2 no events, 3 a package is missing (pip install -r tests/ocsf/requirements.txt).
"""

import fileinput
import functools
import json
import sys

try:
    from jsonschema import Draft202012Validator
    from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
except ImportError as error:
    print(f"NOT VALIDATED: {error}; pip install -r tests/ocsf/requirements.txt", file=sys.stderr)
    sys.exit(3)

# caseloom's `contained` is In Progress to OCSF; the word alone tells it.
OWN_CAPTIONS = {("status", "Contained")}


@functools.cache
def export(version):
    return get_ocsf_schema(version)


@functools.cache
def validator(version, class_uid, profiles):
    schema = OcsfJsonSchemaEmbedded(export(version))
    name = schema.lookup_class_name_from_uid(class_uid)
    return Draft202012Validator(schema.get_class_schema(name, list(profiles)))


def errors(event):
    metadata = event["metadata"]
    profiles = tuple(metadata.get("profiles", []))
    schema = validator(metadata["version"], event["class_uid"], profiles)
    yield from (f"{error.json_path}: {error.message}" for error in schema.iter_errors(event))
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        yield "type_uid is not class_uid * 100 + activity_id"
    yield from nulls(event, "$")
    yield from captions(event, metadata["version"])


def nulls(value, path):
    if value is None:
        yield f"{path} is null"
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from nulls(item, f"{path}.{name}")
    elif isinstance(value, list):
        for item in value:
            yield from nulls(item, f"{path}[]")


def captions(event, version):
    """The words beside the numbers, in the event and its observables."""
    whole = export(version)
    incident = next(c for c in whole["classes"].values() if c.get("uid") == event["class_uid"])
    pairs = [(event, name, incident["attributes"]) for name in event if name.endswith(("_id", "_uid"))]
    observable = whole["objects"]["observable"]["attributes"]
    pairs += [(item, "type_id", observable) for item in event.get("observables", [])]
    for item, name, attributes in pairs:
        yield from caption(item, name, attributes)


def caption(item, name, attributes):
    stem = name.rsplit("_", 1)[0]
    word = item.get(stem, item.get(f"{stem}_name"))
    known = attributes.get(name, {}).get("enum", {}).get(str(item[name]), {}).get("caption")
    if known and word != known and (stem, word) not in OWN_CAPTIONS:
        yield f"{name} {item[name]} is {known!r}, not {word!r}"


def main():
    count = bad = 0
    for line in fileinput.input(encoding="utf-8"):
        count += 1
        found = list(errors(json.loads(line)))
        if found:
            bad += 1
            print(f"event {count}:", *found, sep="\n  ", file=sys.stderr)
    print(f"{count - bad} of {count} events valid", file=sys.stderr)
    sys.exit(1 if bad else 0 if count else 2)


if __name__ == "__main__":
    main()
