//! Labels with QR codes, to be printed, cut and stuck on.
//!
//! The code is an address that ends in the asset's id: whoever has no signal, but the asset on their phone, needs nothing but the id.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use mobile_api::{asset::Asset, ids::AssetId};
use serde_json::json;

use crate::{
    certificate::sheet::qr,
    language::Language,
    paper::{self, PdfError, Sheet},
};

/// Most labels of one document: twenty sheets.
pub const MOST: usize = 480;

/// The address on an asset's label.
pub fn address(public_url: &str, asset: AssetId) -> String {
    format!("{}/v1/assets/{asset}", public_url.trim_end_matches('/'))
}

/// The labels of these assets as PDF, in their order.
///
/// # Errors
/// The typesetter's.
pub fn print(
    assets: &[Asset],
    (firm, public_url): (&str, &str),
    language: Language,
    made: DateTime<Utc>,
) -> Result<Vec<u8>, PdfError> {
    let mut files = HashMap::new();
    let labels: Vec<_> = assets
        .iter()
        .take(MOST)
        .enumerate()
        .map(|(at, asset)| {
            let name = format!("qr-{at}.svg");
            let svg = qr(&address(public_url, asset.id)).unwrap_or_default();
            files.insert(name.clone(), svg.into_bytes());
            let say = |id: &str, value: &String| language.sentence(id, &[("value", value.clone())]);
            let lines = [
                asset.code.as_ref().and_then(|code| say("label-code", code)),
                asset.serial.as_ref().and_then(|serial| say("label-serial", serial)),
                Some(asset.place.chars().take(80).collect()),
            ];
            let lines: Vec<String> = lines.into_iter().flatten().filter(|line| !line.is_empty()).collect();
            json!({ "qr": name, "name": asset.name.chars().take(80).collect::<String>(), "lines": lines })
        })
        .collect();
    let title = language.sentence("label-title", &[]).unwrap_or_default();
    let data = json!({ "title": title, "firm": firm, "lang": language.tag(), "labels": labels });
    let ident = assets.first().map_or_else(String::new, |asset| asset.id.to_string());
    let template = include_str!("labels.typ");
    paper::print(Sheet { template, data, files: files.into_iter().collect(), ident: &ident, made })
}
