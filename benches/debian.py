#!/usr/bin/env python3
"""Times unpacking Debian packages into a store, beside the decompressor alone.

Both do the same packages, so many at once as there are processors: `frazil build` of their units
(decompress, read the archive, compare sums, write files, hash, register), and `xz -dc` or `zstd -dc`
of their data, which is thrown away. Rounds are interleaved, and the best of each counts. `--dpkg` adds
`dpkg -x`, which writes the files and checks and hashes nothing.

    benches/debian.py --ours target/fast/frazil --debs DIRECTORY
"""

import argparse
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

SUFFIXES = {".xz": ["xz", "-dc", "-q"], ".zst": ["zstd", "-dcq"], ".gz": ["gzip", "-dcq"]}


def timed(run):
    """Seconds on the wall and of processors, of all that `run` starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    run()
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    return wall, spent


def parallel(commands, jobs, output):
    """Runs the commands, so many at once."""
    running = []
    for command in commands:
        if len(running) == jobs:
            wait_for_one(running)
        running.append(subprocess.Popen(command, stdout=output))
    while running:
        wait_for_one(running)


def wait_for_one(running):
    pid, status = os.wait()
    ended = next(process for process in running if process.pid == pid)
    running.remove(ended)
    # `xz` says with 2 that something stands behind the end.
    ended.returncode = os.waitstatus_to_exitcode(status)
    if ended.returncode not in (0, 2):
        sys.exit(f"{ended.args}: {ended.returncode}")


def data_of(deb, folder):
    """The compressed data of a package as a file of its own, and the command that decompresses it."""
    with deb.open("rb") as package:
        package.seek(8)
        while header := package.read(60):
            name, size = header[:16].decode().strip().rstrip("/"), int(header[48:58])
            if name.startswith("data.tar"):
                suffix = name.removeprefix("data.tar")
                part = folder / (deb.name + suffix)
                part.write_bytes(package.read(size))
                return [*SUFFIXES[suffix], str(part)] if suffix else ["cat", str(part)]
            package.seek(size + size % 2, 1)
    sys.exit(f"{deb}: no data")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", required=True, help="the program")
    parser.add_argument("--debs", required=True, type=pathlib.Path, help="a directory of packages")
    parser.add_argument("--count", type=int, default=60, help="take so many, the largest [60]")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--dpkg", action="store_true", help="time `dpkg -x`, too")
    options = parser.parse_args()
    ours = shutil.which(options.ours) or sys.exit(f"there is no {options.ours}")
    ours = os.path.abspath(ours)
    debs = sorted(options.debs.glob("*.deb"), key=lambda deb: (-deb.stat().st_size, deb.name))
    # Everything but the giants, of which a few would decide alone.
    debs = [deb for deb in debs if deb.stat().st_size < 8 << 20][: options.count]

    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as scratch:
        scratch = pathlib.Path(scratch)
        parts = scratch / "parts"
        parts.mkdir()
        commands = [data_of(deb, parts) for deb in debs]
        # Characters that paths of the language cannot have.
        links = scratch / "debs"
        links.mkdir()
        lines = []
        for number, deb in enumerate(debs):
            shutil.copy(deb, links / f"d{number}.deb")
            lines.append(
                f'  (derivation {{ name = "u{number}"; system = "builtin"; builder = "builtin:unpack-deb"; deb = ./debs/d{number}.deb; }})'
            )
        (scratch / "units.nix").write_text("[\n" + "\n".join(lines) + "\n]\n")
        environment = {**os.environ, "HOME": str(scratch / "home"), "FRAZIL_STORE": str(scratch / "store")}
        build = [ours, "build", "--no-link", "-f", str(scratch / "units.nix"), "-j", str(options.jobs)]

        def prepare():
            shutil.rmtree(scratch / "store", ignore_errors=True)
            # Adds the files of the packages.
            subprocess.run([*build, "--dry-run"], env=environment, check=True, stderr=subprocess.DEVNULL)
            os.sync()

        def unpack():
            subprocess.run(build, env=environment, check=True, stderr=subprocess.DEVNULL)

        def decompress():
            parallel(commands, options.jobs, subprocess.DEVNULL)

        def extract():
            target = scratch / "extracted"
            made = [["dpkg", "-x", str(deb), str(target / deb.name)] for deb in debs]
            target.mkdir()
            parallel(made, options.jobs, subprocess.DEVNULL)

        best = {}
        kinds = {"frazil build": unpack, "decompressor": decompress}
        if options.dpkg:
            kinds["dpkg -x"] = extract
        for _ in range(options.rounds):
            for name, run in kinds.items():
                if run is unpack:
                    prepare()
                shutil.rmtree(scratch / "extracted", ignore_errors=True)
                wall, spent = timed(run)
                best.setdefault(name, []).append((wall, spent))
        packed = sum(deb.stat().st_size for deb in debs)
        print(f"{len(debs)} packages, {packed / 1e6:.1f} MB, {options.jobs} at once, {options.rounds} rounds")
        for name, times in best.items():
            wall, spent = min(wall for wall, _ in times), min(spent for _, spent in times)
            print(f"{name:14} {wall:6.2f} s wall  {spent:6.2f} s of processors")
        ours, theirs = best["frazil build"], best["decompressor"]
        for place, what in enumerate(("wall", "processors")):
            ratio = min(each[place] for each in theirs) / min(each[place] for each in ours)
            print(f"speed as a share of the decompressor's, {what}: {ratio:.2f}")


main()
