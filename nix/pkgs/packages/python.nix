# The Python of the suite. Its libraries are Debian's packages `python3-NAME`.
{ lib }:
{
  packages = [ "python3-minimal" ];
  pname = "python3";
  bin = [ "/usr/bin/python3" ];
  commands = {
    python = "/usr/bin/python3";
    pydoc = "/usr/bin/pydoc3";
  };
  mainProgram = "python3";
  license = "Python-2.0";
  development = [ "python3-dev" ];
  # `libraries = [ "requests" ]` adds Debian's packages of these names.
  override =
    {
      libraries ? [ ],
    }:
    {
      packages = map (name: "python3-${name}") libraries;
    };
  scripts = "covered";
  passthru = facts: {
    pythonVersion = lib.versions.majorMinor facts.version;
    sitePackages = "lib/python3/dist-packages";
  };
}
