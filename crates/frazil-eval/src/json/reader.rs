//! The reader: a document's events, one at a time.

use super::Event;
use super::error::{Context, JsonError, LexError, broken, unexpected};
use super::number::{self, Number};
use super::string::{self, Decoded};

/// Reads one document.
#[derive(Debug)]
pub struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// Where the last string or number began; error messages quote from there.
    token_start: usize,
    open: Vec<Container>,
    expects: Expects,
    /// The last string that had escapes.
    buffer: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Container {
    List,
    Object,
}

#[derive(Clone, Copy, Debug)]
enum Expects {
    Value,
    FirstItem,
    FirstKey,
    /// A comma or the end of the container.
    More,
    End,
}

impl<'a> Reader<'a> {
    /// A reader over a whole document.
    pub fn new(text: &'a [u8]) -> Reader<'a> {
        Reader {
            text,
            at: 0,
            token_start: 0,
            open: Vec::new(),
            expects: Expects::Value,
            buffer: Vec::new(),
        }
    }

    /// The next event; `None` behind the document. Not an `Iterator`, because it lends.
    ///
    /// After an error the reader must not be asked again: what it says then means nothing.
    #[expect(clippy::should_implement_trait, reason = "the item borrows from the iterator")]
    pub fn next(&mut self) -> Result<Option<Event<'_>>, JsonError> {
        if self.at == 0 {
            self.skip_byte_order_mark()?;
        }
        self.skip_space();
        match (self.expects, self.peek()) {
            (Expects::FirstItem, Some(b']')) | (Expects::FirstKey, Some(b'}')) => {
                Ok(Some(self.close()))
            }
            (Expects::Value | Expects::FirstItem, _) => self.value().map(Some),
            (Expects::FirstKey, _) => self.key().map(Some),
            (Expects::More, byte) => self.more(byte).map(Some),
            (Expects::End, None) => Ok(None),
            (Expects::End, Some(_)) => Err(self.unexpected(Context::End)),
        }
    }

    fn more(&mut self, byte: Option<u8>) -> Result<Event<'_>, JsonError> {
        let is_list = self.open.last() == Some(&Container::List);
        match (byte, is_list) {
            (Some(b','), true) => {
                self.at += 1;
                self.skip_space();
                self.value()
            }
            (Some(b','), false) => {
                self.at += 1;
                self.skip_space();
                self.key()
            }
            (Some(b']'), true) | (Some(b'}'), false) => Ok(self.close()),
            (_, true) => Err(self.unexpected(Context::List)),
            (_, false) => Err(self.unexpected(Context::Object)),
        }
    }

    fn value(&mut self) -> Result<Event<'_>, JsonError> {
        let event = match self.peek() {
            Some(b'"') => {
                let string = self.string(Context::Value)?;
                self.finish_value();
                return Ok(Event::String(self.decoded(string)));
            }
            Some(b'-' | b'0'..=b'9') => match self.number()? {
                Number::Int(value) => Event::Int(value),
                Number::Float(value) => Event::Float(value),
            },
            Some(b'[') => {
                self.at += 1;
                self.open.push(Container::List);
                self.expects = Expects::FirstItem;
                return Ok(Event::ListStart);
            }
            Some(b'{') => {
                self.at += 1;
                self.open.push(Container::Object);
                self.expects = Expects::FirstKey;
                return Ok(Event::ObjectStart);
            }
            Some(b't') => self.literal(b"true", Event::Bool(true))?,
            Some(b'f') => self.literal(b"false", Event::Bool(false))?,
            Some(b'n') => self.literal(b"null", Event::Null)?,
            _ => return Err(self.unexpected(Context::Value)),
        };
        self.finish_value();
        Ok(event)
    }

    fn finish_value(&mut self) {
        self.expects = if self.open.is_empty() { Expects::End } else { Expects::More };
    }

    fn close(&mut self) -> Event<'static> {
        self.at += 1;
        let container = self.open.pop();
        self.finish_value();
        if container == Some(Container::List) { Event::ListEnd } else { Event::ObjectEnd }
    }

    fn key(&mut self) -> Result<Event<'_>, JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected(Context::Key));
        }
        let string = self.string(Context::Key)?;
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.unexpected(Context::Colon));
        }
        self.at += 1;
        self.expects = Expects::Value;
        Ok(Event::Key(self.decoded(string)))
    }

    fn string(&mut self, context: Context) -> Result<Decoded, JsonError> {
        self.token_start = self.at;
        match string::read(self.text, self.at, &mut self.buffer) {
            Ok((string, end)) => {
                self.at = end;
                // A plain string cannot hold a NUL; an escape may have brought one.
                if matches!(string, Decoded::Buffered) && self.buffer.contains(&0) {
                    let shown = String::from_utf8_lossy(&self.buffer).replace('\0', "␀");
                    return Err(JsonError::Nul(shown));
                }
                Ok(string)
            }
            Err(error) => Err(self.broken(error, context)),
        }
    }

    fn decoded(&self, string: Decoded) -> &[u8] {
        match string {
            Decoded::Borrowed { start, end } => self.text.get(start..end).unwrap_or_default(),
            Decoded::Buffered => &self.buffer,
        }
    }

    fn number(&mut self) -> Result<Number, JsonError> {
        self.token_start = self.at;
        let shape = match number::scan(self.text, self.at) {
            Ok(shape) => shape,
            Err(error) => return Err(self.broken(error, Context::Value)),
        };
        let digits = self.text.get(self.at..shape.end).unwrap_or_default();
        self.at = shape.end;
        number::evaluate(digits, &shape)
    }

    fn literal(&mut self, word: &[u8], event: Event<'static>) -> Result<Event<'static>, JsonError> {
        if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            return Ok(event);
        }
        Err(self.unexpected(Context::Value))
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    fn skip_byte_order_mark(&mut self) -> Result<(), JsonError> {
        const MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
        if self.text.first() == Some(&MARK[0]) {
            for wanted in MARK {
                if self.text.get(self.at) != Some(&wanted) {
                    let what = "invalid BOM; must be 0xEF 0xBB 0xBF if given";
                    return Err(self.broken(LexError::at(self.at, what), Context::Value));
                }
                self.at += 1;
            }
        }
        Ok(())
    }

    /// The error for the token that stands where `context` does not allow it.
    #[cold]
    fn unexpected(&mut self, context: Context) -> JsonError {
        match self.token() {
            Ok((name, end)) => unexpected(self.text, end, name, context),
            Err(error) => self.broken(error, context),
        }
    }

    /// The name of the next token, and where it ends.
    fn token(&mut self) -> Result<(&'static str, usize), LexError> {
        let at = self.at;
        let (word, name): (&[u8], _) = match self.peek() {
            None => return Ok(("end of input", at + 1)),
            Some(b'"') => {
                self.token_start = at;
                let (_, end) = string::read(self.text, at, &mut self.buffer)?;
                return Ok(("string literal", end));
            }
            Some(b'-' | b'0'..=b'9') => {
                self.token_start = at;
                return Ok(("number literal", number::scan(self.text, at)?.end));
            }
            Some(b'[') => (b"[", "'['"),
            Some(b']') => (b"]", "']'"),
            Some(b'{') => (b"{", "'{'"),
            Some(b'}') => (b"}", "'}'"),
            Some(b':') => (b":", "':'"),
            Some(b',') => (b",", "','"),
            Some(b't') => (b"true", "true literal"),
            Some(b'f') => (b"false", "false literal"),
            Some(b'n') => (b"null", "null literal"),
            Some(_) => (b"", ""),
        };
        let rest = self.text.get(at..).unwrap_or_default();
        let same = word.iter().zip(rest).take_while(|(wanted, byte)| wanted == byte).count();
        if same == word.len() && !word.is_empty() {
            Ok((name, at + same))
        } else {
            Err(LexError::at(at + same, "invalid literal"))
        }
    }

    #[cold]
    fn broken(&self, error: LexError, context: Context) -> JsonError {
        let end = error.end.min(self.text.len());
        let read = self.text.get(self.token_start..end).unwrap_or_default();
        broken(self.text, read, error, context)
    }
}
