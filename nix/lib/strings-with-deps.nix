/**
  Pieces of text that depend on other pieces, such as steps of a script, put in an order that
  respects this.
*/
{ lib }:
rec {
  /**
    The texts of some pieces and of what they depend on, each once.
    `{ ${name} :: { text; deps; } | String; } -> [String] -> [String]`

        textClosureList { a = fullDepEntry "1" [ "b" ]; b = noDepEntry "2"; } [ "a" ]  =>  [ "2" "1" ]
  */
  textClosureList =
    pieces:
    let
      # `done` holds the names that were taken.
      visit =
        state: name:
        let
          piece = pieces.${name};
          below = lib.foldl' visit (state // { done = state.done // { ${name} = true; }; }) piece.deps or [ ];
        in
        if state.done ? ${name} then
          state
        else
          below // { texts = below.texts ++ [ (piece.text or piece) ]; };
    in
    names:
    (lib.foldl' visit {
      done = { };
      texts = [ ];
    } names).texts;

  /** `textClosureList` with a function applied to each text, as lines. `(String -> String) -> AttrSet -> [String] -> String` */
  textClosureMap =
    f: pieces: names:
    lib.concatStringsSep "\n" (map f (textClosureList pieces names));

  /** A piece without dependencies. `String -> Piece` */
  noDepEntry = text: {
    inherit text;
    deps = [ ];
  };

  /** A piece with dependencies. `String -> [String] -> Piece` */
  fullDepEntry = text: deps: { inherit text deps; };

  /** Only dependencies. `[String] -> Piece` */
  packEntry = deps: {
    inherit deps;
    text = "";
  };

  /** `fullDepEntry` with the dependencies first. `[String] -> String -> Piece` */
  stringAfter = deps: text: { inherit text deps; };
}
