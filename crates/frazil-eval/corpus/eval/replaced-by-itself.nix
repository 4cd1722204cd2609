let r = s: r (builtins.replaceStrings [ "" ] [ s ] s); in r "ab"
