//! The bytes of a file as UTF-8: decompressed, and decoded from its encoding.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};

use super::paths::{Compression, SourceFile};
use crate::connectors::{StoreError, StoreErrorKind};

const BUFFER: usize = 128 * 1024;

/// A file's text.
pub(super) struct Text {
    pub(super) reader: BufReader<Box<dyn Read + Send>>,
    /// Whether a place in it is a place in the file, so that reading can go on there.
    pub(super) seekable: bool,
    /// The byte at which the text begins, after a byte order mark.
    pub(super) start: u64,
}

/// Opens a file at its beginning, or at a place where an earlier reading stopped.
///
/// # Errors
/// When it can't be read, or the encoding is not known.
pub(super) fn open(file: &SourceFile, encoding: Option<&str>, at: u64) -> Result<Text, StoreError> {
    let failed = |error: io::Error| read_error(file, 0, &error);
    let encoding = match encoding {
        None => None,
        Some(label) => Some(Encoding::for_label(label.as_bytes()).ok_or_else(|| {
            let message = format!("`{label}` is not a label of the Encoding Standard");
            StoreError::new(StoreErrorKind::Query, message)
        })?),
    };
    let mut plain = File::open(&file.path).map_err(failed)?;
    if at > 0 {
        plain.seek(SeekFrom::Start(at)).map_err(failed)?;
        return Ok(Text { reader: buffered(Box::new(plain)), seekable: true, start: at });
    }
    let mut bytes: Box<dyn Read + Send> = match file.compression {
        Compression::None => Box::new(plain),
        Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(plain))),
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::new(plain).map_err(failed)?),
    };
    let mut start = Vec::with_capacity(3);
    bytes.by_ref().take(3).read_to_end(&mut start).map_err(failed)?;
    let (encoding, bom) = match Encoding::for_bom(&start) {
        Some((marked, length)) if encoding.is_none_or(|given| given == marked) => (marked, length),
        _ => (encoding.unwrap_or(UTF_8), 0),
    };
    let rest = io::Cursor::new(start.split_off(bom)).chain(bytes);
    if encoding == UTF_8 {
        let seekable = file.compression == Compression::None;
        return Ok(Text { reader: buffered(Box::new(rest)), seekable, start: bom as u64 });
    }
    let reader = buffered(Box::new(Transcoder::new(rest, encoding)));
    Ok(Text { reader, seekable: false, start: 0 })
}

fn buffered(reader: Box<dyn Read + Send>) -> BufReader<Box<dyn Read + Send>> {
    BufReader::with_capacity(BUFFER, reader)
}

/// The error for a file that can't be read on; `line` 0 is the whole file.
pub(super) fn read_error(file: &SourceFile, line: u64, error: &io::Error) -> StoreError {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => StoreErrorKind::NotFound,
        io::ErrorKind::PermissionDenied => StoreErrorKind::Denied,
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
            StoreErrorKind::Corrupt
        }
        _ if file.compression != Compression::None => StoreErrorKind::Corrupt,
        _ => StoreErrorKind::Unavailable,
    };
    let place = if line == 0 { String::new() } else { format!(" line {line}") };
    StoreError::new(kind, format!("{}{place}: the file can't be read: {error}", file.name))
}

/// Decodes an encoding to UTF-8. What is malformed becomes a byte that is not UTF-8, so that the
/// record it stands in is found out.
struct Transcoder<R> {
    input: R,
    decoder: Decoder,
    raw: Vec<u8>,
    raw_start: usize,
    raw_end: usize,
    done: bool,
    out: Vec<u8>,
    out_start: usize,
}

impl<R: Read> Transcoder<R> {
    fn new(input: R, encoding: &'static Encoding) -> Self {
        Self {
            input,
            decoder: encoding.new_decoder_without_bom_handling(),
            raw: vec![0; BUFFER / 2],
            raw_start: 0,
            raw_end: 0,
            done: false,
            out: Vec::new(),
            out_start: 0,
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.out_start = 0;
        while self.out.is_empty() && !(self.done && self.raw_start == self.raw_end) {
            if self.raw_start == self.raw_end {
                self.raw_start = 0;
                self.raw_end = self.input.read(&mut self.raw)?;
                self.done = self.raw_end == 0;
            }
            self.decode();
        }
        Ok(())
    }

    fn decode(&mut self) {
        let raw = &self.raw[self.raw_start..self.raw_end];
        let room = self.decoder.max_utf8_buffer_length_without_replacement(raw.len());
        let before = self.out.len();
        self.out.resize(before + room.unwrap_or(BUFFER) + 1, 0);
        let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(
            raw,
            &mut self.out[before..],
            self.done,
        );
        self.raw_start += read;
        self.out.truncate(before + written);
        if let DecoderResult::Malformed(..) = result {
            self.out.push(0xff);
        }
    }
}

impl<R: Read> Read for Transcoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.out_start == self.out.len() {
            self.fill()?;
        }
        let rest = &self.out[self.out_start..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.out_start += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8], encoding: &'static Encoding) -> Vec<u8> {
        let mut out = Vec::new();
        Transcoder::new(bytes, encoding).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn encodings_become_utf8_and_mistakes_stay_visible() {
        assert_eq!(decoded(b"caf\xe9 \x80", encoding_rs::WINDOWS_1252), "café €".as_bytes());
        assert_eq!(decoded(b"\xe4\x00\n\x00", encoding_rs::UTF_16LE), "ä\n".as_bytes());
        assert_eq!(decoded(b"a\xff\xffb", encoding_rs::SHIFT_JIS), b"a\xff\xffb");
        assert_eq!(decoded(b"a\x81", encoding_rs::SHIFT_JIS), b"a\xff");
        let long = "ä€x".repeat(100_000);
        let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(&long);
        assert_eq!(decoded(&bytes, encoding_rs::WINDOWS_1252), long.as_bytes());
    }
}
