//! The file of refused rows: as they stood, with line and reason in front, so that they can be mended and tried again.

use std::{fs::File, io, path::Path};

use csv::{ByteRecord, Writer, WriterBuilder};

/// Writes refused rows.
pub(super) struct RefusedFile(Writer<File>);

impl RefusedFile {
    /// Begins the file anew.
    pub(super) fn create(path: &Path, header: &ByteRecord, delimiter: u8) -> io::Result<Self> {
        let mut writer = WriterBuilder::new().flexible(true).delimiter(delimiter).from_path(path)?;
        writer.write_record([&b"line"[..], b"reason"].into_iter().chain(header.iter()))?;
        Ok(Self(writer))
    }

    pub(super) fn add(&mut self, line: u64, reason: &str, raw: Option<&ByteRecord>) -> io::Result<()> {
        let (line, reason) = (line.to_string(), harmless(reason.as_bytes()));
        let raw: Vec<Vec<u8>> = raw.into_iter().flatten().map(harmless).collect();
        let front = [line.as_bytes(), &reason];
        self.0.write_record(front.into_iter().chain(raw.iter().map(Vec::as_slice)))?;
        Ok(())
    }

    /// Makes sure that what was added is in the file.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Somebody will open this file in a spreadsheet, which takes text that begins like a formula for one. An apostrophe
/// in front keeps it text. Numbers stay as they are.
pub(crate) fn harmless(value: &[u8]) -> Vec<u8> {
    let is_number = std::str::from_utf8(value).is_ok_and(|text| text.trim().parse::<f64>().is_ok());
    let could_run = matches!(value.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r')) && !is_number;
    if could_run { [b"'", value].concat() } else { value.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn formulas_become_text_and_numbers_stay() {
        let all = ["=1+1", "@SUM(A1)", "-71.0772", "-x", "plain", ""].map(|value| harmless(value.as_bytes()));
        let all = all.map(|value| String::from_utf8(value).unwrap());
        assert_eq!(all, ["'=1+1", "'@SUM(A1)", "-71.0772", "'-x", "plain", ""]);
    }
}
