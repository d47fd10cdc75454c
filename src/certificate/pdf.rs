//! A sheet as PDF; see [`paper`].

use chrono::{DateTime, Utc};

use super::sheet::Sheet;
use crate::paper::{self, PdfError};

/// The sheet as PDF. `made` is the date of creation that the file states; `ident` names the document for ever.
///
/// # Errors
/// See [`PdfError`]; a photo that is no JPEG is one.
pub fn print(sheet: &Sheet, ident: &str, made: DateTime<Utc>) -> Result<Vec<u8>, PdfError> {
    let (mut data, mut files) = (serde_json::to_value(sheet)?, Vec::new());
    if let Some(svg) = &sheet.signature.svg {
        data["signature"]["picture"] = "signature.svg".into();
        files.push(("signature.svg".to_owned(), svg.clone().into_bytes()));
    }
    if let Some(svg) = &sheet.seal.qr {
        data["seal"]["qr"] = "qr.svg".into();
        files.push(("qr.svg".to_owned(), svg.clone().into_bytes()));
    }
    for (p, part) in sheet.parts.iter().enumerate() {
        for (i, photo) in part.photos.iter().enumerate() {
            let name = format!("photo-{p}-{i}.jpg");
            data["parts"][p]["photos"][i]["file"] = name.as_str().into();
            files.push((name, photo.jpeg.to_vec()));
        }
    }
    paper::print(paper::Sheet { template: include_str!("certificate.typ"), data, files, ident, made })
}
