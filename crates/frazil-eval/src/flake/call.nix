# From the nodes of a lock file to flakes that know each other.
#
# In scope: `nodes`, by name, each `{ isFlake, inputs, dir }` and where its tree comes from, which is
# one of `tree` (fetched before), `parent` and `path` (below another node), `locked` (fetched with
# `fetch` when something asks for it); `root`, the name of the node that is wanted.
let
  results = builtins.mapAttrs (_: result) nodes;

  below = directory: name: if name == "" then "${directory}" else "${directory}/${name}";

  treeOf =
    node:
    if node ? tree then
      node.tree
    else if node ? parent then
      let
        parent = results.${node.parent};
      in
      parent.sourceInfo // { outPath = below parent.outPath node.path; }
    else
      fetch node.locked;

  result =
    node:
    let
      sourceInfo = treeOf node;
      outPath = below sourceInfo node.dir;
      flake = import (outPath + "/flake.nix");
      inputs = builtins.mapAttrs (_: name: results.${name}) node.inputs;
      outputs = flake.outputs (inputs // { inherit self; });
      self =
        outputs
        // sourceInfo
        // {
          inherit
            outPath
            inputs
            outputs
            sourceInfo
            ;
          _type = "flake";
        };
    in
    if !node.isFlake then
      sourceInfo
    else if builtins.isFunction flake.outputs then
      self
    else
      throw "the `outputs` of the flake in '${outPath}' are no function";
in
results.${root}
