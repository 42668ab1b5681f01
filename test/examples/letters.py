"""Reads letters as JSON from stdin, and writes for each the text the Python helper would put on a message."""

import json
import sys

from sluice import rules

json.dump([rules.letter_text(letter) for letter in json.load(sys.stdin)], sys.stdout)
