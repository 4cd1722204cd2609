//! Splitting text into arguments.

/// Splits arguments as a shell does, with `'...'`, `"..."` and `\`. Nothing is expanded.
pub(crate) fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match (quote, char) {
            (Some(open), _) if open == char => quote = None,
            (None, '\'' | '"') => {
                quote = Some(char);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (None | Some('"'), '\\') => {
                word.get_or_insert_default()
                    .push(chars.next().ok_or("nothing follows the last `\\`")?);
            }
            _ => word.get_or_insert_default().push(char),
        }
    }
    if quote.is_some() {
        return Err(format!("a quote is not closed in `{text}`"));
    }
    words.extend(word);
    Ok(words)
}
