use super::*;

#[test]
fn escapes_attributes() {
    let mut out = Vec::new();
    write_attribute("<a href=\"x&y\">\n\t'é".as_bytes(), &mut out);
    assert_eq!(out, "&lt;a href=&quot;x&amp;y&quot;&gt;&#xA;\t'é".as_bytes());
}
