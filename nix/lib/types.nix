/** Types of options: what a definition may be, and how several definitions become one value. */
{ lib }:
let
  load = file: import file { inherit lib; };
  make = load ./types/make.nix;
  types =
    {
      inherit (make)
        defaultFunctor
        defaultTypeMerge
        isOptionType
        isType
        mergeTypes
        mkOptionType
        noCheckForDocsModule
        optionDescriptionPhrase
        setType
        ;
      # For `with lib.types`.
      inherit types;
    }
    // load ./types/scalars.nix
    // load ./types/collections.nix
    // load ./types/combinators.nix
    // load ./types/modules.nix;
in
types
