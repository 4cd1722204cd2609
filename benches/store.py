#!/usr/bin/env python3
"""Times what the store does, beside Nix and beside the plain tools that set the limit.

    benches/store.py --ours target/release/frazil [--nix nix-store] [--rounds 3]

Of several rounds the best wall-clock time is shown, and the least processor time, which says more on
a machine that others use; with the most memory that a process had. The programs take turns. --nix is
the command that runs nix-store; without it only our own figures are shown.
"""

import argparse
import os
import random
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

LARGE_FILES, LARGE_BYTES = 64, 4 << 20
SMALL_FILES = 10_000
STORE_PATHS = 12_000


def run(command, **options):
    """Wall seconds, CPU seconds and peak MiB of a command, which must succeed, and what it prints."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, **options)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode != 0:
            raise SystemExit(f"{command} failed: {err.read().decode()}")
        cpu = usage.ru_utime + usage.ru_stime
        return (wall, cpu, usage.ru_maxrss / 1024), out.read()


def remove(path):
    """Removes a store, whose directories are read-only."""
    subprocess.run(["chmod", "-R", "u+w", path], stderr=subprocess.DEVNULL)
    shutil.rmtree(path, ignore_errors=True)


def best(rounds, candidates):
    """The best figures of each candidate, a function that is given a fresh directory name."""
    figures = {name: [] for name in candidates}
    for number in range(rounds):
        for name, work in candidates.items():
            target = f"{WORK}/{name}-{number}".replace(" ", "-")
            figures[name].append(work(target))
            remove(target)
    return {name: [min(column) for column in zip(*rows)] for name, rows in figures.items()}


def show(title, figures, base=""):
    print(f"{title:36} {'wall s':>8} {'CPU s':>8} {'MiB':>6}")
    for name, (wall, cpu, rss) in figures.items():
        ratio = ""
        if base in figures:
            ratio = f"  {figures[base][0] / wall:5.2f}x, CPU {figures[base][1] / cpu:5.2f}x"
        print(f"  {name:34} {wall:8.3f} {cpu:8.3f} {rss:6.0f}{ratio}", flush=True)


def make_trees():
    numbers = random.Random(7)
    large, small = Path(WORK, "large"), Path(WORK, "small")
    large.mkdir()
    for index in range(LARGE_FILES):
        (large / f"f{index}").write_bytes(numbers.randbytes(LARGE_BYTES))
    for index in range(SMALL_FILES):
        below = small / f"d{index // 100}"
        below.mkdir(parents=True, exist_ok=True)
        (below / f"f{index}").write_bytes(numbers.randbytes(index % 4096))
    return str(large), str(small)


def adding(tree, ours, nix, rounds):
    def limit(target):
        script = 'cp -r "$0" "$1" && find "$1" -type f -print0 | xargs -0 sha256sum'
        return run(["bash", "-c", script, tree, target])[0]

    candidates = {"cp, then sha256sum": limit}
    candidates["frazil"] = lambda target: run([*ours, "store", "add", "--store", target, tree])[0]
    if nix:
        candidates["nix-store --add"] = lambda target: run([*nix, "--store", target, "--add", tree])[0]
    show(f"adding {Path(tree).name}", best(rounds, candidates), "cp, then sha256sum")


def importing(tree, ours, nix, rounds):
    source = f"{WORK}/source"
    path = run([*ours, "store", "add", "--store", source, tree])[1].decode().strip()
    stream = Path(WORK, "stream")
    stream.write_bytes(run([*ours, "store", "export", "--store", source, path])[1])

    def candidate(command):
        return lambda target: run([*command(target)], stdin=stream.open("rb"))[0]

    def frazil(target):
        return [*ours, "store", "import", "--store", target]

    candidates = {"frazil": candidate(frazil)}
    if nix:
        candidates["nix-store --import"] = candidate(lambda target: [*nix, "--store", target, "--import"])
    show(f"importing {SMALL_FILES} files", best(rounds, candidates), "nix-store --import")


def asking(ours, nix, rounds):
    store = f"{WORK}/many"
    expression = f"""
      let file = n: r: builtins.toFile "f${{toString n}}" "${{toString n}} ${{r}}";
      in builtins.foldl' (r: n: file n r) "" (builtins.genList (n: n) {STORE_PATHS})"""
    top = run([*ours, "eval", "--store", store, "--raw", expression])[1].decode()
    closure = {"frazil": lambda _: run([*ours, "store", "closure", "--store", store, top])[0]}
    info = {"frazil": lambda _: run([*ours, "store", "info", "--store", store, top])[0]}
    whole = {"frazil": lambda _: run([*ours, "store", "info", "--store", store])[0]}
    if nix:
        closure["nix-store -qR"] = lambda _: run([*nix, "--store", store, "-qR", top])[0]
        info["nix-store -q --hash"] = lambda _: run([*nix, "--store", store, "-q", "--hash", top])[0]
    for title, candidates in [("closure of", closure), ("one path of", info), ("summary of", whole)]:
        show(f"{title} {STORE_PATHS} paths", best(rounds, candidates))


def instantiating(ours, nix, rounds):
    expression = f"""
      let
        make = n: previous: derivation {{
          name = "d${{toString n}}"; system = "x86_64-linux"; builder = "/bin/sh"; inherit previous; }};
        step = previous: n: builtins.seq previous.drvPath (make n previous);
      in (builtins.foldl' step {{ drvPath = ""; outPath = ""; }}
        (builtins.genList (n: n) {STORE_PATHS})).drvPath"""

    def frazil(target):
        return run([*ours, "eval", "--store", target, "--raw", expression])[0]

    candidates = {"frazil": frazil}
    if nix:
        instantiate = [*nix[:-1], nix[-1].replace("nix-store", "nix-instantiate")]
        candidates["nix-instantiate"] = lambda target: run(
            [*instantiate, "--store", target, "--eval", "--read-write-mode", "--expr", expression])[0]
    title = f"instantiating {STORE_PATHS} derivations"
    show(title, best(rounds, candidates), "nix-instantiate")


def building(ours, rounds):
    store = f"{WORK}/build"
    Path(WORK, "hello").write_text("hello")
    expression = f"""derivation {{
      name = "x"; system = "builtin"; builder = "builtin:fetchurl"; url = "file://{WORK}/hello";
      outputHashMode = "flat"; outputHashAlgo = "sha256";
      outputHash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"; }}"""
    command = [*ours, "build", "--store", store, "--no-link", "-E", expression]
    run(command)
    show("building what is built", best(rounds, {"frazil": lambda _: run(command)[0]}))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--ours", required=True, type=shlex.split)
    arguments.add_argument("--nix", type=shlex.split)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments = arguments.parse_args()
    ours, nix, rounds = arguments.ours, arguments.nix, arguments.rounds
    large, small = make_trees()
    adding(large, ours, nix, rounds)
    adding(small, ours, nix, rounds)
    importing(small, ours, nix, rounds)
    asking(ours, nix, rounds)
    instantiating(ours, nix, rounds)
    building(ours, rounds)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as WORK:
        os.environ.setdefault("NIX_CONFIG", "build-users-group =\nsubstituters =\nsandbox = false")
        try:
            main()
        finally:
            subprocess.run(["chmod", "-R", "u+w", WORK])
