# Accounts. Numbers may be left out: the builder then chooses them, and keeps them over rebuilds.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.users;

  # Up to 2^32 - 2; the last one means "unchanged" to the kernel.
  id = types.ints.between 0 4294967294;
  # A colon or a line break would end the field in /etc/passwd.
  field = types.strMatching "[^:\n]*";
  name = types.strMatching "[a-z_][a-z0-9_.-]{0,31}";

  user =
    { name, config, ... }:
    let
      # Services may share an account.
      services = cfg.ofServices.${config.name} or [ ];
    in
    {
      options = {
        name = mkOption {
          type = types.str;
          default = name;
          defaultText = "the attribute's name";
          description = "The name of the user.";
        };
        uid = mkOption {
          type = types.nullOr id;
          default = null;
          description = "The number of the user. Unset, it is chosen and never given to another.";
        };
        group = mkOption {
          type = types.str;
          default = if services == [ ] then "nogroup" else (lib.head services).group;
          defaultText = "nogroup, or the group of the service that the user is for";
          description = "The user's own group.";
        };
        extraGroups = mkOption {
          type = types.listOf types.str;
          default = [ ];
          description = "Further groups the user is a member of.";
        };
        description = mkOption {
          type = field;
          default = lib.concatStringsSep " and " (lib.unique (map (service: service.description) services));
          defaultText = "what the services are that the user is for";
          description = "Who the user is: the comment field.";
        };
        home = mkOption {
          type = types.path;
          default = lib.findFirst (home: home != "/var/empty") "/var/empty" (
            map (service: service.home) services
          );
          defaultText = "/var/empty, or the directory of the service that the user is for";
          description = "The home directory.";
        };
        createHome = mkOption {
          type = types.bool;
          # A service makes it, with the permissions that it needs.
          default = (services == [ ] || config.isNormalUser) && config.home != "/var/empty";
          defaultText = "true, unless it is /var/empty or a service makes it";
          description = "Whether the home directory exists in the image.";
        };
        shell = mkOption {
          type = types.either types.package types.path;
          default = if config.useDefaultShell then cfg.defaultUserShell else "/usr/sbin/nologin";
          defaultText = "/usr/sbin/nologin, or the default shell where `useDefaultShell` is set";
          apply = shell: "${shell}${lib.optionalString (shell ? shellPath) shell.shellPath}";
          description = "The login shell.";
        };
        useDefaultShell = mkOption {
          type = types.bool;
          default = false;
          description = "Whether the login shell is `users.defaultUserShell`.";
        };
        isNormalUser = mkOption {
          type = types.bool;
          default = false;
          description = "Whether this is a person: with a home below /home and the default shell.";
        };
        hashedPassword = mkOption {
          type = types.nullOr field;
          default = null;
          description = ''
            The password as `mkpasswd` prints it. It becomes part of the image, for all to read who
            can read the image; `hashedPasswordFile` does not.
          '';
        };
        hashedPasswordFile = mkOption {
          type = types.nullOr types.str;
          default = null;
          example = "/run/secrets/admin";
          description = ''
            A file of the running system with the password as `mkpasswd` prints it. It is put into
            /etc/shadow when the system starts, before anything else runs. Where the file lacks, or
            /etc cannot be written to, a container does not start.
          '';
        };
        subUids = subordinate "uid";
        subGids = subordinate "gid";
      };

      config = lib.mkIf config.isNormalUser {
        home = lib.mkDefault "/home/${config.name}";
        useDefaultShell = lib.mkDefault true;
        group = lib.mkDefault "users";
      };
    };

  subordinate =
    kind:
    mkOption {
      type = types.listOf (
        types.submodule {
          options = {
            start = mkOption {
              type = id;
              description = "The first ${kind} of the range.";
            };
            count = mkOption {
              type = types.ints.positive;
              default = 65536;
              description = "How many there are.";
            };
          };
        }
      );
      default = [ ];
      description = "Ranges of ${kind}s that the user may hand out in user namespaces.";
    };

  group = {
    options = {
      gid = mkOption {
        type = types.nullOr id;
        default = null;
        description = "The number of the group. Unset, it is chosen and never given to another.";
      };
      members = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Users in the group, besides those who name it themselves.";
      };
    };
  };

  ranges =
    option:
    lib.concatLines (
      lib.concatLists (
        lib.mapAttrsToList (
          _: user: map (range: "${user.name}:${toString range.start}:${toString range.count}") user.${option}
        ) cfg.users
      )
    );
  hasRanges = option: lib.any (user: user.${option} != [ ]) (lib.attrValues cfg.users);

  # Who logs in as whom, by the names of users: a list of what lets them in.
  logins = lib.zipAttrsWith (_: lib.concatLists) [
    cfg.logins
    (lib.foldl' (all: user: all // { ${user.name} = [ "`users.users`" ]; }) { } (
      lib.filter (user: user.isNormalUser || user.hashedPassword != null || user.hashedPasswordFile != null) (
        lib.attrValues cfg.users
      )
    ))
  ];
  refusesLogins = shell: lib.elem (baseNameOf shell) [ "nologin" "false" ];

  # Ranges of numbers in order, each with the one before it.
  neighbours =
    option:
    let
      ranges = lib.sort (a: b: a.start < b.start) (
        lib.concatMap (user: map (range: range // { inherit (user) name; }) user.${option}) (
          lib.attrValues cfg.users
        )
      );
    in
    lib.zipLists ranges (lib.drop 1 ranges);
  mustNotOverlap =
    option:
    map (pair: {
      assertion = pair.fst.start + pair.fst.count <= pair.snd.start;
      message = "`${option}` of the users ${pair.fst.name} and ${pair.snd.name} overlap at ${toString pair.snd.start}; whoever has the numbers of another may do what the other may";
    }) (neighbours option)
    ++ lib.concatMap (
      user:
      map (range: {
        assertion = range.start + range.count <= 4294967295;
        message = "`${option}` of the user ${user.name} from ${toString range.start} on are not ${toString range.count} numbers below 4294967295";
      }) user.${option}
    ) (lib.attrValues cfg.users);

  names = map (user: user.name) (lib.attrValues cfg.users);
  unknownLogins = lib.mapAttrsToList (user: by: {
    assertion = lib.elem user names;
    message = "${lib.concatStringsSep ", " by} lets the user ${user} in, who does not exist; add `users.users.${user}.isNormalUser = true;`";
  }) cfg.logins;
  mustBeOne = lib.mapAttrsToList (name: users: {
    assertion = lib.length users == 1;
    message = "${toString (lib.length users)} of `users.users` have the name ${name}";
  }) (lib.groupBy lib.id names);

  # Every number that two share, with those who share it.
  shared =
    option: accounts:
    lib.filterAttrs (_: names: lib.length names > 1) (
      lib.groupBy (name: toString accounts.${name}.${option}) (
        lib.filter (name: accounts.${name}.${option} != null) (lib.attrNames accounts)
      )
    );
  mustDiffer =
    what: option: accounts:
    lib.mapAttrsToList (number: names: {
      assertion = false;
      message = "the ${what} ${lib.concatStringsSep " and " names} have the same number, ${number}; change `${option}` of one";
    }) (shared option accounts);

  unknownGroups = lib.concatLists (
    lib.mapAttrsToList (
      name: user:
      map (group: {
        assertion = cfg.groups ? ${group};
        message = "the user ${name} is in the group ${group}, which does not exist; add `users.groups.${group} = { };`";
      }) ([ user.group ] ++ user.extraGroups)
    ) cfg.users
  );
in
{
  options = {
    users = {
      users = mkOption {
        type = types.attrsOf (types.submodule user);
        default = { };
        description = "The users of the system.";
      };
      groups = mkOption {
        type = types.attrsOf (types.submodule group);
        default = { };
        description = "The groups of the system.";
      };
      createDefaultUsersGroups = mkOption {
        type = types.bool;
        default = true;
        description = "Whether root, nobody and their groups exist.";
      };
      defaultUserShell = mkOption {
        type = types.either types.package types.path;
        default = "/bin/sh";
        description = "The login shell of users with `useDefaultShell`.";
      };
      ofServices = mkOption {
        type = types.attrsOf (types.listOf (types.attrsOf types.str));
        default = { };
        internal = true;
        description = "Users of services, each with what the services want of it: `description`, `group` and `home`.";
      };
      logins = mkOption {
        type = types.attrsOf (types.listOf types.str);
        default = { };
        internal = true;
        description = "Users whom services let in, each with the options that do. Their shells are in the system.";
      };
    };
    system.accounts = mkOption {
      type = types.attrs;
      readOnly = true;
      internal = true;
      description = "Users and groups as the builder reads them.";
    };
    ids = {
      uids = mkOption {
        type = types.attrsOf (types.nullOr id);
        default = { };
        description = "Numbers of users by name, for modules that ask for them; unset ones are chosen by the builder.";
      };
      gids = mkOption {
        type = types.attrsOf (types.nullOr id);
        default = { };
        description = "Numbers of groups by name, for modules that ask for them; unset ones are chosen by the builder.";
      };
    };
  };

  config = {
    users = lib.mkIf cfg.createDefaultUsersGroups {
      users = {
        root = {
          uid = lib.mkDefault 0;
          group = lib.mkDefault "root";
          home = lib.mkDefault "/root";
          createHome = lib.mkDefault true;
          description = lib.mkDefault "root";
          useDefaultShell = lib.mkDefault true;
        };
        nobody = {
          uid = lib.mkDefault 65534;
          group = lib.mkDefault "nogroup";
          description = lib.mkDefault "nobody";
        };
      };
      groups = {
        root.gid = lib.mkDefault 0;
        nogroup.gid = lib.mkDefault 65534;
        users.gid = lib.mkDefault 100;
      };
    };

    init.first = lib.concatLists (
      lib.mapAttrsToList (
        _: user:
        lib.optional (user.hashedPasswordFile != null) [
          "/usr/sbin/init"
          "password"
          user.name
          user.hashedPasswordFile
        ]
      ) cfg.users
    );

    system.accounts = {
      users = lib.mapAttrs' (
        _: user:
        lib.nameValuePair user.name {
          inherit (user)
            uid
            group
            extraGroups
            description
            home
            shell
            hashedPassword
            hashedPasswordFile
            ;
          logsIn = if logins ? ${user.name} && !refusesLogins user.shell then true else null;
        }
      ) cfg.users;
      inherit (cfg) groups;
    };

    system.directories = lib.mapAttrs' (
      _: user:
      lib.nameValuePair user.home {
        user = lib.mkDefault user.name;
        group = lib.mkDefault user.group;
        mode = lib.mkDefault "0700";
      }
    ) (lib.filterAttrs (_: user: user.createHome) cfg.users);

    environment.etc = {
      subuid = lib.mkIf (hasRanges "subUids") { text = ranges "subUids"; };
      subgid = lib.mkIf (hasRanges "subGids") { text = ranges "subGids"; };
    };

    assertions =
      lib.mapAttrsToList (name: user: {
        assertion = user.hashedPasswordFile == null || !lib.hasPrefix builtins.storeDir user.hashedPasswordFile;
        message = "`users.users.${name}.hashedPasswordFile` is in the store, for all to read; name a file that is mounted when the system runs";
      }) cfg.users
      ++ mustDiffer "users" "uid" cfg.users
      ++ mustDiffer "groups" "gid" cfg.groups
      ++ unknownGroups
      ++ unknownLogins
      ++ mustBeOne
      ++ mustNotOverlap "subUids"
      ++ mustNotOverlap "subGids"
      ++ map (given: {
        assertion = name.check given;
        message = "`${given}` cannot be the name of a user or a group: lower-case letters, digits, `_`, `-` and `.`, not a digit first, at most 32 characters";
      }) (names ++ lib.attrNames cfg.groups);
  };
}
