//! One certificate with everything on it, printed in every way.

use std::collections::BTreeMap;

use bytes::Bytes;

use chrono::{TimeDelta, TimeZone, Utc};
use mobile_api::{
    Id,
    directory::PriceKind,
    evidence::When,
    money::{Currency, Money, Quantity},
    operation::Payload,
    signing::{Point, Stroke, digest},
    work_order::{
        Channel, Charge, Confirmation, ConfirmationMethod, Diagnosis, Quote, QuoteLine, SignOff,
        sign_off::{Sign, SignedMaterial, SignedQuote},
    },
};
use uuid::Uuid;

use mobile_api::photo::PhotoRole;

use super::{
    facts::Times,
    sheet::{Part, Row, Sheet, Table},
    *,
};
use crate::{
    directory::premises::Premises,
    language::Language,
    link_code::{Leads, LinkCode},
};

fn minute(minute: i64) -> chrono::DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 8, 0, 0).unwrap() + TimeDelta::minutes(minute)
}

fn yuan(yuan: i64) -> Money {
    Money { minor: yuan * 100, currency: Currency::CNY }
}

fn around(minutes: i64, seconds: i64) -> When {
    let half = TimeDelta::seconds(seconds);
    When { earliest: minute(minutes) - half, latest: minute(minutes) + half, wall: None }
}

/// A wave that a pen could have drawn.
fn strokes() -> Vec<Stroke> {
    let wave = |from: f64| {
        let point = |i: i32| {
            let along = f64::from(i);
            let (x, y) = (from + along * 3.0, 60.0 + (along / 3.0).sin() * (30.0 - along / 2.0));
            Point { x, y, time: along * 16.0, pressure: None }
        };
        Stroke { points: (0..40).map(point).collect() }
    };
    vec![wave(0.0), wave(90.0), wave(150.0)]
}

/// A grey JPEG of eight by eight pixels, made by hand: nothing but its tables and one block.
pub(super) fn tiny_jpeg() -> Bytes {
    let mut jpeg = vec![0xff, 0xd8, 0xff, 0xdb, 0, 67, 0];
    jpeg.extend([16; 64]);
    jpeg.extend([0xff, 0xc0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0]);
    for class in [0x00, 0x10] {
        // One code of one bit, for the value 0: no difference, end of block.
        jpeg.extend([0xff, 0xc4, 0, 20, class, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    jpeg.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0b0011_1111, 0xff, 0xd9]);
    jpeg.into()
}

fn quote_of(lines: Vec<(&str, i64, &str, i64)>, revision: u32, confirmed: bool) -> Quote {
    let line = |(name, milli, unit, price): (&str, i64, &str, i64)| QuoteLine {
        item: None,
        name: name.into(),
        kind: PriceKind::Labour,
        quantity_milli: Quantity(milli),
        unit: unit.into(),
        unit_price: yuan(price),
        amount: yuan(price).times(Quantity(milli)).unwrap(),
        list_price: None,
        free: false,
        discount: None,
        tax: None,
        warranty_days: None,
    };
    let lines: Vec<QuoteLine> = lines.into_iter().map(line).collect();
    let total = Money { minor: lines.iter().map(|line| line.amount.minor).sum(), currency: Currency::CNY };
    let word = Confirmation {
        op: Uuid::from_u128(8),
        name: "陈女士".into(),
        method: ConfirmationMethod::Verbal { witness: "王磊".into() },
        at: around(25, 2),
        by: Id::new(Uuid::from_u128(20)),
        rev: None,
    };
    Quote {
        id: Uuid::from_u128(u128::from(revision)),
        revision,
        rev: 5,
        lines,
        total,
        note: None,
        by: Id::new(Uuid::from_u128(20)),
        at: around(20, 2),
        confirmed: confirmed.then_some(word),
        overtaken: None,
        valid_until: None,
        concerns: Vec::new(),
        agreed: None,
        sent: Vec::new(),
    }
}

/// A certificate with everything that there can be.
pub(super) fn rich() -> Certificate {
    let quotes = vec![
        quote_of(vec![("水工工时 Plumber", 1500, "h", 80)], 1, false),
        quote_of(vec![("水工工时 Plumber", 2000, "h", 80), ("铜管 Copper pipe 15 mm", 3000, "m", 1234)], 2, true),
    ];
    let mut content = Sign::example().content;
    content.place = "7栋1203室厨房".into();
    content.fault = "厨房水槽下方漏水\nWater drips from under the sink".into();
    content.findings = Some("存水弯密封圈老化，管接头开裂".into());
    content.technician_name = "王磊".into();
    content.signer = "陈女士".into();
    content.quote =
        Some(SignedQuote { id: quotes[1].id, revision: 2, lines: quotes[1].lines.clone(), total: quotes[1].total });
    content.amount = quotes[1].total;
    content.materials =
        vec![SignedMaterial { name: "密封圈".into(), quantity_milli: Quantity(1000), unit: "个".into() }];
    let long = When { earliest: minute(40), latest: minute(140), wall: Some("2026-03-02T16:44:00+08:00".into()) };
    let sign_off = SignOff {
        op: Uuid::from_u128(42),
        name: content.signer.clone(),
        relation: "业主".into(),
        opinion: Some("师傅很专业，打扫得很干净。".into()),
        digest: digest(&content).unwrap(),
        amount: content.amount,
        quote: Some(quotes[1].id),
        differs: vec![],
        at: around(72, 3),
        by: content.technician,
    };
    let times = Times {
        called: minute(0),
        channel: Channel::Phone,
        arrived: Some(around(12, 3)),
        started: Some(When::at(minute(30))),
        finished: Some(long),
        signed: sign_off.at.clone(),
    };
    let diagnosis = Diagnosis {
        findings: "存水弯密封圈老化".into(),
        cause: Some("自然老化".into()),
        explained: Some("橱柜底板此前已受潮变形".into()),
        by: content.technician,
        at: around(15, 2),
    };
    let photo = |role, caption: &str| CertificatePhoto { role, caption: Some(caption.into()), jpeg: tiny_jpeg() };
    let code = LinkCode::of(b"secret", Leads::ToCertificate, sign_off.op);
    let charge = Charge { amount: yuan(3000), quote: quotes[1].id, signed_by: sign_off.op, lowered: None };
    Certificate {
        firm: "明亮家居维修有限公司 Bright Home Services".into(),
        time_zone: chrono_tz::Asia::Shanghai,
        premises: Premises {
            site: Some("湖畔花园".into()),
            address: Some("上海市湖滨路18号".into()),
            building: Some("7栋".into()),
            unit: Some("7-1203".into()),
        },
        number: Some("2026-000117".into()),
        content,
        sign_off,
        strokes: strokes(),
        times,
        diagnosis: Some(diagnosis),
        done: vec!["更换密封圈及铜管三米，试水十分钟无渗漏。".into()],
        quotes,
        charge: Some(charge),
        photos: vec![photo(PhotoRole::Before, "维修前"), photo(PhotoRole::After, "试水之后")],
        code,
        address: format!("https://service.example.com/c/{code}"),
    }
}

fn pdf_of(certificate: &Certificate, language: Language) -> Vec<u8> {
    let sheet = Sheet::new(certificate, language);
    pdf::print(&sheet, &certificate.code.to_string(), certificate.sign_off.at.latest).unwrap()
}

/// The text of a PDF without white space, which a typesetter is free to place.
fn text_of(pdf: &[u8]) -> String {
    pdf_extract::extract_text_from_mem(pdf).unwrap().split_whitespace().collect()
}

/// What a sheet says, a line for each text.
fn told(sheet: &Sheet) -> String {
    fn row(lines: &mut Vec<String>, row: &Row) {
        lines.push(format!("{}: {}", row.label, row.text));
        lines.extend((!row.small.is_empty()).then(|| format!("    {}", row.small)));
    }
    fn table(lines: &mut Vec<String>, table: &Table) {
        lines.extend((!table.caption.is_empty()).then(|| table.caption.clone()));
        lines.push(table.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(" | "));
        lines.extend(table.rows.iter().map(|cells| cells.join(" | ")));
        table.total.iter().for_each(|total| row(lines, total));
        lines.extend(table.remarks.iter().map(|remark| format!("    {remark}")));
    }
    fn part(lines: &mut Vec<String>, part: &Part) {
        lines.push(format!("\n{}", part.title));
        part.rows.iter().for_each(|one| row(lines, one));
        part.tables.iter().for_each(|one| table(lines, one));
        lines.extend(part.photos.iter().map(|photo| format!("[{}] {}", photo.label, photo.caption)));
    }
    let mut lines = vec![sheet.firm.clone(), sheet.title.clone()];
    row(&mut lines, &sheet.number);
    sheet.parts.iter().for_each(|one| part(&mut lines, one));
    lines.push(format!("\n{}", sheet.signature.title));
    sheet.signature.rows.iter().chain([&sheet.signature.amount]).for_each(|one| row(&mut lines, one));
    lines.push(format!("\n{}\n{}", sheet.seal.title, sheet.seal.about));
    [&sheet.seal.code, &sheet.seal.address, &sheet.seal.digest].into_iter().for_each(|one| row(&mut lines, one));
    lines.push(sheet.footer.clone());
    lines.join("\n")
}

#[test]
fn what_a_certificate_says() {
    let certificate = rich();
    insta::assert_snapshot!("certificate_in_english", told(&Sheet::new(&certificate, Language::English)));
    insta::assert_snapshot!("certificate_in_chinese", told(&Sheet::new(&certificate, Language::Chinese)));
}

#[test]
fn a_pdf_has_all_of_it_in_both_languages() {
    let certificate = rich();
    for (language, words) in [
        (Language::Chinese, ["维修完工确认单", "存水弯密封圈老化", "签字确认金额", "¥3,862.00", "维修前", "试水之后"]),
        (
            Language::English,
            ["Completioncertificate", "7栋1203室厨房", "Amountsignedfor", "¥3,862.00", "Before", "陈女士"],
        ),
    ] {
        let pdf = pdf_of(&certificate, language);
        if let Ok(folder) = std::env::var("DOORSTEP_TEST_PRINTS") {
            std::fs::write(format!("{folder}/certificate-{}.pdf", language.tag()), &pdf).unwrap();
        }
        let text = text_of(&pdf);
        for word in words {
            assert!(text.contains(word), "{word} is missing in {text}");
        }
        assert!(text.contains(&certificate.code.to_string()), "{text}");
        let head = String::from_utf8_lossy(&pdf);
        assert!(head.contains("<pdfaid:part>2</pdfaid:part>") && head.contains("<pdfaid:conformance>B"), "PDF/A-2b");
    }
}

#[test]
fn the_same_certificate_has_the_same_bytes() {
    let certificate = rich();
    assert!(pdf_of(&certificate, Language::Chinese) == pdf_of(&certificate, Language::Chinese));
    let later = Certificate { number: Some("2026-000118".into()), ..rich() };
    assert!(pdf_of(&certificate, Language::Chinese) != pdf_of(&later, Language::Chinese));
}

#[test]
fn hostile_text_is_printed_as_text() {
    let hostile = [
        "#panic(\"x\") *bold* _it_ $x^2$ `raw` @ref <label> // not a comment /* nor this */ #import \"/etc/passwd\": *",
        "<script>alert(1)</script><img src=x onerror=alert(1)>&amp;\"'",
        "🔧 שלום مرحبا \u{202e}reversed\u{202c} \u{0}\u{7}",
        "{{ 7 * 7 }} {% include \"x\" %} \\ #let #set #show [",
    ];
    for text in hostile {
        let mut certificate = rich();
        certificate.content.fault = text.into();
        certificate.content.findings = Some(format!("{text} {}", "漏".repeat(4000)));
        certificate.done = vec!["w".repeat(4000)];
        certificate.sign_off.opinion = Some(text.into());
        certificate.photos[0].caption = Some(text.into());
        certificate.firm = text.into();
        let sheet = Sheet::new(&certificate, Language::English);
        let printed = text_of(&pdf_of(&certificate, Language::English));
        assert!(printed.matches('漏').count() >= 4000 && printed.matches('w').count() >= 4000);
        if text.is_ascii() {
            let squeezed: String = text.split_whitespace().collect();
            assert!(printed.contains(&squeezed), "{squeezed} is missing in {}", &printed[..800]);
        } else {
            assert!(printed.contains('□'), "what the font lacks is a box");
        }
        let page = page::certificate(&sheet).unwrap();
        assert!(!page.contains("<script") && !page.contains("<img src=x"));
    }
}

#[test]
fn a_certificate_with_nothing_but_a_signature() {
    let mut certificate = rich();
    certificate.premises = Premises::default();
    certificate.number = None;
    certificate.content.findings = None;
    certificate.content.quote = None;
    certificate.content.materials.clear();
    certificate.strokes.clear();
    certificate.sign_off.opinion = None;
    (certificate.quotes, certificate.photos, certificate.done) = (vec![], vec![], vec![]);
    (certificate.diagnosis, certificate.charge) = (None, None);
    (certificate.times.arrived, certificate.times.started, certificate.times.finished) = (None, None, None);
    for language in Language::ALL {
        assert!(!pdf_of(&certificate, language).is_empty());
        let page = page::certificate(&Sheet::new(&certificate, language)).unwrap();
        assert!(!page.contains("certificate-"), "every sentence is there: {page}");
    }
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let page = page::certificate(&Sheet::new(&rich(), Language::Chinese)).unwrap();
    assert!(page.contains("lang=\"zh-CN\"") && page.contains("维修完工确认单"));
    for foreign in ["<script", "<link", "@import", "url(", "src=\"http", "href="] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    if let Ok(folder) = std::env::var("DOORSTEP_TEST_PRINTS") {
        std::fs::write(format!("{folder}/certificate.html"), page).unwrap();
    }
}

#[test]
fn both_languages_say_the_same_things() {
    let ids = |file: &str| -> BTreeMap<String, Vec<String>> {
        let sentences = file.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let values = |text: &str| {
            let mut values: Vec<String> =
                text.split("{ $").skip(1).map(|rest| rest.split(' ').next().unwrap().into()).collect();
            values.sort();
            values
        };
        sentences.map(|line| line.split_once('=').unwrap()).map(|(id, text)| (id.trim().into(), values(text))).collect()
    };
    let english = ids(include_str!("../../locales/en/certificate.ftl"));
    assert_eq!(english, ids(include_str!("../../locales/zh-CN/certificate.ftl")));
    let code = [include_str!("sheet.rs"), include_str!("page.rs"), include_str!("words.rs")].concat();
    let unused: Vec<_> =
        english.keys().filter(|id| !id.starts_with("check-part-") && !code.contains(&format!("\"{id}\""))).collect();
    assert!(unused.is_empty(), "{unused:?}");
}
