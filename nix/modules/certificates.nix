# The authorities whose certificates programs of the system trust.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.security.ca;
  isUsed = cfg.certificateFiles != [ ] || cfg.certificates != [ ];
  own = pkgs.writeText "own-certificates.crt" (lib.concatLines cfg.certificates);
in
{
  options.security.ca = {
    certificateFiles = mkOption {
      type = types.listOf types.path;
      default = [ ];
      example = lib.literalExpression ''[ "''${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt" ]'';
      description = "Files with certificates in PEM form to trust.";
    };
    certificates = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Certificates in PEM form to trust.";
    };
    certificateBlacklist = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Names of authorities of the default bundle not to trust.";
    };
  };

  # Without own certificates the linker brings the default bundle where a program wants one.
  config = lib.mkIf isUsed {
    environment.etc."ssl/certs/ca-certificates.crt".source = pkgs.concatText "ca-certificates.crt" (
      [
        "${pkgs.cacert.override { blacklist = cfg.certificateBlacklist; }}/etc/ssl/certs/ca-bundle.crt"
      ]
      ++ cfg.certificateFiles
      ++ [ own ]
    );
    environment.etc."pki/tls/certs/ca-bundle.crt".source = "/etc/ssl/certs/ca-certificates.crt";
  };
}
