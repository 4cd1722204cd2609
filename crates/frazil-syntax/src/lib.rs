//! The Nix language as text: lexer, parser, typed syntax tree, printer.

pub mod ast;
