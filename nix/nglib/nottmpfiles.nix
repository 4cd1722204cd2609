/**
  Rules of tmpfiles.d(5): files, directories and links that are made when a system starts.
*/
{ lib }:
let
  fields = [
    "type"
    "path"
    "mode"
    "user"
    "group"
    "age"
    "argument"
  ];
  rule = type: path: mode: user: group: age: argument: {
    inherit
      type
      path
      mode
      user
      group
      age
      argument
      ;
  };
  types = {
    f = "f";
    fp = "f+";
    w = "w";
    wp = "w+";
    d = "d";
    D = "D";
    e = "e";
    v = "v";
    q = "q";
    Q = "Q";
    p = "p";
    pp = "p+";
    L = "L";
    Lp = "L+";
    c = "c";
    cp = "c+";
    b = "b";
    bp = "b+";
    C = "C";
    Cp = "C+";
    x = "x";
    X = "X";
    r = "r";
    R = "R";
    z = "z";
    Z = "Z";
    t = "t";
    T = "T";
    h = "h";
    H = "H";
    a = "a";
    ap = "a+";
    A = "A";
    Ap = "A+";
  };
  dsl = lib.mapAttrs (_: rule) types // {
    _ = null;
    rwx = "rwx";
    rw_ = "rw-";
    r_x = "r-x";
    r__ = "r--";
    _wx = "-wx";
    _w_ = "-w-";
    __x = "--x";
    ___ = "---";
  };
in
{
  /**
    Rules as functions named after their types (`p` for `+`), of path, mode, user, group, age and
    argument; `_` leaves a field to its default.

        with nglib.nottmpfiles.dsl; [ (d "/run/app" "0755" "app" "app" _ _) (Lp "/etc/app" _ _ _ _ "/run/app") ]
  */
  inherit dsl;

  /**
    Rules as lines of a tmpfiles.d file. `[Rule] -> String`

        generate [ (dsl.d "/run/app" "0755" "app" "app" null null) ]  =>  "d /run/app 0755 app app - -\n"
  */
  generate =
    rules:
    lib.concatMapStringsSep "\n" (
      rule:
      lib.concatMapStringsSep " " (field: if rule.${field} == null then "-" else rule.${field}) fields
    ) rules
    + "\n";

  /**
    The rules for `init.services.<name>.ensureSomething`: `link`, `copy` and `create`. What is not
    `persistent` is removed first. `AttrSet -> [Rule]`
  */
  ensureSomethings =
    { link, copy, create, ... }:
    let
      remove = type: path: rule type path null null null null null;
      removed = persistent: type: path: lib.optional (!persistent) (remove type path);
      each = f: entries: lib.concatLists (lib.mapAttrsToList (_: f) entries);
    in
    each (
      {
        src,
        dst,
        persistent,
        ...
      }:
      [ (dsl.Lp dst null null null null src) ] ++ removed persistent "r" dst
    ) link
    ++ each (
      {
        src,
        dst,
        persistent,
        ...
      }:
      [ (dsl.Cp dst null null null null src) ] ++ removed persistent "r" dst
    ) copy
    ++ each (
      {
        dst,
        type,
        mode,
        owner,
        persistent,
        ...
      }:
      let
        names = lib.splitString ":" owner;
        # Three digits are octal without the leading zero that tmpfiles.d wants.
        octal = if mode != null && builtins.stringLength mode == 3 then "0${mode}" else mode;
        make = if type == "directory" then dsl.d else dsl.f;
      in
      assert lib.assertMsg (lib.length names == 2)
        "the owner of ${dst} must be of the form `<user>:<group>`, but is `${owner}`";
      [ (make dst octal (lib.head names) (lib.last names) null null) ]
      ++ removed persistent (if type == "directory" then "R" else "r") dst
    ) create;
}
