#!/usr/bin/env python3
"""Compare supervisors, each as PID 1 of a fresh pid and mount namespace.

Needs root, `unshare`, and the supervisors of the comparison in PATH; those that are missing are left
out. `--ours` is the program, `--plan` the compiler of its plans (`cargo build -p frazil-init --example
plan`). Services are `init/svc.rs`, which tell in a FIFO when they run, so nothing is polled. On a
machine that does other things, run it under `chrt -r 5`.
"""

import argparse
import json
import os
import pathlib
import random
import select
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
RECORD = struct.Struct("<IIQ")
STAMP, ORPHANS_MADE = 0xFFFFFFFF, 0xFFFFFFFE
# What the goals of the project are, with 100 services.
GOALS = {"kib": 128, "rss_kb": 256, "up_ms": 15, "restart_ms": 1, "reap_ms": 100, "idle_per_s": 0,
         "stop_ms": 20}
COLUMNS = ["procs", "rss_kb", "pss_kb", "first_ms", "up_ms", "up_max", "restart_ms", "restart_max",
           "reap_ms", "idle_per_s", "stop_ms", "code"]


class Ours:
    """Our init, with a plan in place of a tree."""

    name = "frazil-init"
    stop = signal.SIGTERM

    def __init__(self, args):
        self.program, self.compiler = args.ours, args.plan

    def prepare(self, tree, count):
        services = {f"s{i}": {"exec": ["/run/bench/svc", str(i)], "log": "inherit"} for i in range(count)}
        (tree / "table").write_text(json.dumps({"services": services}), "utf-8")
        subprocess.run([self.compiler, tree / "table", tree / "plan"], check=True)
        shutil.copy(self.program, tree / "init")
        return ["/run/bench/init", "/run/bench/plan"]


class Directories:
    """A supervisor of service directories."""

    def __init__(self, name, argv, stop):
        self.name, self.argv, self.stop = name, argv, stop

    def prepare(self, tree, count):
        for index in range(count):
            directory = tree / "sv" / f"s{index}"
            directory.mkdir(parents=True)
            (directory / "run").symlink_to("/run/bench/svc")
        # runsvdir looks at no directory that is younger than a second.
        os.utime(tree / "sv", (1, 1))
        return [*self.argv, "/run/bench/sv"]


class Single:
    """An init for one process."""

    stop = signal.SIGTERM

    def __init__(self, name, argv):
        self.name, self.argv = name, argv

    def prepare(self, _tree, _count):
        return [*self.argv, "/run/bench/svc", "0"]


class Run:
    """A namespace with a supervisor in it."""

    def __init__(self, init, count, svc):
        self.init, self.count = init, count
        self.tree = pathlib.Path(tempfile.mkdtemp(prefix="initbench-"))
        shutil.copy(svc, self.tree / "svc")
        os.mkfifo(self.tree / "fifo")
        argv = init.prepare(self.tree, count)
        self.fifo = os.open(self.tree / "fifo", os.O_RDWR | os.O_NONBLOCK)
        script = (
            "mount -t proc proc /proc; mount -t tmpfs tmpfs /run; mkdir /run/bench;"
            f"mount --bind {self.tree} /run/bench; exec env -i PATH=$PATH /run/bench/svc -s \"$@\""
        )
        self.output = open(self.tree / "output", "wb")
        self.process = subprocess.Popen(
            ["unshare", "-pmf", "--kill-child", "--propagation", "private", "sh", "-c", script, "sh", *argv],
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT,
        )
        self.up, self.pid, self.records = {}, 0, []

    def read(self, timeout):
        """Records that arrive within a time."""
        if select.select([self.fifo], [], [], timeout)[0]:
            self.records += RECORD.iter_unpack(os.read(self.fifo, 1600))
        found, self.records = self.records, []
        return found

    def wait_for(self, wanted, timeout=60):
        """The time of the next record of an ID."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            for name, _, nanos in self.read(0.5):
                if name == wanted:
                    return nanos
        raise TimeoutError(f"{self.init.name}: no record of {wanted}")

    def start(self):
        """Milliseconds from the start of PID 1 to the first and the last service."""
        begin, end = None, time.monotonic() + 20
        while (len(self.up) < self.count or begin is None) and time.monotonic() < end:
            for name, pid, nanos in self.read(0.5):
                if name == STAMP:
                    begin = nanos
                else:
                    self.up[name] = (pid, nanos)
        if len(self.up) < self.count:
            said = (self.tree / "output").read_text("utf-8", "replace")[-300:]
            raise TimeoutError(f"{len(self.up)} of {self.count} came up: {said}")
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        self.pid = int(pathlib.Path(children).read_text("ascii").split()[0])
        times = [(nanos - begin) / 1e6 for _, nanos in self.up.values()]
        return min(times), max(times)

    def processes(self):
        """The supervising processes, and those of the services by their number inside."""
        namespace = os.readlink(f"/proc/{self.pid}/ns/pid")
        supervisors, services = [], {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/ns/pid") != namespace:
                    continue
                if os.readlink(f"/proc/{pid}/exe").endswith("/svc"):
                    status = pathlib.Path(f"/proc/{pid}/status").read_text("utf-8")
                    inner = next(line for line in status.splitlines() if line.startswith("NSpid"))
                    services[int(inner.split()[-1])] = int(pid)
                else:
                    supervisors.append(int(pid))
            except OSError:
                pass
        return supervisors, services

    def sum(self, file, key):
        """The sum of a field over the supervising processes."""
        total = 0
        for pid in self.processes()[0]:
            for line in pathlib.Path(f"/proc/{pid}/{file}").read_text("utf-8").splitlines():
                if line.startswith(key + ":"):
                    total += int(line.split()[1])
        return total

    def restarts(self, kills):
        """Milliseconds from killing a service to its next run."""
        # No supervisor slows down the restart of what has run that long.
        time.sleep(3)
        services, times = self.processes()[1], []
        for name in random.sample(sorted(self.up), min(kills, self.count)):
            while self.read(0):
                pass
            begin = time.monotonic_ns()
            os.kill(services[self.up[name][0]], signal.SIGKILL)
            times.append((self.wait_for(name) - begin) / 1e6)
        return times

    def reap(self, count):
        """Milliseconds from the last orphan's end to its burial."""
        enter = ["nsenter", "-t", str(self.pid), "-p", "-m", "/run/bench/svc", "-o", str(count)]
        with subprocess.Popen(enter) as maker:
            self.wait_for(ORPHANS_MADE, 120)
            begin = time.monotonic_ns()
            maker.wait()
        while self.has_zombies():
            if time.monotonic_ns() - begin > 30e9:
                return float("inf")
        return (time.monotonic_ns() - begin) / 1e6

    def has_zombies(self):
        """Whether a child of PID 1 waits to be reaped."""
        for child in pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text("ascii").split():
            try:
                if ") Z" in pathlib.Path(f"/proc/{child}/stat").read_text("utf-8"):
                    return True
            except OSError:
                pass
        return False

    def shut_down(self):
        """Milliseconds from the signal to the end, and the exit status."""
        begin = time.monotonic_ns()
        os.kill(self.pid, self.init.stop)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            code = None
        return (time.monotonic_ns() - begin) / 1e6, code

    def close(self):
        """Leaves nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.fifo)
        self.output.close()
        shutil.rmtree(self.tree)


def measure(init, count, svc, args):
    """All figures of one supervisor."""
    firsts, alls, stops, row = [], [], [], {"init": init.name, "services": count}
    for number in range(args.repeat):
        run = Run(init, count, svc)
        try:
            first, last = run.start()
            firsts.append(first)
            alls.append(last)
            if number == args.repeat - 1:
                time.sleep(1)
                row["procs"] = len(run.processes()[0])
                row["rss_kb"] = run.sum("smaps_rollup", "Rss")
                row["pss_kb"] = run.sum("smaps_rollup", "Pss")
                before = run.sum("status", "voluntary_ctxt_switches")
                time.sleep(args.idle)
                row["idle_per_s"] = (run.sum("status", "voluntary_ctxt_switches") - before) / args.idle
                if count > 1:
                    times = run.restarts(args.kills)
                    row["restart_ms"], row["restart_max"] = statistics.median(times), max(times)
                row["reap_ms"] = run.reap(args.orphans)
            elapsed, row["code"] = run.shut_down()
            stops.append(elapsed)
        finally:
            run.close()
    row["first_ms"], row["up_ms"] = statistics.median(firsts), statistics.median(alls)
    row["up_max"], row["stop_ms"] = max(alls), statistics.median(stops)
    return row


def show(row):
    """One line of the table."""
    cells = [f"{row['init']:<12}{row['services']:>5}"]
    for key in COLUMNS:
        value = row.get(key)
        text = "-" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)
        cells.append(f"{text:>12}")
    print("".join(cells), flush=True)


def main():
    """Parse the arguments, measure, compare with the goals."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--ours", required=True, help="our program")
    parser.add_argument("--plan", required=True, help="the compiler of its plans")
    parser.add_argument("--counts", default="10,100")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--orphans", type=int, default=10_000)
    parser.add_argument("--idle", type=float, default=5)
    parser.add_argument("--only", help="names, with commas between")
    parser.add_argument("--json", help="write all figures to this file")
    args = parser.parse_args()
    inits = [
        Ours(args),
        Directories("s6", ["s6-svscan"], signal.SIGTERM),
        Directories("runit", ["runsvdir", "-P"], signal.SIGHUP),
        Single("frazil --", [args.ours, "--"]),
        *(Single(name, [name, "--"]) for name in ["tini", "dumb-init", "catatonit"]),
    ]
    inits = [i for i in inits if not hasattr(i, "argv") or shutil.which(i.argv[0])]
    for init in inits:
        if hasattr(init, "argv"):
            init.argv[0] = shutil.which(init.argv[0])
    if args.only:
        inits = [i for i in inits if i.name in args.only.split(",")]
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        svc = pathlib.Path(scratch) / "svc"
        flags = ["--edition=2024", "-O", "-Cpanic=abort", "-Crelocation-model=static", "-Cstrip=symbols",
                 "-Clink-args=-nostartfiles -nostdlib -static"]
        subprocess.run(["rustc", *flags, "-o", svc, HERE / "init" / "svc.rs"], check=True)
        print(f"{'init':<12}{'n':>5}" + "".join(f"{key:>12}" for key in COLUMNS))
        for init in inits:
            for count in [1] if isinstance(init, Single) else map(int, args.counts.split(",")):
                try:
                    rows.append(measure(init, count, svc, args))
                except (OSError, TimeoutError) as error:
                    print(f"{init.name}: {error}", file=sys.stderr)
                    continue
                show(rows[-1])
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(rows, indent=1), "utf-8")
    ours = next((r for r in rows if r["init"] == Ours.name and r["services"] == 100), {})
    ours["kib"] = os.path.getsize(args.ours) / 1024
    missed = [f"{key} {ours[key]:.2f} > {goal}" for key, goal in GOALS.items() if ours.get(key, 0) > goal]
    print("goals:", "; ".join(missed) if missed else "all reached")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
