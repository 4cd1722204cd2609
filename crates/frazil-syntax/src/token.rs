//! The tokens of the language, as the lexer hands them to the parser one at a time.
//!
//! A token is a kind and a place; its text is read from the source when it is needed.

use crate::ast::Span;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    EndOfFile,
    /// A byte no token begins with.
    Unknown,
    /// `/*` without `*/`.
    UnterminatedComment,
    Identifier,
    Integer,
    Float,
    Uri,
    SearchPath,
    /// The text of a path up to its end or its first `${`.
    Path,
    /// `"`
    Quote,
    /// `''`
    IndentedQuote,
    If,
    Then,
    Else,
    Assert,
    With,
    Let,
    In,
    Rec,
    Inherit,
    Or,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    LeftParen,
    RightParen,
    /// `${`
    DollarBrace,
    Ellipsis,
    Dot,
    Comma,
    Semicolon,
    Colon,
    At,
    Question,
    Assign,
    Not,
    Plus,
    Minus,
    Star,
    Slash,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    AndAnd,
    OrOr,
    Arrow,
    SlashSlash,
    PlusPlus,
    /// `|>`
    PipeInto,
    /// `<|`
    PipeFrom,
}

impl TokenKind {
    /// How messages name the token: quoted when it is always written the same.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::EndOfFile => "end of file",
            Self::Unknown => "invalid token",
            Self::UnterminatedComment => "unterminated comment",
            Self::Identifier => "identifier",
            Self::Integer => "integer",
            Self::Float => "floating-point number",
            Self::Uri => "URI",
            Self::SearchPath => "search path",
            Self::Path => "path",
            Self::Quote => "'\"'",
            Self::IndentedQuote => "\"''\"",
            Self::If => "'if'",
            Self::Then => "'then'",
            Self::Else => "'else'",
            Self::Assert => "'assert'",
            Self::With => "'with'",
            Self::Let => "'let'",
            Self::In => "'in'",
            Self::Rec => "'rec'",
            Self::Inherit => "'inherit'",
            Self::Or => "'or'",
            Self::LeftBrace => "'{'",
            Self::RightBrace => "'}'",
            Self::LeftBracket => "'['",
            Self::RightBracket => "']'",
            Self::LeftParen => "'('",
            Self::RightParen => "')'",
            Self::DollarBrace => "'${'",
            Self::Ellipsis => "'...'",
            Self::Dot => "'.'",
            Self::Comma => "','",
            Self::Semicolon => "';'",
            Self::Colon => "':'",
            Self::At => "'@'",
            Self::Question => "'?'",
            Self::Assign => "'='",
            Self::Not => "'!'",
            Self::Plus => "'+'",
            Self::Minus => "'-'",
            Self::Star => "'*'",
            Self::Slash => "'/'",
            Self::Equal => "'=='",
            Self::NotEqual => "'!='",
            Self::Less => "'<'",
            Self::LessEqual => "'<='",
            Self::Greater => "'>'",
            Self::GreaterEqual => "'>='",
            Self::AndAnd => "'&&'",
            Self::OrOr => "'||'",
            Self::Arrow => "'->'",
            Self::SlashSlash => "'//'",
            Self::PlusPlus => "'++'",
            Self::PipeInto => "'|>'",
            Self::PipeFrom => "'<|'",
        }
    }

    /// Whether an operand can begin with this token.
    pub(crate) fn starts_operand(self) -> bool {
        matches!(
            self,
            Self::Identifier
                | Self::Integer
                | Self::Float
                | Self::Uri
                | Self::SearchPath
                | Self::Path
                | Self::Quote
                | Self::IndentedQuote
                | Self::Let
                | Self::Rec
                | Self::LeftBrace
                | Self::LeftBracket
                | Self::LeftParen
        )
    }

    /// Whether one step of an attribute path can begin with this token.
    pub(crate) fn starts_attribute(self) -> bool {
        matches!(self, Self::Identifier | Self::Or | Self::Quote | Self::DollarBrace)
    }

    pub(crate) fn opens_bracket(self) -> bool {
        matches!(self, Self::LeftBrace | Self::LeftBracket | Self::LeftParen | Self::DollarBrace)
    }

    pub(crate) fn closes_bracket(self) -> bool {
        matches!(self, Self::RightBrace | Self::RightBracket | Self::RightParen)
    }

    /// Whether an error before this token need not matter behind it.
    pub(crate) fn is_landmark(self) -> bool {
        self.closes_bracket()
            || matches!(self, Self::Semicolon | Self::In | Self::Then | Self::Else)
    }

    /// The keyword spelled `word`.
    pub(crate) fn keyword(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"if" => Self::If,
            b"then" => Self::Then,
            b"else" => Self::Else,
            b"assert" => Self::Assert,
            b"with" => Self::With,
            b"let" => Self::Let,
            b"in" => Self::In,
            b"rec" => Self::Rec,
            b"inherit" => Self::Inherit,
            b"or" => Self::Or,
            _ => return None,
        })
    }
}
