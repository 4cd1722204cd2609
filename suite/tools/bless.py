#!/usr/bin/env python3
"""Run the golden cases of suite/lang through a nix-instantiate compatible command.

Not a test framework: it knows one file format (suite/README.md), runs one process per case and
either rewrites the expected lines or compares with them. Blessing is for the reference
implementation only; everything else is checked.
"""

import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

LANG = pathlib.Path(__file__).resolve().parent.parent / "lang"
FORMS = {
    "value": ["--eval", "--strict"],
    "lazy": ["--eval"],
    "json": ["--eval", "--strict", "--json"],
    "xml": ["--eval", "--strict", "--xml"],
    "raw": ["--eval", "--strict", "--raw"],
    "parse": ["--parse"],
}
FEATURES = "nix-command flakes"
TIMEOUT_SECONDS = 60
DIRECTIVE = re.compile(r"#! (form|flags|env|features|stderr): (.*)")
BYTE = re.compile("⟪([0-9a-f]{2})⟫".encode())
ANSI = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]|\x1b\]8;[^\x1b]*\x1b\\")
ERROR = re.compile(rb"^\s*error: ?(.*)$", re.MULTILINE)
RESULT = "=> "
DIFFERENCES = LANG / "differences.txt"


@dataclasses.dataclass
class Case:
    """One expression, how to run it, and where its expected line stands in its file."""

    file: pathlib.Path
    line: int
    result_line: int
    source: str
    expected: str
    form: str = "value"
    flags: list = dataclasses.field(default_factory=list)
    env: dict = dataclasses.field(default_factory=dict)
    features: str = ""
    stderr: bool = False

    def apply(self, name, value):
        """Take one directive."""
        if name == "form":
            FORMS[value]  # an unknown form is a mistake in the file
            self.form = value
        elif name == "flags":
            self.flags = shlex.split(value)
        elif name == "env":
            key, _, text = value.partition("=")
            self.env[key] = text
        elif name == "features":
            self.features = " " + value
        else:
            self.stderr = value == "yes"


def read_cases(file):
    """Split a file into its cases."""
    cases, source, directives = [], [], []
    for number, line in enumerate(file.read_text(encoding="utf-8").split("\n")):
        directive = DIRECTIVE.fullmatch(line)
        if line.startswith(RESULT):
            if not source:
                raise SystemExit(f"{file}:{number + 1}: a result without a source")
            start = number - len(source) + 1
            text = "\n".join(source)
            case = Case(file, start, number, text, line.removeprefix(RESULT))
            for name, value in directives:
                case.apply(name, value)
            cases.append(case)
            source, directives = [], []
        elif source:
            source.append(line)
        elif directive:
            directives.append(directive.groups())
        elif line and not line.startswith("#!"):
            source.append(line)
    if source:
        raise SystemExit(f"{file}: the last case has no result")
    return cases


def unescape(text):
    """Turn `⟪0d⟫` into that byte."""
    return BYTE.sub(lambda found: bytes.fromhex(found[1].decode()), text.encode())


def escape(output, folder):
    """Make output fit for one line of a UTF-8 file."""
    text = output.replace(os.fsencode(folder), b"/suite").decode("utf-8", "surrogateescape")

    def show(found):
        return "".join(f"⟪{byte:02x}⟫" for byte in found[0].encode("utf-8", "surrogateescape"))

    return re.sub("[\x00-\x1f\x7f\udc80-\udcff]", show, text)


def run(case, command, cache):
    """Evaluate a case and return its result as it is written after `=> `."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": "/absent/home",
        "XDG_CACHE_HOME": cache,
        "NIX_REMOTE": "dummy://",
        "NIX_CONF_DIR": "/absent",
        "NIX_PATH": "",
        "NIX_CONFIG": f"experimental-features = {FEATURES}{case.features}",
        **case.env,
    }
    source = unescape(case.source)
    if source.startswith(b"-"):
        source = b" " + source  # or it would be taken for a flag
    argv = [*command, *FORMS[case.form], *case.flags, "-E", source]
    folder = case.file.resolve().parent
    try:
        done = subprocess.run(
            argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=TIMEOUT_SECONDS, check=False,
        )
    except subprocess.TimeoutExpired:
        return "time-out"
    stdout = done.stdout.removesuffix(b"\n")
    stderr = ANSI.sub(b"", done.stderr)
    if done.returncode == 0:
        return escape(stderr + stdout if case.stderr else stdout, folder)
    messages = ERROR.findall(stderr)
    if done.returncode != 1 or not messages:
        return escape(f"exit status {done.returncode}: ".encode() + stderr[-400:], folder)
    message = escape(messages[-1].strip(), folder)
    if message.startswith("syntax error"):
        message = "syntax error"
    before = stderr[: stderr.find(b"error:")] if case.stderr else b""
    return escape(before, folder) + f"error: {message}".rstrip()


def run_all(cases, command, jobs):
    """Yield each case with its actual result, in order."""
    with tempfile.TemporaryDirectory() as cache:
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            yield from zip(cases, pool.map(lambda case: run(case, command, cache), cases))


def bless(results):
    """Rewrite the expected lines."""
    by_file = {}
    for case, actual in results:
        by_file.setdefault(case.file, []).append((case, actual))
    for file, pairs in by_file.items():
        lines = file.read_text(encoding="utf-8").split("\n")
        changed = 0
        for case, actual in pairs:
            changed += case.expected != actual
            lines[case.result_line] = RESULT + actual
            if actual == "time-out" or actual.startswith("exit status"):
                print(f"{file.name}:{case.line}: {actual}", file=sys.stderr)
        file.write_text("\n".join(lines), encoding="utf-8")
        print(f"{file.name}: {len(pairs)} cases, {changed} changed")
    return 0


def same(expected, actual, loose):
    """Whether a result is as expected; loosely, any error is as good as another."""
    if loose and expected.startswith("error:"):
        return actual.startswith("error:")
    return expected == actual


def known_differences():
    """The cases that must differ, as pairs of file name and first source line."""
    lines = DIFFERENCES.read_text(encoding="utf-8").split("\n")
    return {tuple(line.split(": ", 1)) for line in lines if line and not line.startswith("#")}


def check(results, loose):
    """Report differences, and listed cases without one."""
    listed = known_differences()
    passed = known = failed = 0
    for case, actual in results:
        agrees = same(case.expected, actual, loose)
        if (case.file.name, case.source.split("\n")[0]) in listed:
            # Loosely, an error for another is no difference.
            if not agrees or loose:
                known += 1
                continue
            actual = "the same: take it out of the list"
        elif agrees:
            passed += 1
            continue
        failed += 1
        print(f"{case.file.name}:{case.line}: {case.source}")
        print(f"    expected  {case.expected}\n    actual    {actual}")
    print(f"{passed} passed, {known} differ as listed, {failed} failed")
    return 1 if failed else 0


def main():
    """Parse the arguments and do it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--nix", metavar="CMD", help="rewrite expected lines from this reference")
    mode.add_argument("--check", metavar="CMD", help="compare this command with them")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--loose", action="store_true", help="do not compare error texts")
    parser.add_argument("--only", metavar="RE", help="cases whose source matches")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    args = parser.parse_args()
    files = args.files or sorted(LANG.glob("*.cases"))
    cases = [case for file in files for case in read_cases(file)]
    if args.only:
        cases = [case for case in cases if re.search(args.only, case.source)]
    results = run_all(cases, shlex.split(args.nix or args.check), args.jobs)
    return bless(results) if args.nix else check(results, args.loose)


if __name__ == "__main__":
    sys.exit(main())
