#!/usr/bin/env python3
"""Evaluate and link the examples of a NixNG checkout, unchanged, with our nglib and Debian.

Prints a line for each example. The exit status is 1 if one that Debian can provide fails, or if one
that it cannot is no error any more. Needs a checkout of NixNG and a mirror of Debian, so it is run by
hand: suite/tools/nixng.py CHECKOUT [--frazil PROGRAM] [--distribution nix]
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

# Why an example cannot work: its package is not in Debian, or NixNG's own modules refuse it.
ELSEWHERE = {
    "attic": "attic is not in Debian",
    "gitea": "gitea is not in Debian",
    "gitea-sane": "gitea is not in Debian",
    "home-assistant": "Home Assistant is not in Debian",
    "hydra": "Hydra is not in Debian",
    "jmusicbot": "JMusicBot is not in Debian",
    "ntfy-sh": "ntfy is not in Debian",
    "pantalaimon": "Pantalaimon is not in Debian",
    "postfix": "it uses options of Dovecot that NixNG has removed, and does not evaluate there either",
}
FLAKE = """{
  inputs.nixpkgs.url = "debian:%s";
  inputs.frazil.url = "%s";
  inputs.nixng = { url = "path:%s"; flake = false; };
  outputs = { nixpkgs, frazil, nixng, self }: {
    examples = import "${nixng}/examples" {
      inherit nixpkgs;
      inherit (frazil) nglib;
      nixng = frazil;
    };
  };
}
"""
TIMEOUT_SECONDS = 1200


def run(program, arguments, folder):
    command = [program, *arguments]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
    )
    return done.returncode, done.stdout.strip(), done.stderr


def first_error(text):
    errors = [line for line in text.splitlines() if line.startswith("error:")]
    return errors[0] if errors else text.strip()[:200]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkout", type=pathlib.Path)
    parser.add_argument("--frazil", default="frazil")
    parser.add_argument("--distribution", type=pathlib.Path, help="in place of the program's own")
    parser.add_argument("--suite", default="trixie")
    parser.add_argument("--only", nargs="*", default=[])
    arguments = parser.parse_args()
    frazil = "builtin:frazil"
    if arguments.distribution:
        frazil = f"path:{arguments.distribution.resolve()}"
    with tempfile.TemporaryDirectory() as folder:
        flake = FLAKE % (arguments.suite, frazil, arguments.checkout.resolve())
        (pathlib.Path(folder) / "flake.nix").write_text(flake)
        status, _, said = run(arguments.frazil, ["lock", "."], folder)
        if status != 0:
            sys.exit(said)
        names = ["eval", ".#examples", "--raw", "--apply", 'x: builtins.concatStringsSep " " (builtins.attrNames x)']
        status, text, said = run(arguments.frazil, names, folder)
        if status != 0:
            sys.exit(said)
        wrong = 0
        for name in arguments.only or text.split():
            toplevel = f".#examples.{name}.config.system.build.toplevel"
            link = ["build", toplevel, "--no-link", "--print-out-paths"]
            status, path, said = run(arguments.frazil, link, folder)
            expected = ELSEWHERE.get(name)
            if status == 0:
                print(f"{name}: linked, {path}", flush=True)
                wrong += expected is not None
            elif expected:
                print(f"{name}: as expected not: {expected}: {first_error(said)}", flush=True)
            else:
                print(f"{name}: FAILED: {first_error(said)}", flush=True)
                wrong += 1
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
