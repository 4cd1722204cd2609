/**
  NixNG's trees of files outside of /etc. There a service makes them at each start and removes
  whatever else it finds; here they are in the image, and nothing is removed from a running system.
*/
{ config, lib, ... }:
let
  inherit (lib) mkOption types;

  either =
    description: tags:
    mkOption {
      inherit description;
      type = types.attrTag (
        lib.mapAttrs (
          _: tag:
          mkOption {
            inherit (tag) type description;
          }
        ) tags
      );
    };

  node = what: {
    owner = {
      user = either "The user who owns the ${what}." {
        UserName = {
          type = types.str;
          description = "The user's name.";
        };
        UserID = {
          type = types.ints.unsigned;
          description = "The user's number.";
        };
      };
      group = either "The group the ${what} belongs to." {
        GroupName = {
          type = types.str;
          description = "The group's name.";
        };
        GroupID = {
          type = types.ints.unsigned;
          description = "The group's number.";
        };
      };
    };
    mode = mkOption {
      type = types.ints.between 0 4095;
      example = lib.literalExpression "lib.fromOctal \"0640\"";
      description = "The permissions as a number: 420 is 0644.";
    };
  };

  file = types.submodule {
    options = node "file" // {
      content = either "What is in the file." {
        ContentAny = {
          type = types.enum [ [ ] ];
          description = "The file is empty in the image, and may be changed.";
        };
        ContentText = {
          type = types.lines;
          description = "A text.";
        };
        ContentBinary = {
          type = types.str;
          description = "Bytes in base 64. Not supported: nothing can decode them while the system is evaluated.";
        };
        ContentFile = {
          type = types.path;
          description = "What is in another file.";
        };
      };
    };
  };

  link = types.submodule {
    options.destination = mkOption {
      type = types.path;
      description = "What the link leads to.";
    };
  };

  # Trees within trees: documentation ends after the first.
  directory =
    depth:
    node "directory"
    // {
      content = either "What is in the directory." {
        DirectoryContentUnmanaged = {
          type = types.enum [ [ ] ];
          description = "It is empty in the image, and may be filled.";
        };
        DirectoryContentManaged = {
          description = "These entries.";
          type = types.submodule {
            options =
              lib.mapAttrs
                (
                  what: type:
                  mkOption {
                    type = types.attrsOf type;
                    default = { };
                    visible = if depth == 0 then true else "shallow";
                    description = "The ${what} in the directory.";
                  }
                )
                {
                  files = file;
                  links = link;
                  directories = types.submodule { options = directory (depth + 1); };
                };
          };
        };
      };
    };

  ownership = node: {
    user = node.owner.user.UserName or (toString node.owner.user.UserID);
    group = node.owner.group.GroupName or (toString node.owner.group.GroupID);
    mode = lib.fixedWidthString 4 "0" (lib.concatMapStrings toString (lib.toBaseDigits 8 node.mode));
  };

  ofFile =
    node:
    ownership node
    // (
      if node.content ? ContentFile then
        { source = node.content.ContentFile; }
      else
        { text = node.content.ContentText or ""; }
    );

  # All below a directory: { files; directories; binaries; } with absolute paths.
  below =
    path: node:
    let
      inside = node.content.DirectoryContentManaged or { };
      at = name: "${lib.removeSuffix "/" path}/${name}";
      placed = f: lib.mapAttrs' (name: value: lib.nameValuePair (at name) (f value));
      deeper = lib.mapAttrsToList (name: below (at name)) (inside.directories or { });
      files = inside.files or { };
    in
    {
      files = lib.mergeAttrsList (
        [
          (placed ofFile files)
          (placed (link: { link = link.destination; }) (inside.links or { }))
        ]
        ++ map (tree: tree.files) deeper
      );
      directories = lib.mergeAttrsList (
        [ { ${path} = ownership node; } ] ++ map (tree: tree.directories) deeper
      );
      binaries =
        map at (lib.attrNames (lib.filterAttrs (_: file: file.content ? ContentBinary) files))
        ++ lib.concatMap (tree: tree.binaries) deeper;
    };

  trees = lib.mapAttrsToList (
    path: tree: below path tree.specification.directory
  ) config.services.file-hammer;
in
{
  options.services.file-hammer = mkOption {
    default = { };
    description = "Trees of files in the image, by the directory they begin at.";
    type = types.attrsOf (
      types.submodule {
        options.specification = {
          ignores = mkOption {
            type = types.listOf types.str;
            default = [ ];
            description = "Entries that NixNG would leave alone. Nothing is removed here, so they change nothing.";
          };
          directory = directory 0;
        };
      }
    );
  };

  config = {
    system.files = lib.mkMerge (map (tree: tree.files) trees);
    system.directories = lib.mkMerge (map (tree: tree.directories) trees);
    assertions = map (path: {
      assertion = false;
      message = "`${path}` of `services.file-hammer` has a `ContentBinary`, which cannot be decoded while the system is evaluated; use `ContentFile`";
    }) (lib.concatMap (tree: tree.binaries) trees);
  };
}
