#!/usr/bin/env python3
"""Times links of declared systems, as whoever changes a line of a configuration waits for them.

    benches/link.py --ours target/release/frazil [--systems nginx,postgresql] [--rounds 9] [--work DIR]

The systems are those of nix/examples, with one generated file that changes every round. Shown are the
median and the best of the rounds, wall-clock, and the least processor time:

  again    the build of a system that is there: evaluation, and looking whether it is
  relink   the build after the line has changed: evaluation, link, and adding the result to the store
  link     relink without again
  cold     relink with no analysis kept and the packages as the archive has them: all are unpacked
           and analysed again (once per round of three)

The first build fetches packages from the mirror; all others need no network. With --limits the
program fails when a median misses a goal.
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
# Seconds.
GOALS = {"relink": 0.3, "link": 0.1, "cold": 3.0}
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


def run(command):
    """Wall and CPU seconds of a command that must succeed."""
    with tempfile.TemporaryFile() as said:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=said, env=ENVIRONMENT)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            raise SystemExit(f"{command} failed: {said.read().decode()}")
        return wall, usage.ru_utime + usage.ru_stime


def write_flake(number):
    systems = " ".join(
        f'{name} = "${{frazil}}/examples/{name}.nix";' for name in ARGUMENTS.systems.split(",")
    )
    Path(FOLDER, "flake.nix").write_text(FLAKE % (TREE, number, systems))


def build(name):
    return run([ARGUMENTS.ours, "build", f"{FOLDER}#{name}", "--no-link"])


def forget():
    """Removes all that was linked and unpacked; packages stay as the archive has them."""
    store = Path(ENVIRONMENT["XDG_DATA_HOME"], "frazil/nix/store")
    kept = (".drv", ".deb", "-source", ".lock", "links")
    units = [f"/nix/store/{it.name}" for it in store.iterdir() if not it.name.endswith(kept)]
    run([ARGUMENTS.ours, "store", "delete", *units])
    shutil.rmtree(Path(ENVIRONMENT["XDG_CACHE_HOME"], "frazil/analyses"), ignore_errors=True)


def show(name, what, rounds):
    walls = [wall for wall, _ in rounds]
    median, best, cpu = statistics.median(walls), min(walls), min(cpu for _, cpu in rounds)
    missed = median > GOALS.get(what, median)
    note = f"  over {GOALS[what]} s" if missed else ""
    print(f"{name:14} {what:7} {median:8.3f} {best:8.3f} {cpu:8.3f}{note}", flush=True)
    return missed


def measure(name):
    build(name)
    again, relink, cold = [], [], []
    for number in range(ARGUMENTS.rounds):
        write_flake(f"{os.getpid()}.{number}")
        relink.append(build(name))
        again.append(build(name))
    for number in range(min(COLD_ROUNDS, ARGUMENTS.rounds)):
        write_flake(f"{os.getpid()}.cold.{number}")
        forget()
        cold.append(build(name))
    waited = statistics.median(wall for wall, _ in again)
    used = statistics.median(cpu for _, cpu in again)
    link = [(wall - waited, max(cpu - used, 0.0)) for wall, cpu in relink]
    figures = {"again": again, "relink": relink, "link": link, "cold": cold}
    return [show(name, what, rounds) for what, rounds in figures.items()]


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
ENVIRONMENT = {
    **os.environ,
    "XDG_DATA_HOME": f"{WORK}/data",
    "XDG_CACHE_HOME": f"{WORK}/cache",
}
try:
    write_flake(0)
    print(f"{'system':14} {'':7} {'median s':>8} {'best s':>8} {'CPU s':>8}")
    missed = [missed for name in ARGUMENTS.systems.split(",") for missed in measure(name)]
finally:
    if not ARGUMENTS.work:
        subprocess.run(["chmod", "-R", "u+w", WORK], check=False)
        shutil.rmtree(WORK, ignore_errors=True)
sys.exit(ARGUMENTS.limits and any(missed))
