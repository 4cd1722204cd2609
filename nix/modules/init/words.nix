# The words of a command line: separated by blanks, with "..." and '...' around those that hold
# some, and `\` before what is to stand for itself. Nothing is expanded; no shell is involved.
{ lib }:
line:
let
  text = "${line}";

  step =
    state: char:
    if state.escaped then
      take (state // { escaped = false; }) char
    else if state.quote != null then
      if char == state.quote then
        state // { quote = null; }
      else if char == "\\" && state.quote == "\"" then
        state // { escaped = true; }
      else
        take state char
    else if char == "\"" || char == "'" then
      state
      // {
        quote = char;
        inWord = true;
      }
    else if char == "\\" then
      state // { escaped = true; }
    else if lib.elem char blanks then
      finish state
    else
      take state char;

  blanks = [
    " "
    "\t"
    "\n"
  ];
  take =
    state: char:
    state
    // {
      word = state.word + char;
      inWord = true;
    };
  finish =
    state:
    if state.inWord then
      state
      // {
        words = state.words ++ [ state.word ];
        word = "";
        inWord = false;
      }
    else
      state;

  end = finish (
    lib.foldl' step {
      words = [ ];
      word = "";
      inWord = false;
      quote = null;
      escaped = false;
    } (lib.stringToCharacters text)
  );
in
if end.quote != null then throw "a quote (${end.quote}) is not closed in the command line: ${text}" else end.words
