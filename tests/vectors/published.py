"""The published files, and the comparison with the computed values."""

import json
import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))

checked = 0


def check(found, expected, what):
    global checked
    checked += 1
    if found != expected:
        sys.exit(f"{what}: computed {found!r}, published {expected!r}")


def load(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return json.load(file)
