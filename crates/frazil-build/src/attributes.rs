//! The attributes of a derivation that say how to build it, wherever they are written.
//!
//! A derivation has them in its environment, as strings, or in `__json` as structured attributes;
//! a question is answered alike for both. Which attributes there are is known to those who ask.
//!
//! Invariant: structured attributes are an object.

#[cfg(test)]
mod tests;

use frazil_model::Derivation;
use serde_json::{Map, Value};

/// What may stand between the words of a list in a string.
const BLANKS: &[u8] = b" \t\n\r";

/// The attributes of one derivation.
#[derive(Clone, Debug)]
pub struct Attributes<'d> {
    derivation: &'d Derivation,
    structured: Option<Map<String, Value>>,
}

/// An attribute is not what it must be.
#[derive(Debug, thiserror::Error)]
pub enum AttributeError {
    /// `__json` is not JSON.
    #[error("cannot process the attribute `__json`")]
    Json {
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// `__json` is JSON, but holds no attributes.
    #[error("the attribute `__json` is not an object")]
    NotObject,
    /// An attribute has a value of another type.
    #[error("attribute `{name}` must be {wanted}")]
    Type {
        /// The attribute.
        name: String,
        /// What it must be.
        wanted: &'static str,
    },
}

impl<'d> Attributes<'d> {
    /// The attributes of `derivation`.
    pub fn of(derivation: &'d Derivation) -> Result<Self, AttributeError> {
        let structured = match derivation.env.get(b"__json".as_slice()) {
            None => None,
            Some(text) => match serde_json::from_slice(text) {
                Ok(Value::Object(object)) => Some(object),
                Ok(_) => return Err(AttributeError::NotObject),
                Err(source) => return Err(AttributeError::Json { source }),
            },
        };
        Ok(Self { derivation, structured })
    }

    /// The structured attributes, if the derivation has any.
    pub fn structured(&self) -> Option<&Map<String, Value>> {
        self.structured.as_ref()
    }

    /// A list of strings; in the environment its words are divided by white space.
    pub fn list(&self, name: &str) -> Result<Option<Vec<Vec<u8>>>, AttributeError> {
        match &self.structured {
            Some(object) => object.get(name).map(|value| strings(name, value)).transpose(),
            None => Ok(self.derivation.env.get(name.as_bytes()).map(|text| words(text))),
        }
    }

    /// A truth value, which is `1` in the environment; `absent` if there is none.
    pub fn flag(&self, name: &str, absent: bool) -> Result<bool, AttributeError> {
        match &self.structured {
            Some(object) => match object.get(name) {
                None => Ok(absent),
                Some(Value::Bool(flag)) => Ok(*flag),
                Some(_) => Err(AttributeError::Type { name: name.to_owned(), wanted: "a Boolean" }),
            },
            None => {
                Ok(self.derivation.env.get(name.as_bytes()).map_or(absent, |text| text == b"1"))
            }
        }
    }
}

/// The elements of a list of strings.
pub(crate) fn strings(name: &str, value: &Value) -> Result<Vec<Vec<u8>>, AttributeError> {
    let wrong = || AttributeError::Type { name: name.to_owned(), wanted: "a list of strings" };
    let element = |element: &Value| element.as_str().map(|text| text.as_bytes().to_vec());
    let list = value.as_array().ok_or_else(wrong)?;
    list.iter().map(element).collect::<Option<_>>().ok_or_else(wrong)
}

/// The words of a text that white space divides.
pub(crate) fn words(text: &[u8]) -> Vec<Vec<u8>> {
    text.split(|byte| BLANKS.contains(byte))
        .filter(|word| !word.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}
