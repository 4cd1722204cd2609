# Certbot, which gets certificates and renews them.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.certbot;

  domain = types.submodule {
    options = {
      extraDomains = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Further names in the certificate.";
      };
      webroot = mkOption {
        type = types.str;
        example = "/var/www";
        description = "The directory that a web server serves under this name.";
      };
      email = mkOption {
        type = types.str;
        description = "Who is told when something is wrong with the certificate.";
      };
      server = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "The authority's directory; unset, Certbot's own choice.";
      };
      postScript = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "A command to run when there is a new certificate.";
      };
      extraOptions = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Further options, as one line.";
      };
    };
  };

  words = import ../init/words.nix { inherit lib; };
  given = option: value: lib.optionals (value != null) [ option value ];
  obtain =
    name: domain:
    [
      "${cfg.package}/bin/certbot"
      "certonly"
      "--non-interactive"
      "--keep-until-expiring"
      "--agree-tos"
      "--webroot"
      "--webroot-path=${domain.webroot}"
      "--email=${domain.email}"
      "--cert-name=${name}"
    ]
    ++ lib.concatMap (name: [
      "--domain"
      name
    ]) ([ name ] ++ domain.extraDomains)
    ++ given "--server" domain.server
    ++ given "--deploy-hook" domain.postScript
    ++ lib.optionals (domain.extraOptions != null) (words domain.extraOptions);
in
{
  options.services.certbot = {
    enable = lib.mkEnableOption "Certbot";
    package = lib.mkPackageOption pkgs "certbot" { };
    acceptTerms = mkOption {
      type = types.bool;
      default = false;
      description = "Whether you accept the terms of the authority.";
    };
    interval = mkOption {
      type = types.ints.positive;
      default = 43200;
      description = "How long to wait at most before certificates are looked at again, in seconds.";
    };
    domains = mkOption {
      type = types.attrsOf domain;
      default = { };
      description = "The certificates, by their first name.";
    };
  };

  config = lib.mkIf cfg.enable {
    # Looks, ends, and is started again after a pause: what is not due is left alone. Pauses grow
    # from a minute, so that a first attempt without a network is soon repeated.
    init.services = lib.mapAttrs' (
      name: domain:
      lib.nameValuePair "certbot-${name}" {
        exec = obtain name domain;
        directories = {
          "/etc/letsencrypt" = { };
          "/var/lib/letsencrypt" = { };
          "/var/log/letsencrypt" = { };
          ${domain.webroot} = { };
        };
        restart = "always";
        backoff = {
          min = lib.mkDefault (lib.min 60 cfg.interval);
          max = cfg.interval;
          reset = cfg.interval;
        };
        enabled = true;
      }
    ) cfg.domains;

    environment.systemPackages = [ cfg.package ];
    image.volumes = [ "/etc/letsencrypt" ];
    assertions = [
      {
        assertion = cfg.acceptTerms;
        message = "Certbot asks for the terms of the authority to be accepted; set `services.certbot.acceptTerms = true`";
      }
    ];
  };
}
