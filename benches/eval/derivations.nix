# 4000 packages, each on its own source and two earlier ones, some with several outputs, some fixed.
let
  count = 4000;
  hash = i: builtins.hashString "sha256" (toString i);
  source =
    i:
    derivation {
      name = "source-${toString i}.tar.gz";
      builder = "builtin:fetchurl";
      system = "builtin";
      url = "http://example.org/${toString i}";
      outputHashAlgo = "sha256";
      outputHashMode = "flat";
      outputHash = hash i;
    };
  package =
    done: i:
    derivation {
      name = "package-${toString i}";
      builder = "/bin/sh";
      system = "x86_64-linux";
      args = [ "-e" "build" (toString i) ];
      outputs = if builtins.bitAnd i 3 == 0 then [ "out" "dev" ] else [ "out" ];
      src = source i;
      deps = if i < 2 then [ ] else [ (builtins.elemAt done (i - 1)) (builtins.elemAt done (i / 2)) ];
      flags = [ "--prefix=${placeholder "out"}" "--with-x" ];
      doCheck = true;
      enableParallel = false;
      patches = null;
      script = ''
        configure
        make -j 4
        make install
      '';
    };
  all = builtins.genList (package all) count;
in
builtins.hashString "sha256" (builtins.concatStringsSep "\n" (map (d: "${d.drvPath} ${d.outPath}") all))
