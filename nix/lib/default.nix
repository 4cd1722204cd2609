/**
  The library: functions on Nix values, packages and modules.

  It has the interface and the meaning of `nixpkgs.lib`, so that modules and packages written for that
  work with it, and it is written anew, in plain Nix, without anything else than the builtins.

  One file is one subject, reached as `lib.subject.function`; what is used often is also reached as
  `lib.function`. The names below are written out, so that a file is only read when it is needed.
*/
let
  makeExtensible = (import ./fixed-points.nix { lib = builtins; }).makeExtensible;
in
makeExtensible (
  lib:
  let
    load = file: import file { inherit lib; };
  in
  {
    trivial = load ./trivial.nix;
    fixedPoints = load ./fixed-points.nix;
    attrsets = load ./attrsets.nix;
    lists = load ./lists.nix;
    strings = load ./strings.nix;
    stringsWithDeps = load ./strings-with-deps.nix;
    customisation = load ./customisation.nix;
    derivations = load ./derivations.nix;
    meta = load ./meta.nix;
    versions = load ./versions.nix;
    generators = load ./generators.nix;
    cli = load ./cli.nix;
    gvariant = load ./gvariant.nix;
    asserts = load ./asserts.nix;
    debug = load ./debug.nix;
    misc = load ./misc.nix;
    flakes = load ./flakes.nix;
    fetchers = load ./fetchers.nix;
    filesystem = load ./filesystem.nix;
    sources = load ./sources.nix;
    path = load ./path;
    fileset = load ./fileset;
    network = load ./network;
    systems = load ./systems;
    kernel = load ./kernel.nix;
    licenses = load ./licenses.nix;
    modules = load ./modules.nix;
    options = load ./options.nix;
    types = load ./types.nix;

    platforms = lib.systems.doubles;
    inherit (lib.meta) licensesSpdx;

    /** Those who keep packages, by name; none here. */
    maintainers = { };
    /** Teams of them; none here. */
    teams = { };

    /** How the source of a package came about. */
    sourceTypes = load ./source-types.nix;

    inherit (builtins)
      convertHash fromTOML getContext hasContext hashString placeholder toFile toString toXML
      tryEval
      ;
    inherit (lib.network) mkEUI64Suffix;

    inherit (lib.trivial)
      add and bitAnd bitNot bitOr bitXor boolToString boolToYesNo ceil checkListOfEnum compare
      concat const deepSeq defaultTo div flip floor fromHexString functionArgs genericClosure id
      importJSON importTOML inNixShell inPureEvalMode info isBool isFloat isFunction
      isInOldestRelease isInt lessThan mapNullable max mergeAttrs min mirrorFunctionArgs mod mul
      nixpkgsVersion oldestSupportedReleaseIsAtLeast pathExists pipe readFile seq setFunctionArgs
      showWarnings splitByAndCompare sub throwIf throwIfNot toBaseDigits toFunction toHexString
      version warn warnIf warnIfNot xor or
      ;
    inherit (lib.fixedPoints)
      composeExtensions composeManyExtensions converge extends fix fix' makeExtensible
      makeExtensibleWithCustomName toExtension
      ;
    inherit (lib.attrsets)
      attrByPath attrNames attrVals attrValues attrsToList cartesianProduct catAttrs
      chooseDevOutputs collect concatMapAttrs dontRecurseIntoAttrs filterAttrs filterAttrsRecursive
      foldAttrs foldlAttrs genAttrs genAttrs' getAttr getAttrFromPath getAttrs getBin getDev
      getFirstOutput getInclude getLib getMan getOutput getStatic hasAttr hasAttrByPath
      intersectAttrs isAttrs isDerivation listToAttrs mapAttrs mapAttrs' mapAttrsRecursive
      mapAttrsRecursiveCond mapAttrsToList mapAttrsToListRecursive mapAttrsToListRecursiveCond
      mapCartesianProduct matchAttrs mergeAttrsList nameValuePair optionalAttrs overrideExisting
      recurseIntoAttrs recursiveUpdate recursiveUpdateUntil removeAttrs setAttrByPath showAttrPath
      toDerivation updateManyAttrsByPath zipAttrs zipAttrsWith zipAttrsWithNames
      ;
    inherit (lib.lists)
      all allUnique any compareLists concatAttrValues concatLists concatMap count crossLists drop
      dropEnd elem elemAt filter findFirst findSingle flatten fold foldl foldl' foldr forEach
      genList groupBy groupBy' head ifilter0 imap0 imap1 init intersectLists isList last length
      listDfs map mutuallyExclusive naturalSort optional optionals partition range remove
      replaceElemAt replicate reverseList singleton sort sortOn sublist subtractLists tail take
      takeEnd toList toposort unique uniqueStrings zipLists zipListsWith
      ;
    inherit (lib.strings)
      addContextFrom appendContext cmakeBool cmakeFeature cmakeOptionType compareVersions
      concatImapStrings concatImapStringsSep concatLines concatMapAttrsStringSep concatMapStrings
      concatMapStringsSep concatStrings concatStringsSep enableFeature enableFeatureAs escape
      escapeRegex escapeShellArg escapeShellArgs escapeURL escapeXML fileContents fixedWidthNumber
      fixedWidthString fromJSON getName getVersion hasInfix hasPrefix hasSuffix intersperse isPath
      isStorePath isString isStringLike isValidPosixName join lowerChars makeBinPath makeIncludePath
      makeLibraryPath makeSearchPath makeSearchPathOutput match mesonBool mesonEnable mesonOption
      nameFromURL optionalString parseDrvName removePrefix removeSuffix replaceString replaceStrings
      split splitString splitStringBy stringAsChars stringLength stringToCharacters substring
      toCamelCase toInt toIntBase10 toJSON toLower toSentenceCase toShellVar toShellVars toUpper
      trim trimWith typeOf unsafeDiscardStringContext upperChars versionAtLeast versionOlder
      withFeature withFeatureAs
      ;
    inherit (lib.stringsWithDeps)
      fullDepEntry noDepEntry packEntry stringAfter textClosureList textClosureMap
      ;
    inherit (lib.customisation)
      callPackageWith callPackagesWith extendDerivation extendMkDerivation hydraJob makeOverridable
      makeScope makeScopeWithSplicing makeScopeWithSplicing' mapCrossIndex overrideDerivation
      renameCrossIndexFrom renameCrossIndexTo
      ;
    inherit (lib.derivations)
      addDrvOutputDependencies lazyDerivation optionalDrvAttr unsafeDiscardOutputDependency
      warnOnInstantiate
      ;
    inherit (lib.meta)
      addMetaAttrs appendToName dontDistribute getExe getExe' getLicenseFromSpdxId
      getLicenseFromSpdxIdOr hiPrio hiPrioSet lowPrio lowPrioSet mapDerivationAttrset setName
      setPrio updateName
      ;
    inherit (lib.generators)
      mkLuaInline
      ;
    inherit (lib.filesystem)
      baseNameOf dirOf hashFile packagesFromDirectoryRecursive pathIsDirectory pathIsRegularFile
      pathType readDir readFileType
      ;
    inherit (lib.sources)
      canCleanSource cleanSource cleanSourceFilter cleanSourceWith commitIdFromGitRepo filterSource
      pathHasContext pathIsGitRepo repoRevToName revOrTag sourceByRegex sourceFilesBySuffices trace
      ;
    inherit (lib.modules)
      applyModuleArgsIfFunction dischargeProperties doRename evalModules evalOptionValue
      filterOverrides fixupOptionType mergeDefinitions mergeModules mergeModules' mergeOptionDecls
      mkAfter mkAliasAndWrapDefinitions mkAliasDefinitions mkAliasOptionModule mkAliasOptionModuleMD
      mkAssert mkBefore mkChangedOptionModule mkDefault mkDefinition mkDerivedConfig mkFixStrictness
      mkForce mkIf mkImageMediaOverride mkMerge mkMergedOptionModule mkOptionDefault mkOrder
      mkOverride mkRemovedOptionModule mkRenamedOptionModule mkRenamedOptionModuleWith mkVMOverride
      pushDownProperties setDefaultModuleLocation sortProperties unifyModuleSyntax
      ;
    inherit (lib.options)
      getFiles getValues isOption literalExpression literalMD mergeDefaultOption mergeEqualOption
      mergeOneOption mergeUniqueOption mkEnableOption mkOption mkPackageOption
      mkSinkUndeclaredOptions optionAttrSetToDocList optionAttrSetToDocList' scrubOptionValue
      showFiles showOption showOptionWithDefLocs unknownModule
      ;
    inherit (lib.types)
      defaultFunctor defaultTypeMerge isOptionType isType mkOptionType setType
      ;
    inherit (lib.asserts)
      assertMsg assertOneOf
      ;
    inherit (lib.debug)
      addErrorContext runTests testAllTrue traceFnSeqN traceIf traceSeq traceSeqN traceVal
      traceValFn traceValSeq traceValSeqFn traceValSeqN traceValSeqNFn unsafeGetAttrPos
      ;
    inherit (lib.misc)
      closePropagation fakeHash fakeSha256 fakeSha512 ifEnable imap maybeAttr maybeEnv
      mergeAttrsConcatenateValues mergeAttrsNoOverride mergeAttrsWithFunc nixType nvs setAttr
      setAttrMerge uniqList
      ;
    inherit (lib.flakes)
      flakeRefToString parseFlakeRef
      ;
    inherit (lib.versions)
      splitVersion
      ;
  }
)
