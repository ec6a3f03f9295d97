//! Hashes and codes.

mod base64_decode;
mod base64_encode;
mod hex_decode;
mod hex_encode;
mod md5;
mod sha1;
mod sha256;

pub(super) use base64_decode::Base64Decode;
pub(super) use base64_encode::Base64Encode;
pub(super) use hex_decode::HexDecode;
pub(super) use hex_encode::HexEncode;
pub(super) use md5::Md5;
pub(super) use sha1::Sha1;
pub(super) use sha256::Sha256;
