# What Linux calls its signals, by number from 1. Those of real time are counted from the first, 34.
{ lib }:
rec {
  named = [
    "HUP"
    "INT"
    "QUIT"
    "ILL"
    "TRAP"
    "ABRT"
    "BUS"
    "FPE"
    "KILL"
    "USR1"
    "SEGV"
    "USR2"
    "PIPE"
    "ALRM"
    "TERM"
    "STKFLT"
    "CHLD"
    "CONT"
    "STOP"
    "TSTP"
    "TTIN"
    "TTOU"
    "URG"
    "XCPU"
    "XFSZ"
    "VTALRM"
    "PROF"
    "WINCH"
    "IO"
    "PWR"
    "SYS"
  ];
  # As far as all engines know them.
  realTime = [ "RTMIN" ] ++ map (number: "RTMIN+${toString number}") (lib.range 1 15);

  plain = lib.removePrefix "SIG";
  numbers = lib.listToAttrs (lib.imap1 (number: name: lib.nameValuePair name number) named);
  # What no process gets, or takes for something else: a fault, or the end of a child.
  unheard = [
    "BUS"
    "CHLD"
    "FPE"
    "ILL"
    "KILL"
    "SEGV"
    "STOP"
  ];
  heard = lib.subtractLists unheard (named ++ realTime);
}
