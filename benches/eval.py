#!/usr/bin/env python3
"""Compare the evaluation speed of nix-instantiate compatible commands.

Runs every file of benches/eval through each command in turn, interleaved so that load hits all
alike, and prints CPU seconds (user + system, the best of the rounds), peak memory, and the ratio
to the first command. Not a profiler: it sees whole processes only. All commands must print the
same; a difference or a failure is reported and fails the run.
"""

import argparse
import dataclasses
import math
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time

EVAL = pathlib.Path(__file__).resolve().parent / "eval"
PARSE_ROUNDS = 4


@dataclasses.dataclass
class Run:
    """One process: what it cost and what it printed."""

    cpu_seconds: float
    wall_seconds: float
    rss_mib: float
    status: int
    output: bytes


@dataclasses.dataclass
class Bench:
    """A name and the arguments that follow the command."""

    name: str
    args: list


def benches(lib):
    """All benchmarks: a file each, and `--parse` of every file of lib."""
    evaluation = ["--eval", "--strict", "-I", f"lib={lib}"]
    found = [Bench(file.stem, [*evaluation, str(file)]) for file in EVAL.glob("*.nix")]
    sources = sorted(str(file) for file in lib.rglob("*.nix"))
    found.append(Bench("parse-lib", ["--parse", *sources * PARSE_ROUNDS]))
    return sorted(found, key=lambda bench: bench.name)


def run(command, bench, cache):
    """Run one command on one benchmark."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": "/absent/home",
        "XDG_CACHE_HOME": cache,
        "NIX_REMOTE": "dummy://",
        "NIX_CONF_DIR": "/absent",
        "NIX_CONFIG": "",
    }
    with tempfile.TemporaryFile() as stdout:
        start = time.monotonic()
        child = subprocess.Popen(
            [*command, *bench.args],
            env=env, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        stdout.seek(0)
        output = stdout.read()
    cpu = usage.ru_utime + usage.ru_stime
    return Run(cpu, wall, usage.ru_maxrss / 1024, child.returncode, output)


def measure(bench, commands, rounds, cache):
    """The best run of each command, and what is wrong with this benchmark, if anything."""
    best = [None] * len(commands)
    for _ in range(rounds):
        for index, command in enumerate(commands):
            result = run(command, bench, cache)
            if best[index] is None or result.cpu_seconds < best[index].cpu_seconds:
                best[index] = result
    faults = [f"exit status {r.status}" for r in best if r.status != 0]
    if len({r.output for r in best}) > 1:
        faults.append("outputs differ")
    return best, faults


def row(name, best, faults):
    """One line of the table."""
    first = best[0]
    cells = [f"{name:<14}"]
    for index, result in enumerate(best):
        cells.append(f"{result.cpu_seconds:8.3f}s {result.rss_mib:6.0f}M")
        if index:
            ratio = first.cpu_seconds / result.cpu_seconds
            slower = " SLOWER" if ratio < 1 else ""
            bigger = " BIGGER" if result.rss_mib > first.rss_mib else ""
            cells.append(f"{ratio:6.2f}x{slower}{bigger}")
    return "  ".join(cells + faults)


def main():
    """Parse the arguments, run, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--lib", type=pathlib.Path, required=True, help="nixpkgs' lib directory")
    parser.add_argument("--peer", metavar="CMD", required=True, help="the reference command")
    parser.add_argument("--ours", metavar="CMD", action="append", default=[],
                        help="a command to compare (can be repeated)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", metavar="NAME")
    args = parser.parse_args()
    commands = [shlex.split(text) for text in [args.peer, *args.ours]]
    selected = [b for b in benches(args.lib.resolve()) if not args.only or b.name in args.only]
    results, broken = [], False
    with tempfile.TemporaryDirectory() as cache:
        for bench in selected:
            best, faults = measure(bench, commands, args.rounds, cache)
            print(row(bench.name, best, faults), flush=True)
            results.append(best)
            broken = broken or bool(faults)
    if not results:
        raise SystemExit("no benchmark has that name")
    for index in range(1, len(commands)):
        ratios = [best[0].cpu_seconds / best[index].cpu_seconds for best in results]
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        print(f"{len(ratios)} benchmarks, geometric mean {mean:.2f}x, worst {min(ratios):.2f}x: "
              f"{shlex.join(commands[index])}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
