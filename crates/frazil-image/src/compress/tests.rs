use std::io::{Read as _, Write as _};

use super::{Compression, Compressor};

fn compressed(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    let mut stream = Compressor::new(compression, Vec::new()).unwrap();
    stream.write_all(bytes).unwrap();
    stream.finish().unwrap()
}

#[test]
fn gives_the_same_bytes_each_time_and_the_contents_back() {
    let bytes = b"frazil ".repeat(10_000);
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let stored = compressed(compression, &bytes);
        assert_eq!(stored, compressed(compression, &bytes), "{compression}");
        let mut back = Vec::new();
        crate::read::decompress(&stored[..]).unwrap().read_to_end(&mut back).unwrap();
        assert!(back == bytes, "{compression}");
        assert_eq!(compression.to_string().parse(), Ok(compression));
    }
}

#[test]
fn says_which_compressions_there_are() {
    let error = "xz".parse::<Compression>().unwrap_err();
    assert_eq!(error.to_string(), "`xz` is no compression of layers");
    assert_eq!(error.help(), "there are `gzip`, `zstd` and `none`");
}
