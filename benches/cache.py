#!/usr/bin/env python3
"""Compare fetching from a binary cache by frazil and by real Nix.

Makes a closure of many small paths and one large path, writes both into a cache in a directory,
serves it with `frazil cache serve` (and as files), and fetches it with both programs by turns.
Prints seconds, the best of the rounds, peak memory, and the ratio to Nix.
"""

import argparse
import os
import pathlib
import random
import shlex
import subprocess
import tempfile
import time

CONFIG = "experimental-features = nix-command\nsubstituters =\nbuild-users-group =\nsandbox = false\n"


def run(command, env):
    """Run a command; return its wall seconds, CPU seconds and peak memory in MiB."""
    start = time.monotonic()
    process = subprocess.Popen(
        command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{shlex.join(command)} failed:\n{errors.decode(errors='replace')}")
    wall = time.monotonic() - start
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def make_paths(nix, env, work, count, large_mib):
    """Add `count` small files that refer to each other, and a large one, to a store."""
    expression = work / "paths.nix"
    expression.write_text(
        "let step = n: if n == 0 then [ ] else let rest = step (n - 1); in\n"
        "  rest ++ [ (builtins.toFile \"p${toString n}\"\n"
        "    \"${toString n} ${if rest == [ ] then \"\" else\n"
        "      builtins.elemAt rest ((n - 1) / 2)}\") ];\n"
        f"in builtins.toFile \"all\" (builtins.concatStringsSep \"\\n\" (step {count}))\n")
    store = work / "from"
    args = ["nix-instantiate", "--store", store, "--eval", "--read-write-mode", expression]
    top = subprocess.run([*nix, *map(str, args)], env=env, check=True, capture_output=True)
    large = work / "large"
    source = random.Random(1)
    with large.open("wb") as file:
        for _ in range(large_mib):
            # Half of it can be compressed.
            file.write(source.randbytes(1 << 19) + bytes(1 << 19))
    args = ["nix-store", "--store", store, "--add", large]
    added = subprocess.run([*nix, *map(str, args)], env=env, check=True, capture_output=True)
    large.unlink()
    return top.stdout.decode().strip().strip('"'), added.stdout.decode().strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ours", default="frazil", help="the command frazil")
    parser.add_argument("--nix", default="", help="what runs Nix's programs, if not the PATH")
    parser.add_argument("--paths", type=int, default=500)
    parser.add_argument("--large-mib", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    ours, nix = shlex.split(options.ours), shlex.split(options.nix)
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        env = {"PATH": os.environ["PATH"], "HOME": directory, "NIX_CONFIG": CONFIG,
               "NIX_CONF_DIR": "/absent"}
        small, large = make_paths(nix, env, work, options.paths, options.large_mib)
        cache = work / "cache"
        for path in (small, large):
            subprocess.run([*ours, "cache", "push", "--store", work / "from", "--to", cache, path],
                           env=env, check=True, capture_output=True)
        port = work / "port"
        server = subprocess.Popen(
            [*ours, "cache", "serve", "--store", work / "from", "--listen", "127.0.0.1:0",
             "--port-file", port], env=env, stdout=subprocess.DEVNULL)
        try:
            while not port.exists():
                time.sleep(0.05)
            served = f"http://127.0.0.1:{port.read_text().strip()}"
            print(f"{'what':28} {'program':8} {'wall s':>8} {'CPU s':>8} {'MiB':>6} {'ratio':>6}")
            for name, path in (("small paths", small), ("one large path", large)):
                for how, url in (("served", served), ("files, zstd", f"file://{cache}")):
                    measure(f"{name}, {how}", path, url, options.rounds, env, work, ours, nix)
        finally:
            server.terminate()
            server.wait()


def measure(name, path, url, rounds, env, work, ours, nix):
    """Fetch one path by both programs and print a line for each."""
    best = {}
    for number in range(rounds):
        for program in ("nix", "frazil"):
            to = work / f"to-{program}-{number}"
            fresh = {**env, "XDG_CACHE_HOME": str(work / f"cache-{program}-{number}-{name}")}
            if program == "nix":
                command = [*nix, "nix", "copy", "--no-check-sigs", "--from", url, "--to", to, path]
            else:
                command = [*ours, "cache", "pull", "--no-check-signatures", "--store", to,
                           "--from", url, path]
            result = run([str(word) for word in command], fresh)
            best[program] = min(best.get(program, result), result)
            subprocess.run(["chmod", "-R", "u+w", to], check=True)
            subprocess.run(["rm", "-rf", to], check=True)
    for program, (wall, cpu, rss) in best.items():
        ratio = wall / best["nix"][0]
        print(f"{name:28} {program:8} {wall:8.2f} {cpu:8.2f} {rss:6.0f} {ratio:6.2f}")


if __name__ == "__main__":
    main()
