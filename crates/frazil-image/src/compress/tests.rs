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

/// A large file is several members, which readers take as one stream, whatever the pieces were.
#[test]
fn large_streams_are_cut_into_members() {
    let mut bytes = Vec::new();
    for number in 0..(9_u32 << 14) {
        bytes.extend([number as u8; 256]);
    }
    let whole = compressed(Compression::Gzip, &bytes);
    let mut first = flate2::bufread::GzDecoder::new(&whole[..]);
    assert_eq!(std::io::copy(&mut first, &mut std::io::sink()).unwrap(), 32 << 20);
    let mut stream = Compressor::new(Compression::Gzip, Vec::new()).unwrap();
    for piece in bytes.chunks(777_777) {
        stream.write_all(piece).unwrap();
    }
    assert!(stream.finish().unwrap() == whole);
    let mut back = Vec::new();
    crate::read::decompress(&whole[..]).unwrap().read_to_end(&mut back).unwrap();
    assert!(back == bytes);
    let nothing = compressed(Compression::Gzip, b"");
    assert_eq!(crate::read::decompress(&nothing[..]).unwrap().read_to_end(&mut back).unwrap(), 0);
}

#[test]
fn says_which_compressions_there_are() {
    let error = "xz".parse::<Compression>().unwrap_err();
    assert_eq!(error.to_string(), "`xz` is no compression of layers");
    assert_eq!(error.help(), "there are `gzip`, `zstd` and `none`");
}
