/**
  Sets that refer to themselves, and overlays over them.

  An overlay (extension) is `final: prev: { ... }`: `prev` is the set before it, `final` the result
  of all overlays. A recursive set is `final: { ... }`.
*/
{ lib }:
rec {
  /**
    The value that is its own argument. `(a -> a) -> a`

        fix (self: { a = 1; b = self.a; })  =>  { a = 1; b = 1; }
  */
  fix =
    f:
    let
      x = f x;
    in
    x;

  /**
    `fix` that keeps the function as `__unfix__`. `(AttrSet -> AttrSet) -> AttrSet`

        (fix' (self: { a = 1; })).__unfix__ { }  =>  { a = 1; }
  */
  fix' =
    f:
    let
      x = f x // {
        __unfix__ = f;
      };
    in
    x;

  /**
    Applies `f` until the value no longer changes. `(a -> a) -> a -> a`

        converge (x: x / 2) 16  =>  0
  */
  converge =
    f: x:
    let
      next = f x;
    in
    if next == x then x else converge f next;

  /**
    Lays an overlay over a recursive set. `Overlay -> (final -> AttrSet) -> final -> AttrSet`

        fix (extends (final: prev: { b = prev.a; }) (final: { a = 1; }))  =>  { a = 1; b = 1; }
  */
  extends =
    overlay: f: final:
    let
      prev = f final;
    in
    prev // overlay final prev;

  /**
    One overlay that does what two do. `Overlay -> Overlay -> Overlay`

        composeExtensions (final: prev: { a = 1; }) (final: prev: { b = prev.a; }) { } { }
          =>  { a = 1; b = 1; }
  */
  composeExtensions =
    first: second: final: prev:
    let
      added = first final prev;
    in
    added // second final (prev // added);

  /**
    One overlay for a list of them. `[Overlay] -> Overlay`

        composeManyExtensions [ ] { } { }  =>  { }
  */
  composeManyExtensions = lib.foldr composeExtensions (_: _: { });

  /**
    A recursive set with a function `extend` that lays overlays over it. `(final -> AttrSet) -> AttrSet`

        (makeExtensible (final: { a = 1; })).extend (final: prev: { b = 2; })
          =>  { a = 1; b = 2; ... }
  */
  makeExtensible = makeExtensibleWithCustomName "extend";

  /**
    `makeExtensible` with another name for `extend`. `String -> (final -> AttrSet) -> AttrSet`
  */
  makeExtensibleWithCustomName =
    name: f:
    fix' (
      final:
      f final
      // {
        ${name} = overlay: makeExtensibleWithCustomName name (extends overlay f);
      }
    );

  /**
    Makes an overlay of a set, of `prev: { ... }`, or leaves one as it is. `a -> Overlay`

        toExtension { a = 1; } { } { }  =>  { a = 1; }
  */
  toExtension =
    f:
    if lib.isFunction f then
      final: prev:
      let
        onPrev = f prev;
      in
      if lib.isFunction onPrev then f final prev else onPrev
    else
      _: _: f;
}
