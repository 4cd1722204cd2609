#!/usr/bin/env python3
"""Compare making, packing and pushing an image with the tools that are used for that.

The system is `nix/examples/nginx.nix`. Its packages are fetched once; then, by turns:

- from cached packages to an image: by frazil, which links them, and by mmdebstrap with umoci, which take
  `nginx-light` and `tzdata` whole, with all that they depend on and all that is essential;
- again after one line of the configuration has changed, as an archive;
- packing the root anew, beside a compressor alone that gets the same bytes: for the goal both on one
  processor, since two that are at work may slow each other down;
- pushing an image that the registry has.

Prints seconds (the best of the rounds), CPU seconds and bytes, and fails if a goal is missed.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
FLAKE = """{
  inputs.nixpkgs.url = "debian:trixie";
  inputs.frazil.url = "builtin:frazil";
  outputs = { nixpkgs, frazil, self }: {
    default = frazil.nglib.makeSystem {
      inherit nixpkgs;
      name = "nginx";
      system = "x86_64-linux";
      config = ./system.nix;
    };
  };
}
"""
# What is measured, the goal, and whether more is better.
GOALS = {
    "warm rebuild, s": (0.5, False),
    "cold image, s": (5.0, False),
    "packing / compressor": (0.9, True),
    "push of nothing, s": (0.3, False),
}


def run(command, **options):
    """Run a command; return its wall and CPU seconds and its standard output."""
    start = time.monotonic()
    process = subprocess.Popen(list(map(str, command)), stdin=options.pop("stdin", subprocess.DEVNULL),
                               stdout=options.pop("stdout", subprocess.PIPE),
                               stderr=subprocess.PIPE, **options)
    before = os.times()
    out, err = process.communicate()
    after = os.times()
    if process.returncode != 0:
        raise SystemExit(f"{command} failed:\n{err.decode(errors='replace')}")
    cpu = (after.children_user + after.children_system
           - before.children_user - before.children_system)
    return time.monotonic() - start, cpu, out


def size(directory):
    """The bytes of all blobs of a layout."""
    return sum(blob.stat().st_size for blob in (directory / "blobs/sha256").iterdir())


class Ours:
    """Frazil, with a store and caches that can be thrown away."""

    def __init__(self, program, work):
        self.program, self.work = pathlib.Path(program).resolve(), work
        self.flake = work / "flake"
        self.flake.mkdir()
        (self.flake / "flake.nix").write_text(FLAKE)
        self.configure(128)

    def configure(self, connections):
        """Change one line of the configuration."""
        text = (HERE.parent / "nix/examples/nginx.nix").read_text()
        changed = re.sub(r"worker_connections = \d+", f"worker_connections = {connections}", text)
        (self.flake / "system.nix").write_text(changed)

    def run(self, home, *arguments, **options):
        env = {"PATH": os.environ["PATH"], "HOME": str(self.work / home)}
        env.update({name: os.environ[name] for name in ("FRAZIL_MIRROR",) if name in os.environ})
        return run([self.program, *arguments], env=env, cwd=self.flake, **options)

    def with_packages(self, home):
        """Make a store with the archives of packages, and nothing that was made of them."""
        store = self.work / "first/.local/share/frazil/nix/store"
        kept = [f"/nix/store/{path.name}" for path in store.iterdir()
                if path.name.endswith((".deb", "-source"))]
        with (self.work / "packages").open("wb") as file:
            self.run("first", "store", "export", *kept, stdout=file)
        with (self.work / "packages").open("rb") as file:
            self.run(home, "store", "import", stdin=file)


def cold(ours, rounds):
    """From packages to an image; the wall and CPU seconds and the bytes."""
    results = []
    for number in range(rounds):
        home = f"cold-{number}"
        ours.with_packages(home)
        image = ours.work / f"image-{number}"
        wall, cpu, _ = ours.run(home, "image", "oci", ".", "--output", image)
        results.append((wall, cpu, size(image)))
    return min(results)


def debian(work, rounds):
    """As far as that goes the same with mmdebstrap and umoci; `None` where they are not."""
    if not shutil.which("mmdebstrap") or not shutil.which("umoci"):
        return None
    cache, results = work / "archives", []
    cache.mkdir()
    for number in range(rounds + 1):
        root, layout = work / f"root-{number}.tar", work / f"theirs-{number}"
        wall, cpu, _ = run([
            "mmdebstrap", "--variant=extract", "--include=nginx-light,tzdata", "--skip=essential/unlink",
            f"--setup-hook=mkdir -p {cache} \"$1\"/var/cache/apt/archives/",
            f"--setup-hook=sync-in {cache} /var/cache/apt/archives/",
            f"--customize-hook=sync-out /var/cache/apt/archives {cache}",
            "--customize-hook=rm -rf \"$1\"/var/cache/apt/archives \"$1\"/var/lib/apt/lists",
            "trixie", root])
        for command in (["init", "--layout", layout], ["new", "--image", f"{layout}:latest"],
                        ["raw", "add-layer", "--image", f"{layout}:latest", root]):
            more = run(["umoci", *command])
            wall, cpu = wall + more[0], cpu + more[1]
        # The first one fetches the packages.
        if number > 0:
            results.append((wall, cpu, size(layout)))
    return min(results)


def warm(ours, rounds):
    """An archive again, after one line has changed."""
    results = []
    archive = ours.work / "image.tar"
    for number in range(rounds + 1):
        ours.configure(1000 + number)
        wall, cpu, _ = ours.run("first", "image", "docker", ".", "--output", archive)
        results.append((wall, cpu))
    # The first one starts from the system as it was, too, but warms the disk.
    return min(results[1:])


def packing(ours, level, rounds):
    """All layers anew, with all processors and with one, and the compressor alone over the same bytes."""
    ours.configure(128)
    linked = ours.run("first", "build", ".#default.config.system.build.toplevel", "--no-link",
                      "--print-out-paths")[2].decode().strip()
    root = ours.work / "root.tar"
    ours.run("first", "image", "tar", linked, "--output", root)
    pack = ["image", "oci", linked, "--no-cache", "--output", ours.work / "packed"]
    compress = ["libdeflate-gzip", f"-{level}", "-c", root]
    one = {min(os.sched_getaffinity(0))}
    alone = {"preexec_fn": lambda: os.sched_setaffinity(0, one)}
    every, mine, theirs = [], [], []
    # More of them, because these are compared to a few per cent.
    for _ in range(3 * rounds):
        every.append(ours.run("first", *pack)[:2])
        mine.append(ours.run("first", *pack, **alone)[:2])
        theirs.append(run(compress, stdout=subprocess.DEVNULL, **alone)[:2])
    least = [min(runs, key=lambda times: times[1]) for runs in (mine, theirs)]
    return min(every), *least, root.stat().st_size


def pushing(ours, rounds):
    """An image to a registry that has it."""
    settings = ours.work / "registry.json"
    settings.write_text(json.dumps({
        "version": "0.1", "http": {"addr": "127.0.0.1:0"},
        "storage": {"filesystem": {"rootdirectory": str(ours.work / "registry")}}}))
    with subprocess.Popen(["docker-registry", "serve", settings], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True) as registry:
        try:
            address = next(found[1] for line in registry.stderr
                           if (found := re.search(r"listening on ([\d.:]+)", line)))
            push = ["push", ".", "--to", f"http://{address}/nginx:latest"]
            ours.run("first", *push)
            return min(ours.run("first", *push)[:2] for _ in range(rounds))
        finally:
            registry.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", default="target/release/frazil", help="the binary")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--level", type=int, default=10, help="of Deflate, as frazil has it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        ours = Ours(options.ours, work)
        try:
            ours.run("first", "image", "oci", ".", "--output", work / "first-image")
            mine, theirs = cold(ours, options.rounds), debian(work, options.rounds)
            rebuilt = warm(ours, options.rounds)
            every, packed, compressed, root_bytes = packing(ours, options.level, options.rounds)
            pushed = pushing(ours, options.rounds)
        finally:
            # What is in a store cannot be written, and so not removed.
            subprocess.run(["chmod", "-R", "u+w", work], check=False)
    print(f"{'what':34} {'wall s':>8} {'CPU s':>8} {'bytes':>12}")
    row = "{:34} {:8.2f} {:8.2f} {:>12}"
    print(row.format("frazil: packages to image", *mine))
    if theirs:
        print(row.format("mmdebstrap + umoci: likewise", *theirs))
        print(row.format("  ratio", *(theirs[i] / mine[i] for i in (0, 1)),
                         f"{theirs[2] / mine[2]:.2f}"))
    print(row.format("frazil: one line changed, archive", *rebuilt, ""))
    print(row.format("frazil: pack all layers", *every, root_bytes))
    print(row.format("frazil: the same, one processor", *packed, root_bytes))
    print(row.format("libdeflate-gzip: the same bytes", *compressed, root_bytes))
    print(row.format("frazil: push what is there", *pushed, ""))
    found = {"warm rebuild, s": rebuilt[0], "cold image, s": mine[0],
             "packing / compressor": compressed[1] / packed[1], "push of nothing, s": pushed[0]}
    missed = 0
    for name, (goal, more_is_better) in GOALS.items():
        held = found[name] >= goal if more_is_better else found[name] <= goal
        missed += not held
        print(f"{name:24} {found[name]:6.2f} goal {goal:4.2f} {'holds' if held else 'MISSED'}")
    sys.exit(missed > 0)


if __name__ == "__main__":
    main()
