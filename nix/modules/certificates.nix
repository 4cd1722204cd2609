# The authorities whose certificates programs of the system trust.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.security.ca;
  bundle = "/etc/ssl/certs/ca-certificates.crt";
  hasOwn = cfg.certificateFiles != [ ] || cfg.certificates != [ ];
in
{
  options.security.ca = {
    certificateFiles = mkOption {
      type = types.listOf types.path;
      default = [ ];
      example = lib.literalExpression "[ ./our-authority.pem ]";
      description = "Files with certificates in PEM form to trust besides the usual ones.";
    };
    certificates = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Certificates in PEM form to trust besides the usual ones.";
    };
    certificateBlacklist = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "ISRG Root X1" ];
      description = "Names of authorities not to trust, as Mozilla's list or the files of the package `ca-certificates` have them.";
    };
  };

  # The linker makes the bundle and brings it where a program wants one; certificates that a system
  # has of its own are for programs that it cannot know, too.
  config = lib.mkMerge [
    (lib.mkIf hasOwn {
      system.link.capabilities.authorities = lib.mkDefault true;
      environment.etc."pki/tls/certs/ca-bundle.crt".source = bundle;
    })
    (lib.mkIf (hasOwn || cfg.certificateBlacklist != [ ]) {
      assertions = [
        {
          assertion = !(config.system.files ? ${bundle});
          message = "`security.ca` makes `${bundle}`, and so does `system.files` or `environment.etc`; keep one";
        }
      ];
    })
  ];
}
