//! Lines of the form `Key: value`, which narinfo and `nix-cache-info` are made of.

/// A text is not lines of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// A line without a colon.
    #[error("expecting ':'")]
    Colon,
    /// The last line does not end.
    #[error("expecting '\\n'")]
    LineEnd,
}

/// The number (from 1), key and value of each line, all of which must end.
pub(crate) fn fields(
    text: &str,
) -> impl Iterator<Item = (usize, Result<(&str, &str), FieldError>)> {
    text.split_inclusive('\n').zip(1..).map(|(line, number)| {
        let line = line.strip_suffix('\n').ok_or(FieldError::LineEnd);
        (number, line.and_then(field))
    })
}

/// The key and value of a line.
pub(crate) fn field(line: &str) -> Result<(&str, &str), FieldError> {
    let (key, value) = line.split_once(':').ok_or(FieldError::Colon)?;
    Ok((key, value.strip_prefix(' ').unwrap_or(value)))
}
