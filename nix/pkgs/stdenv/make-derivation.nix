# stdenv.mkDerivation: nixpkgs' interface over Debian's tools.
{
  lib,
  final,
  setup,
  stdenv,
  tools,
}:
let
  inputNames = [
    "nativeBuildInputs"
    "buildInputs"
    "propagatedBuildInputs"
    "propagatedNativeBuildInputs"
    "depsBuildBuild"
    "depsBuildTarget"
    "depsHostHost"
    "depsTargetTarget"
    "checkInputs"
    "nativeCheckInputs"
    "installCheckInputs"
    "nativeInstallCheckInputs"
  ];

  # Arguments that are not for the builder.
  notForBuilder = inputNames ++ [
    "meta"
    "passthru"
    "pos"
    "env"
    "src"
  ];

  isAdapter = input: input ? debian.packages;

  make =
    attrs:
    let
      version = attrs.version or null;
      name = attrs.name or "${attrs.pname}-${version}";
      inputs = lib.concatMap (
        kind: builtins.filter (input: input != null) (lib.flatten (attrs.${kind} or [ ]))
      ) inputNames;
      adapters = builtins.filter isAdapter inputs;
      others = builtins.filter (input: !isAdapter input) inputs;
      # A package to build against is its headers too.
      seeds = lib.concatMap (
        adapter: adapter.debian.packages ++ adapter.debian.development
      ) adapters;

      arguments =
        removeAttrs attrs notForBuilder
        // attrs.env or { }
        // lib.optionalAttrs (attrs ? src && attrs.src != null) { inherit (attrs) src; }
        // {
          inherit name;
          inherit (final) system;
          builder = "/bin/bash";
          args = attrs.args or [
            "-e"
            (attrs.builder or "${setup}/builder")
          ];
          stdenv = setup;
          debianRoot = final.debianTools.root (tools ++ seeds);
          # Found by the setup, which adds them to search paths and runs their hooks.
          inputs = map toString others;
          doCheck = attrs.doCheck or false;
          doInstallCheck = attrs.doInstallCheck or false;
        };

      drv = derivation (lib.filterAttrs (_: value: value != null) arguments);
      passthru = attrs.passthru or { };
    in
    lib.extendDerivation true (
      {
        inherit passthru stdenv;
        inherit name;
        meta = {
          inherit name;
          available = true;
          outputsToInstall = [ "out" ];
        }
        // attrs.meta or { };
        src = attrs.src or null;
        inputDerivation = throw "${name}: inputDerivation is not offered";
      }
      // lib.optionalAttrs (version != null) { inherit version; }
      // lib.optionalAttrs (attrs ? pname) { inherit (attrs) pname; }
      // passthru
    ) drv;

  # `mkDerivation (finalAttrs: { .. })`: the attributes may refer to what they become.
  fixed =
    layer:
    let
      attrs = layer (attrs // { finalPackage = package; });
      package = make attrs // {
        overrideAttrs =
          change:
          fixed (
            final:
            let
              old = layer final;
              first = if builtins.isFunction change then change final else change;
              # Two arguments, or only the old attributes.
              new =
                if !builtins.isFunction change then
                  change
                else if builtins.isFunction first then
                  first old
                else
                  change old;
            in
            old // new
          );
        overrideDerivation = change: make (attrs // change attrs);
      };
    in
    package;
in
attrsOrFunction:
fixed (if builtins.isFunction attrsOrFunction then attrsOrFunction else _: attrsOrFunction)
