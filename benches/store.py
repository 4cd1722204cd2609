#!/usr/bin/env python3
"""Times what the store does, beside Nix and beside the plain tools that set the limit.

    benches/store.py --ours target/release/frazil [--nix nix-store] [--rounds 3]

Each figure is the best of several rounds in wall-clock seconds, with peak memory where it matters.
The programs take turns, so that a machine that others use disturbs them alike. --nix is the command
that runs nix-store; without it only our own figures are shown.
"""

import argparse
import os
import random
import resource
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
    """Seconds and peak memory in MiB of a command, which must succeed."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    out, err = process.communicate()
    seconds = time.perf_counter() - begin
    if process.returncode != 0:
        raise SystemExit(f"{command} failed: {err.decode()}")
    return seconds, out


def peak(command, **options):
    """Peak memory in MiB of a command."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        os.write(write, str(usage // 1024).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    return int(os.read(read, 32))


def remove(path):
    """Removes a store, whose directories are read-only."""
    subprocess.run(["chmod", "-R", "u+w", path], stderr=subprocess.DEVNULL)
    shutil.rmtree(path, ignore_errors=True)


def best(rounds, candidates):
    """The best time of each candidate, a function that is given a fresh directory name."""
    times = {name: [] for name in candidates}
    for number in range(rounds):
        for name, work in candidates.items():
            target = f"{WORK}/{name}-{number}".replace(" ", "-")
            times[name].append(work(target))
            remove(target)
    return {name: min(seconds) for name, seconds in times.items()}


def show(title, times, base):
    print(title)
    for name, seconds in times.items():
        ratio = f"{times[base] / seconds:6.2f}x of {base}" if base in times else ""
        print(f"  {name:24} {seconds:8.3f} s  {ratio}")


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
        script = 'find "$0" -type f -print0 | xargs -0 cat | tee >(sha256sum >/dev/null) > "$1"'
        return run(["bash", "-c", script, tree, target])[0]

    candidates = {"sha256sum and write": limit}
    candidates["frazil"] = lambda target: run([*ours, "store", "add", "--store", target, tree])[0]
    if nix:
        candidates["nix-store --add"] = lambda target: run([*nix, "--store", target, "--add", tree])[0]
    show(f"adding {Path(tree).name}", best(rounds, candidates), "sha256sum and write")


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
    print(f"  peak memory of frazil: {peak(frazil(f'{WORK}/peak'), stdin=stream.open('rb'))} MiB")


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
        show(f"{title} {STORE_PATHS} paths", best(rounds, candidates), "")


def building(ours, rounds):
    store = f"{WORK}/build"
    Path(WORK, "hello").write_text("hello")
    expression = f"""derivation {{
      name = "x"; system = "builtin"; builder = "builtin:fetchurl"; url = "file://{WORK}/hello";
      outputHashMode = "flat"; outputHashAlgo = "sha256";
      outputHash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"; }}"""
    command = [*ours, "build", "--store", store, "--no-link", "-E", expression]
    run(command)
    show("building what is built", best(rounds, {"frazil": lambda _: run(command)[0]}), "")


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
    building(ours, rounds)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as WORK:
        os.environ.setdefault("NIX_CONFIG", "build-users-group =\nsubstituters =\nsandbox = false")
        try:
            main()
        finally:
            subprocess.run(["chmod", "-R", "u+w", WORK])
