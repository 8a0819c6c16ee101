#!/usr/bin/env python3
"""The table of the chart's values, made from values.yaml: path, default, meaning.

    python3 tests/helm/values_table.py            prints the table
    python3 tests/helm/values_table.py --write    puts it into helm/README.md, between the markers

The meaning of a value is the comment above it, up to the first empty comment line; what follows that line (examples,
background) stays in values.yaml. A map whose members have no comments of their own is one value. A value without a
comment is a fault: `cases/readme.py` keeps the README in step.
"""

from __future__ import annotations

import json
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import yaml

CHART = Path(__file__).resolve().parents[2] / "helm"
BEGIN, END = "<!-- values -->", "<!-- /values -->"
DEFAULT_LENGTH_MAX = 80
LINE_LENGTH = 138


@dataclass(frozen=True)
class Value:
    """A value that can be set: a leaf of values.yaml, or a map that is explained as a whole."""

    path: str
    default: object
    meaning: str

    @property
    def section(self) -> str:
        return self.path.split(".")[0]

    def row(self) -> str:
        return f"| `{self.path}` | {shown(self.default)} | {escaped(self.meaning)} |"


def escaped(text: str) -> str:
    """Text as a cell of a Markdown table holds it."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def shown(default: object) -> str:
    """A default as JSON, which tells the string "1" from the number 1; nothing for null and the empty string."""
    if default is None or default == "":
        return ""
    text = json.dumps(default, ensure_ascii=False)
    if len(text) > DEFAULT_LENGTH_MAX:
        return "(see values.yaml)"
    return "`" + text.replace("|", "\\|") + "`"


def comment_above(lines: list[str], line: int) -> list[str]:
    """The comment lines directly above a line, at its own indentation, without their `#`."""
    indent = len(lines[line]) - len(lines[line].lstrip())
    found: list[str] = []
    for text in reversed(lines[:line]):
        if not text.startswith(" " * indent + "#"):
            break
        found.insert(0, text.strip().lstrip("#").removeprefix(" "))
    return found


def meaning_of(comment: list[str]) -> str:
    """The first paragraph of a comment, as one line."""
    paragraph: list[str] = []
    for text in comment:
        if not text.strip():
            break
        paragraph.append(text.strip())
    return " ".join(paragraph).removeprefix("-- ")


def values_of(text: str) -> list[Value]:
    """Every value of a values.yaml, in its order."""
    lines = text.splitlines()

    def within(node: yaml.Node, above: str) -> list[Value]:
        found: list[Value] = []
        for key, content in node.value:
            path = f"{above}{key.value}"
            meaning = meaning_of(comment_above(lines, key.start_mark.line))
            members = within(content, f"{path}.") if isinstance(content, yaml.MappingNode) else []
            if any(member.meaning for member in members) or (members and not meaning):
                found.extend(members)
            else:
                found.append(Value(path, yaml.safe_load(yaml.serialize(content)), meaning))
        return found

    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise SystemExit("values.yaml is no map")
    return within(root, "")


def introductions_of(text: str) -> dict[str, str]:
    """What the comments above the sections of a values.yaml say."""
    lines = text.splitlines()
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return {key.value: meaning_of(comment_above(lines, key.start_mark.line)) for key, _ in root.value}


def table(text: str) -> str:
    """The values as Markdown: one table for each section, in the order of values.yaml."""
    values, introductions = values_of(text), introductions_of(text)
    silent = [value.path for value in values if not value.meaning]
    if silent:
        raise SystemExit("without a comment in values.yaml: " + ", ".join(silent))
    blocks: list[str] = []
    for section in dict.fromkeys(value.section for value in values):
        rows = [value.row() for value in values if value.section == section]
        head = [f"### {section}", ""]
        if introductions[section] and [value.path for value in values if value.section == section] != [section]:
            head += [textwrap.fill(introductions[section], LINE_LENGTH, break_on_hyphens=False), ""]
        blocks.append("\n".join([*head, "| value | default | meaning |", "|---|---|---|", *rows]))
    return "\n\n".join(blocks)


def with_table(readme: str, made: str) -> str:
    """The README with the table between its markers."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"helm/README.md has no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n{made}\n{END}{after}"


def main(arguments: list[str]) -> None:
    made = table((CHART / "values.yaml").read_text(encoding="utf-8"))
    if arguments == ["--write"]:
        readme = CHART / "README.md"
        readme.write_text(with_table(readme.read_text(encoding="utf-8"), made), encoding="utf-8")
    elif not arguments:
        print(made)
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
