# Syncthing, which keeps directories of several machines the same.
#
# It keeps its settings in a file that it changes itself. Declared settings are written to that file
# before each start, so that they hold, and what was changed on its pages does not outlive a restart.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  account = import ./account.nix { inherit lib; };
  runsAs = import ./runs-as.nix { inherit lib; };
  cfg = config.services.syncthing;

  atom = types.oneOf [
    types.bool
    types.int
    types.float
    types.str
  ];
  # What an element may hold: a value, several elements of its name, or a set of elements.
  element =
    types.oneOf [
      atom
      (types.listOf element)
      (types.attrsOf element)
    ]
    // {
      # The description of a type that contains itself would have no end.
      description = "values, lists and sets of them";
    };
  secret =
    what:
    mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "/run/secrets/syncthing";
      description = "A file of the running system with the ${what}, in PEM form. Unset, Syncthing makes one at the first start.";
    };

  device =
    { name, ... }:
    {
      freeformType = types.attrsOf element;
      options = {
        id = mkOption {
          type = types.strMatching "([A-Z2-7]{7}-){7}[A-Z2-7]{7}";
          example = "P56IOI7-MZJNU2Y-IQGDREY-DM2MGTI-MGL3BXN-PQ6W5BM-TBBZ4TJ-XZWICQ2";
          description = "The identity of the machine, which is made of its certificate.";
        };
        name = mkOption {
          type = types.str;
          default = name;
          defaultText = "the attribute's name";
          description = "What it is called.";
        };
        addresses = mkOption {
          type = types.listOf types.str;
          default = [ "dynamic" ];
          example = [ "tcp://192.0.2.1:22000" ];
          description = "Where it is; `dynamic` is wherever it is found.";
        };
      };
    };
  folder =
    { name, ... }:
    {
      freeformType = types.attrsOf element;
      options = {
        enable = mkOption {
          type = types.bool;
          default = true;
          description = "Whether the directory is kept the same.";
        };
        id = mkOption {
          type = types.str;
          default = name;
          defaultText = "the attribute's name";
          description = "What all machines call it.";
        };
        label = mkOption {
          type = types.str;
          default = name;
          defaultText = "the attribute's name";
          description = "What this machine calls it.";
        };
        path = mkOption {
          type = types.path;
          default = "${cfg.dataDir}/${name}";
          defaultText = lib.literalExpression ''"''${config.services.syncthing.dataDir}/NAME"'';
          description = "Where it is.";
        };
        type = mkOption {
          type = types.enum [
            "sendreceive"
            "sendonly"
            "receiveonly"
            "receiveencrypted"
          ];
          default = "sendreceive";
          description = "Which way changes go.";
        };
        devices = mkOption {
          type = types.listOf types.str;
          default = [ ];
          example = [ "laptop" ];
          description = "With whom: names in `settings.devices`.";
        };
        versioning = mkOption {
          type = types.nullOr (types.submodule {
            options = {
              type = mkOption {
                type = types.enum [
                  "external"
                  "simple"
                  "staggered"
                  "trashcan"
                ];
                description = "How.";
              };
              params = mkOption {
                type = types.attrsOf types.str;
                default = { };
                example = {
                  keep = "10";
                };
                description = "Its parameters.";
              };
            };
          });
          default = null;
          description = "How replaced files are kept.";
        };
      };
    };

  # XML: some settings are attributes of their element, the others are elements in it.
  shown = value: if lib.isBool value then lib.boolToString value else lib.escapeXML (toString value);
  attributes = {
    device = [
      "compression"
      "id"
      "introducedBy"
      "introducer"
      "name"
      "skipIntroductionRemovals"
    ];
    folder = [
      "autoNormalize"
      "fsWatcherDelayS"
      "fsWatcherEnabled"
      "id"
      "ignorePerms"
      "label"
      "path"
      "rescanIntervalS"
      "type"
    ];
    versioning = [ "type" ];
    param = [
      "key"
      "val"
    ];
    gui = [
      "debugging"
      "enabled"
      "sendBasicAuthPrompt"
      "tls"
    ];
    configuration = [ "version" ];
  };
  xml =
    name: value:
    if lib.isList value then
      lib.concatMapStrings (xml name) value
    else if !lib.isAttrs value then
      "<${name}>${shown value}</${name}>\n"
    else
      let
        own = lib.intersectAttrs (lib.genAttrs (attributes.${name} or [ ]) (_: null)) value;
        words = lib.concatStrings (lib.mapAttrsToList (key: it: " ${key}=\"${shown it}\"") own);
        inside = lib.concatStrings (lib.mapAttrsToList xml (removeAttrs value (lib.attrNames own)));
      in
      "<${name}${words}>\n${inside}</${name}>\n";

  settings = cfg.settings;
  devices = lib.mapAttrsToList (
    _: device: removeAttrs device [ "addresses" ] // { address = device.addresses; }
  ) settings.devices;
  folders = lib.mapAttrsToList (
    _: folder:
    removeAttrs folder [
      "devices"
      "enable"
      "versioning"
    ]
    // {
      device = map (name: { inherit (settings.devices.${name}) id; }) folder.devices;
    }
    // lib.optionalAttrs (folder.versioning != null) {
      versioning = {
        inherit (folder.versioning) type;
        param = lib.mapAttrsToList (key: val: { inherit key val; }) folder.versioning.params;
      };
    }
  ) (lib.filterAttrs (_: folder: folder.enable) settings.folders);
  isDeclared = lib.any (part: part != { }) (lib.attrValues settings);
  file = pkgs.writeText "syncthing.xml" (
    xml "configuration" (
      removeAttrs settings [
        "devices"
        "folders"
      ]
      // {
        version = 37;
        device = devices;
        folder = folders;
        # Where it listens is told on the command line, which comes first.
        gui = {
          enabled = true;
          tls = false;
          address = "127.0.0.1:8384";
        }
        // settings.gui;
      }
    )
  );

  copied = path: {
    source = pkgs.writeText "syncthing-secret" "\${file:${path}}\n";
    mode = "0600";
  };
  strangers = lib.concatLists (
    lib.mapAttrsToList (
      name: folder:
      map (device: { inherit name device; }) (
        lib.filter (device: !(settings.devices ? ${device})) folder.devices
      )
    ) settings.folders
  );
in
{
  imports = [
    (lib.mkRenamedOptionModule
      [
        "services"
        "syncthing"
        "config"
      ]
      [
        "services"
        "syncthing"
        "settings"
      ]
    )
  ];

  options.services.syncthing = {
    enable = lib.mkEnableOption "Syncthing";
    package = lib.mkPackageOption pkgs "syncthing" { };
    settings = mkOption {
      default = { };
      example = lib.literalExpression ''
        {
          devices.laptop.id = "P56IOI7-MZJNU2Y-IQGDREY-DM2MGTI-MGL3BXN-PQ6W5BM-TBBZ4TJ-XZWICQ2";
          folders.documents.devices = [ "laptop" ];
        }
      '';
      description = ''
        Settings. If there are any, they are written to the file that Syncthing reads before each
        start, with `''${NAME}` and `''${file:PATH}` in them replaced by variables and files, which
        are XML there. What is not listed here is called as in that file. Without any settings the file
        is left to Syncthing.
      '';
      type = types.submodule {
        freeformType = types.attrsOf element;
        options = {
          devices = mkOption {
            type = types.attrsOf (types.submodule device);
            default = { };
            example = {
              laptop.id = "P56IOI7-MZJNU2Y-IQGDREY-DM2MGTI-MGL3BXN-PQ6W5BM-TBBZ4TJ-XZWICQ2";
            };
            description = "Other machines.";
          };
          folders = mkOption {
            type = types.attrsOf (types.submodule folder);
            default = { };
            example = {
              documents.devices = [ "laptop" ];
            };
            description = "Directories that are kept the same.";
          };
          gui = mkOption {
            type = types.attrsOf element;
            default = { };
            example = {
              apikey = "\${file:/run/secrets/syncthing}";
            };
            description = "Settings of its pages, as in the element `gui`.";
          };
          options = mkOption {
            type = types.attrsOf element;
            default = { };
            example = {
              globalAnnounceEnabled = false;
              listenAddress = [ "tcp://0.0.0.0:22000" ];
            };
            description = "Other settings, as in the element `options`.";
          };
        };
      };
    };
    cert = secret "certificate";
    key = secret "private key";
    inherit (runsAs "syncthing") user group;
    guiAddress = mkOption {
      type = types.str;
      default = "http://127.0.0.1:8384/";
      description = "Where its pages are.";
    };
    dataDir = mkOption {
      type = types.path;
      default = "/var/lib/syncthing";
      description = "Where its keys, its settings and its database are.";
    };
  };

  config = lib.mkIf cfg.enable {
    init.services.syncthing = {
      exec = [
        "${cfg.package}/bin/syncthing"
        "serve"
        "--no-browser"
        "--no-restart"
        "--no-upgrade"
        "--home=${cfg.dataDir}"
        "--gui-address=${cfg.guiAddress}"
      ];
      inherit (cfg) user group;
      environment.HOME = cfg.dataDir;
      directories.${cfg.dataDir}.mode = "0700";
      templates = lib.mkMerge [
        (lib.mkIf isDeclared {
          "${cfg.dataDir}/config.xml" = {
            source = file;
            mode = "0600";
          };
        })
        (lib.mkIf (cfg.cert != null) { "${cfg.dataDir}/cert.pem" = copied cfg.cert; })
        (lib.mkIf (cfg.key != null) { "${cfg.dataDir}/key.pem" = copied cfg.key; })
      ];
      enabled = true;
    };
    users = account {
      inherit (cfg) user group;
      description = "Syncthing";
      home = cfg.dataDir;
    };
    assertions = [
      {
        assertion = (cfg.cert == null) == (cfg.key == null);
        message = "`services.syncthing.cert` and `services.syncthing.key` belong together; set both";
      }
    ]
    ++ map (
      { name, device }:
      {
        assertion = false;
        message = "`services.syncthing.settings.folders.${name}.devices` names `${device}`, which `services.syncthing.settings.devices` does not have";
      }
    ) strangers;
    image = {
      ports = [
        8384
        22000
        "22000/udp"
        "21027/udp"
      ];
      volumes = [ cfg.dataDir ];
    };
  };
}
