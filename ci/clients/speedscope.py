#!/usr/bin/env python3
"""Checks a speedscope file: by the schema of the npm package `speedscope` (`dist/release/file-format-schema.json`), by what
the schema cannot say, and by the sums that are expected of its profiles. A profile that is not expected is a failure.

Needs the Python package `jsonschema`."""

import json
import sys

USAGE = 'Usage: ci/clients/speedscope.py SCHEMA FILE ["PROFILE NAME=SUM OF WEIGHTS"]...'


def fail(text):
    sys.exit(f"speedscope.py: {text}")


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        fail(f"{path}: {error}")


def check_schema(schema, path, contents):
    try:
        import jsonschema
    except ImportError:
        fail("the Python package jsonschema is missing: pip install jsonschema")
    # The format has two kinds of profiles, and the message of `anyOf` does not say which of their rules is broken.
    definitions = {"$ref": "#/definitions/FileFormat.SampledProfile", "definitions": schema["definitions"]}
    parts = [(definitions, profile) for profile in contents.get("profiles", [])]
    for rules, part in parts + [(schema, contents)]:
        error = jsonschema.exceptions.best_match(jsonschema.Draft7Validator(rules).iter_errors(part))
        if error is not None:
            fail(f"{path} is not as the schema says: {error.json_path}: {error.message[:200]}")


def check_profile(path, profile, frames):
    """What the viewer relies on and the schema does not say. Returns the sum of the weights."""
    name, samples, weights = profile["name"], profile["samples"], profile["weights"]
    where = f'{path}, "{name}"'
    if len(samples) != len(weights):
        fail(f"{where}: {len(samples)} samples, {len(weights)} weights")
    if profile["startValue"] + sum(weights) != profile["endValue"]:
        fail(f'{where}: the weights add up to {sum(weights)}, endValue is {profile["endValue"]}')
    for number, sample in enumerate(samples):
        if not sample or not all(isinstance(frame, int) and 0 <= frame < frames for frame in sample):
            fail(f"{where}: sample {number} is empty, or names a frame that is not there: {sample}")
    return sum(weights)


def expectations(arguments):
    expected = {}
    for argument in arguments:
        name, equals, value = argument.rpartition("=")
        if not equals or not value.isdigit():
            print(USAGE, file=sys.stderr)
            sys.exit(2)
        expected[name] = int(value)
    return expected


def main(arguments):
    if "--help" in arguments or len(arguments) < 2:
        print(USAGE, file=sys.stdout if "--help" in arguments else sys.stderr)
        sys.exit(0 if "--help" in arguments else 2)
    schema, path, expected = load(arguments[0]), arguments[1], expectations(arguments[2:])
    contents = load(path)
    check_schema(schema, path, contents)
    frames = len(contents["shared"]["frames"])
    found = {profile["name"]: check_profile(path, profile, frames) for profile in contents["profiles"]}
    if len(found) != len(contents["profiles"]):
        fail(f"{path}: two profiles have one name: {[profile['name'] for profile in contents['profiles']]}")
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name) != expected.get(name):
            fail(f'{path}, "{name}": the weights add up to {found.get(name)}, expected is {expected.get(name)}')
    print(f"{path}: {found}, {frames} frames")


main(sys.argv[1:])
