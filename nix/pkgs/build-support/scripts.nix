# Scripts and programs that are one text.
{ lib, final }:
let
  shell = final.runtimeShell;
  inherit (final) writeTextFile;

  # A shebang names an interpreter by its store path or, without one, as it is.
  withShebang = interpreter: text: "#!${interpreter}\n${text}";

  writer =
    interpreter: nameOrPath: text:
    let
      isPath = lib.hasPrefix "/" nameOrPath;
      name = lib.last (lib.splitString "/" nameOrPath);
    in
    writeTextFile {
      inherit name;
      text = withShebang interpreter text;
      executable = true;
      destination = lib.optionalString isPath nameOrPath;
    };

  inBin =
    write: name: text:
    write "/bin/${name}" text;
in
rec {
  runtimeShell = "${final.bash}/bin/bash";
  runtimeShellPackage = final.bash;

  writeScript =
    name: text:
    writeTextFile {
      inherit name text;
      executable = true;
    };

  writeScriptBin =
    name: text:
    writeTextFile {
      inherit name text;
      executable = true;
      destination = "/bin/${name}";
    };

  writeShellScript =
    name: text:
    writeTextFile {
      inherit name;
      executable = true;
      text = withShebang shell text;
    };

  writeShellScriptBin =
    name: text:
    writeTextFile {
      inherit name;
      executable = true;
      destination = "/bin/${name}";
      text = withShebang shell text;
    };

  # A program of the shell with strict options and its tools on the PATH. The script is not checked
  # by shellcheck: that would need a real build.
  writeShellApplication =
    {
      name,
      text,
      runtimeInputs ? [ ],
      runtimeEnv ? null,
      meta ? { },
      passthru ? { },
      checkPhase ? null,
      excludeShellChecks ? [ ],
      extraShellCheckFlags ? [ ],
      bashOptions ? [
        "errexit"
        "nounset"
        "pipefail"
      ],
      derivationArgs ? { },
      inheritPath ? true,
    }:
    writeTextFile {
      inherit name passthru;
      executable = true;
      destination = "/bin/${name}";
      meta = {
        mainProgram = name;
      }
      // meta;
      text =
        "#!${shell}\n"
        + lib.concatMapStrings (option: "set -o ${option}\n") bashOptions
        + lib.concatStrings (
          lib.mapAttrsToList (key: value: "${lib.toShellVar key value}\nexport ${key}\n") (
            if runtimeEnv == null then { } else runtimeEnv
          )
        )
        + lib.optionalString (runtimeInputs != [ ]) (
          "\nexport PATH=\"${lib.makeBinPath runtimeInputs}${lib.optionalString inheritPath ":$PATH"}\"\n"
        )
        + "\n${text}\n";
    };

  writers = rec {
    writeBash = writer "${final.bash}/bin/bash";
    writeBashBin = inBin writeBash;
    writeDash = writer "${final.dash}/bin/dash";
    writeDashBin = inBin writeDash;
    writePython3 = name: _: writer "${final.python3}/bin/python3" name;
    writePython3Bin = name: options: writePython3 "/bin/${name}" options;
    writePerl = name: _: writer "${final.perl}/bin/perl" name;
    writePerlBin = name: options: writePerl "/bin/${name}" options;
    writeText = final.writeText;
    writeJSON = name: value: final.writeText name (builtins.toJSON value);
    writeTOML = (final.formats.toml { }).generate;
    writeYAML = (final.formats.yaml { }).generate;
  };
}
