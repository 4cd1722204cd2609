let
  f = x: __curPos;
    here = __curPos;
in [ here (f 1) { at = __curPos; } ]
