#!/usr/bin/env python3
"""Times links of declared systems, as whoever changes a line of a configuration waits for them.

    benches/link.py --ours target/release/frazil [--systems nginx,postgresql] [--rounds 9] [--work DIR]

The systems are those of nix/examples, with one generated file that changes every round. Shown are the
median and the best of the rounds, wall-clock, and the least processor time:

  again    the build of a system that is there: evaluation, and looking whether it is
  relink   the build after the line has changed: evaluation, link, and adding the result to the store
  link     relink without again
  analyse  reading all that the units say, which is kept otherwise: relink with no analysis kept,
           without relink; and how many megabytes of files that is a second
  cold     relink with no analysis kept, in a store that has the packages as the archive has them:
           all are unpacked and analysed

Rounds of the last two are at most three. The first build fetches packages from the mirror; all
others need no network. With --limits the program fails when a median misses a goal.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent / "nix"
# Seconds, but for the rate: that is megabytes a second.
GOALS = {"relink": 0.3, "link": 0.1, "cold": 3.0}
RATE_GOAL = 500
COLD_ROUNDS = 3

FLAKE = """{
  inputs.nixpkgs.url = "debian:trixie";
  inputs.frazil.url = "path:%s";
  outputs = { nixpkgs, frazil, self }: builtins.mapAttrs (name: config: (frazil.nglib.makeSystem {
    inherit nixpkgs name;
    system = "x86_64-linux";
    config = { imports = [ config ]; environment.etc.motd.text = "round %s"; };
  }).config.system.build.toplevel) { %s };
}
"""


class Home:
    """A store and a cache of our own; the cache of another home can be shared."""

    def __init__(self, name, cache=None):
        self.data = Path(WORK, name)
        self.cache = cache or Path(WORK, f"{name}-cache")
        self.analyses = self.cache / "frazil/analyses"

    def run(self, *arguments, **files):
        """Wall and CPU seconds of a command that must succeed."""
        homes = {"XDG_DATA_HOME": str(self.data), "XDG_CACHE_HOME": str(self.cache)}
        with tempfile.TemporaryFile() as said:
            begin = time.perf_counter()
            process = subprocess.Popen(
                [ARGUMENTS.ours, *arguments],
                env={**os.environ, **homes},
                stderr=said,
                **{"stdout": said, **files},
            )
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - begin
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                said.seek(0)
                raise SystemExit(f"{arguments} failed: {said.read().decode(errors='replace')}")
            return wall, usage.ru_utime + usage.ru_stime

    def build(self, name):
        return self.run("build", f"{FOLDER}#{name}", "--no-link")

    def paths(self, *ends):
        """The paths of the store whose names end so."""
        return [path for path in (self.data / "frazil/nix/store").iterdir() if path.name.endswith(ends)]

    def with_packages(self, name):
        """Another store, with the packages as the archive has them and nothing that was made of
        them. What was just deleted would cost a store that was emptied: file systems do not like
        to use such places again at once."""
        other = Home(name, self.cache)
        kept = [f"/nix/store/{path.name}" for path in self.paths(".deb", "-source")]
        with tempfile.TemporaryFile(dir=WORK) as packages:
            self.run("store", "export", *kept, stdout=packages)
            packages.seek(0)
            other.run("store", "import", stdin=packages)
        return other

    def forget_analyses(self):
        shutil.rmtree(self.analyses, ignore_errors=True)

    def analysed_bytes(self):
        """The bytes of files of the units of which there are analyses."""
        units = {file.name.rpartition(".")[0] for file in self.analyses.iterdir()}
        sizes = {}
        for unit in units:
            place = self.data / "frazil/nix/store" / unit
            # Of a package, only its own files are analysed.
            place = place / "data" if (place / "data").is_dir() else place
            files = [place] if place.is_file() else place.rglob("*")
            for file in files:
                if file.is_file() and not file.is_symlink():
                    found = file.stat()
                    sizes[found.st_ino] = found.st_size
        return sum(sizes.values())


def write_flake(number):
    systems = " ".join(
        f'{name} = "${{frazil}}/examples/{name}.nix";' for name in ARGUMENTS.systems.split(",")
    )
    Path(FOLDER, "flake.nix").write_text(FLAKE % (TREE, f"{os.getpid()}.{number}", systems))


def show(name, what, rounds, rate=None):
    walls = [wall for wall, _ in rounds]
    median, best, cpu = statistics.median(walls), min(walls), min(cpu for _, cpu in rounds)
    missed = median > GOALS.get(what, median)
    note = f"  over {GOALS[what]} s" if missed else ""
    if rate is not None:
        missed = rate < RATE_GOAL
        note = f"  {rate:.0f} MB/s" + (f", under {RATE_GOAL}" if missed else "")
    print(f"{name:14} {what:7} {median:8.3f} {best:8.3f} {cpu:8.3f}{note}", flush=True)
    return missed


def less(rounds, others):
    """What rounds take more than others."""
    wall, cpu = (statistics.median(round[of] for round in others) for of in (0, 1))
    return [(max(round[0] - wall, 0.001), max(round[1] - cpu, 0.0)) for round in rounds]


def measure(home, name):
    home.build(name)
    again, relink, analyse, cold = [], [], [], []
    for number in range(ARGUMENTS.rounds):
        write_flake(number)
        relink.append(home.build(name))
        again.append(home.build(name))
    rounds = min(COLD_ROUNDS, ARGUMENTS.rounds)
    for number in range(rounds):
        write_flake(f"analyse.{number}")
        home.forget_analyses()
        analyse.append(home.build(name))
    bytes_analysed = home.analysed_bytes()
    for number in range(rounds):
        write_flake(f"cold.{number}")
        fresh = home.with_packages(f"cold-{name}-{number}")
        home.forget_analyses()
        os.sync()
        cold.append(fresh.build(name))
    analyse = less(analyse, relink)
    rate = bytes_analysed / 1e6 / statistics.median(wall for wall, _ in analyse)
    return [
        show(name, "again", again),
        show(name, "relink", relink),
        show(name, "link", less(relink, again)),
        show(name, "analyse", analyse, rate),
        show(name, "cold", cold),
    ]


parser = argparse.ArgumentParser()
parser.add_argument("--ours", required=True, type=lambda path: str(Path(path).resolve()))
parser.add_argument("--systems", default="nginx,postgresql,redis,mysql,openssh")
parser.add_argument("--rounds", type=int, default=9)
parser.add_argument("--work", help="keep stores and caches here, for the next time")
parser.add_argument("--limits", action="store_true")
ARGUMENTS = parser.parse_args()
WORK = ARGUMENTS.work or tempfile.mkdtemp(prefix="frazil-link-")
FOLDER = f"{WORK}/flake"
Path(FOLDER).mkdir(parents=True, exist_ok=True)
try:
    write_flake("first")
    print(f"{'system':14} {'':7} {'median s':>8} {'best s':>8} {'CPU s':>8}")
    home = Home("data")
    missed = [missed for name in ARGUMENTS.systems.split(",") for missed in measure(home, name)]
finally:
    stores = [WORK] if not ARGUMENTS.work else Path(WORK).glob("cold-*")
    for store in stores:
        subprocess.run(["chmod", "-R", "u+w", store], check=False)
        shutil.rmtree(store, ignore_errors=True)
sys.exit(ARGUMENTS.limits and any(missed))
