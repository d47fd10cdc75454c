//! Price lists from files: everything is said before anything is stored, and nothing is half imported.

use std::{fs, path::PathBuf};

use doorstep::{
    clock::Clock,
    events::Pokes,
    import::{
        Ended, Input, Progress,
        prices::{Encoding, PriceMapping, PriceOptions, PriceReport, prices},
    },
    language::Language,
    operations::{Door, Holds, Online, reading},
};
use mobile_api::{
    Actor, Id, Ref,
    directory::{Deadlines, Found, PriceItem, PriceItemSave, PriceKind, SiteSave},
    money::{Currency, Money},
    operation::Payload,
    price_list::{Terms, Whom},
    record::Kind,
};
use uuid::Uuid;

use crate::harness::{Backend, TestDb, World};

struct Firm {
    db: TestDb,
    clock: Clock,
    door: Door,
    org: Uuid,
    folder: tempfile::TempDir,
}

impl World for Firm {
    async fn on(backend: Backend) -> Self {
        let db = TestDb::on(backend).await;
        let clock = Clock::fixed("2026-03-02T00:00:00Z".parse().unwrap());
        let door = Door::new((*db).clone(), clock.clone(), Pokes::default(), Holds::default());
        let org = clock.new_id();
        let firm = Self { db, clock, door, org, folder: tempfile::tempdir().unwrap() };
        firm.found(org, "bright", Currency::CNY).await;
        firm
    }
}

impl Firm {
    async fn found(&self, org: Uuid, slug: &str, currency: Currency) {
        let found = Found {
            name: "Bright Home Services".into(),
            time_zone: "Asia/Shanghai".into(),
            currency,
            deadlines: Deadlines::TRADE,
        };
        let id = self.door.clock().new_id();
        let found = Online { id, action: found.into(), entity: org, expected_rev: None };
        self.door.found(slug.into(), found).await.unwrap();
    }

    fn options(&self) -> PriceOptions {
        PriceOptions::new(self.org, Language::English)
    }

    async fn import(&self, file: impl Into<Vec<u8>>) -> PriceReport {
        self.import_with(file, self.options()).await.unwrap()
    }

    async fn import_with(&self, file: impl Into<Vec<u8>>, options: PriceOptions) -> Result<PriceReport, String> {
        let input = Input::memory(file).unwrap();
        prices(&self.door, &plain(), input, &options, |_| {}).await
    }

    async fn item(&self, code: &str) -> Option<PriceItem> {
        let id = doorstep::import::ids::price_item(self.org, code);
        self.record(id.uuid()).await
    }

    async fn record(&self, id: Uuid) -> Option<PriceItem> {
        let (actor, about) = (Actor::system(self.org), Ref::new(Kind::PriceItem, id));
        let found = self.db.read(move |conn| reading::visible(conn, &actor, about)).await.unwrap()?;
        Some(serde_json::from_str(&found.body).unwrap())
    }

    async fn save(&self, entity: Uuid, action: impl Into<mobile_api::catalogue::Action>) {
        let id = self.door.clock().new_id();
        let save = Online { id, action: action.into(), entity, expected_rev: None };
        self.door.perform(Actor::system(self.org), save).await.unwrap();
    }

    async fn version(&self) -> u64 {
        let org = self.org;
        self.db.read(move |conn| doorstep::operations::store::version(conn, org)).await.unwrap()
    }
}

fn plain() -> PriceMapping {
    let text = r#"
        date_formats = ["%Y-%m-%d", "%Y/%m/%d"]
        empty = ["-"]
        [columns]
        code = "code"
        name_zh = "zh"
        name_en = "en"
        unit = "unit"
        price = "price"
        currency = "currency"
        tax_class = "tax"
        valid_from = "from"
        valid_to = "to"
        [kind]
        column = "kind"
        labour = "work"
        material = ["goods", "parts"]
    "#;
    PriceMapping::parse(text).unwrap()
}

/// The same, with the columns that say where and for whom.
fn for_whom() -> PriceMapping {
    let PriceMapping { mut columns, .. } = plain();
    (columns.site, columns.customer_class) = (Some("where".into()), Some("whom".into()));
    PriceMapping { columns, ..plain() }
}

const HEADER: &str = "code,zh,en,kind,unit,price,currency,tax,from,to\n";

fn table(rows: &[&str]) -> String {
    format!("{HEADER}{}\n", rows.join("\n"))
}

fn yuan(minor: i64) -> Money {
    Money { minor, currency: Currency::CNY }
}

/// A list of OpenConstructionEstimate CWICR (CC BY 4.0), where the data for tests is at hand.
fn shared(name: &str) -> Option<PathBuf> {
    let beside = ["..", "../.."].map(|up| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(up));
    beside.into_iter().map(|folder| folder.join("shared/data/price-lists").join(name)).find(|path| path.exists())
}

fn cwicr() -> PriceMapping {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/mappings/price-list.toml")).unwrap();
    PriceMapping::parse(&text).unwrap()
}

stories! {
    /// 7,184 real items. 1,027 rows share their code with another, 13 cost nothing, one has no unit.
    async fn a_real_price_list_is_taken_as_far_as_it_is_clear(firm: Firm) {
        let Some(path) = shared("cwicr_zh_shanghai_cny.csv.gz") else { return };
        let run = async |options: PriceOptions| {
            prices(&firm.door, &cwicr(), Input::open(&path).unwrap(), &options, |_| {}).await.unwrap()
        };
        let before = firm.version().await;
        let preview = run(PriceOptions { preview: true, ..firm.options() }).await;
        assert_eq!((preview.rows, preview.new, preview.refused, preview.stored), (7_184, 6_143, 1_041, 0));
        let blocked = run(firm.options()).await;
        assert_eq!((blocked.blocked, blocked.stored), (true, 0));
        assert_eq!(firm.version().await, before, "nothing was stored");

        let taken = run(PriceOptions { accept_rest: true, ..firm.options() }).await;
        assert_eq!((taken.new, taken.changed, taken.refused, taken.stored), (6_143, 0, 1_041, 6_143));
        assert_eq!(taken.ended, Ended::Complete);
        let version = firm.version().await;
        let again = run(PriceOptions { accept_rest: true, ..firm.options() }).await;
        assert_eq!((again.new, again.changed, again.unchanged, again.stored), (0, 0, 6_143, 0));
        assert_eq!(firm.version().await, version, "nothing was written");
    }

    /// The same codes in pounds: 85 names are longer than a name may be.
    async fn the_same_list_in_pounds_is_for_a_firm_that_reckons_in_pounds(firm: Firm) {
        let Some(path) = shared("cwicr_uk_gbp.csv.gz") else { return };
        let org = firm.door.clock().new_id();
        firm.found(org, "london", Currency::GBP).await;
        let in_pounds = PriceOptions { accept_rest: true, ..PriceOptions::new(org, Language::English) };
        let taken = prices(&firm.door, &cwicr(), Input::open(&path).unwrap(), &in_pounds, |_| {}).await.unwrap();
        assert_eq!((taken.rows, taken.stored, taken.refused), (7_184, 6_058, 1_126));
        let in_yuan = PriceOptions { accept_rest: true, ..firm.options() };
        let refused = prices(&firm.door, &cwicr(), Input::open(&path).unwrap(), &in_yuan, |_| {}).await.unwrap();
        assert_eq!((refused.stored, refused.refused), (0, 7_184), "a currency that differs from the organisation's");
    }

    /// Everything that can be wrong with a row, each with its line; and not one row is stored.
    async fn one_bad_row_keeps_the_list_from_being_stored(firm: Firm) {
        let rows = [
            "GOOD,密封圈,Seal,parts,pc,12.50,CNY,,,",
            "ZERO,零,Zero,parts,pc,0.00,CNY,,,",
            "NONE,无,None,parts,pc,,CNY,,,",
            "MINUS,负,Minus,parts,pc,-3,CNY,,,",
            "NAN,非数,NaN,parts,pc,NaN,CNY,,,",
            "COMMA,逗号,Comma,parts,pc,\"1,200\",CNY,,,",
            "FINE,细,Fine,parts,pc,1.005,CNY,,,",
            "HUGE,大,Huge,parts,pc,99999999999999,CNY,,,",
            "POUND,镑,Pound,parts,pc,1,GBP,,,",
            "TWICE,一,One,parts,pc,1,CNY,,,",
            "TWICE,二,Two,parts,pc,2,CNY,,,",
            "=CMD(),公式,Formula,parts,pc,1,CNY,,,",
            "FORMULA,\"=HYPERLINK(\"\"x\"\")\",Formula,parts,pc,1,CNY,,,",
            "AT,名,@SUM(A1),parts,pc,1,CNY,,,",
            "KIND,类,Kind,magic,pc,1,CNY,,,",
            "UNIT,单位,Unit,parts,,1,CNY,,,",
            "TAX,税,Tax,parts,pc,1,CNY,luxury,,",
            "DAY,日,Day,parts,pc,1,CNY,,2026-02-30,",
            "SPAN,期,Span,parts,pc,1,CNY,,2026-03-02,2026-03-01",
            "RAGGED,缺,Ragged,parts",
            ",无码,No code,parts,pc,1,CNY,,,",
        ];
        let long = format!("LONG,长,{},parts,pc,1,CNY,,,", "x".repeat(201));
        let file = table(&[&rows[..], &[&long]].concat());
        let (before, refused) = (firm.version().await, firm.folder.path().join("refused.csv"));
        let options = PriceOptions { refused: Some(refused.clone()), ..firm.options() };
        let report = firm.import_with(file.clone(), options.clone()).await.unwrap();
        assert_eq!((report.rows, report.new, report.refused, report.stored), (22, 1, 21, 0));
        assert_eq!(firm.version().await, before);
        insta::allow_duplicates! { insta::assert_snapshot!("hostile_price_list", report.text(Language::English)) };
        insta::allow_duplicates! { insta::assert_snapshot!("hostile_price_list_in_chinese", report.text(Language::Chinese)) };
        let written = fs::read_to_string(&refused).unwrap();
        assert_eq!(written.lines().count(), 22, "a header and a line for each");
        assert!(written.contains("'=CMD()"), "what could run does not, in the file of refused rows either");

        let report = firm.import_with(file, PriceOptions { accept_rest: true, ..options }).await.unwrap();
        assert_eq!((report.stored, report.refused), (1, 21));
        assert_eq!(firm.item("GOOD").await.unwrap().price, yuan(1_250));
        assert_eq!(firm.item("TWICE").await, None);
    }

    /// A new list over an old one: what changed is said, old and new; what people set by hand stays.
    async fn a_new_list_changes_what_differs(firm: Firm) {
        let old = table(&[
            "A,甲,Alpha,parts,pc,1.00,CNY,,,",
            "B,乙,Beta,work,h,80,CNY,standard,2026-01-01,2026/12/31",
            "C,丙,Gamma,parts,m,3,CNY,,,",
        ]);
        assert_eq!(firm.import(old.clone()).await.stored, 3);
        let beta = firm.item("B").await.unwrap();
        assert_eq!((beta.kind, beta.terms.tax_class.as_deref()), (PriceKind::Labour, Some("standard")));
        assert_eq!(beta.terms.valid_to.unwrap().to_string(), "2026-12-31");

        let site = Uuid::from_u128(5);
        firm.save(site, SiteSave::example()).await;
        let terms = Terms { sites: vec![Id::new(site)], ..Terms::default() };
        let name = mobile_api::directory::Label::new("丙", "Gamma");
        let gamma = PriceItemSave {
            code: "C".into(), name, kind: PriceKind::Material, unit: "m".into(), price: yuan(300), active: false, terms,
            others: vec![],
        };
        firm.save(firm.item("C").await.unwrap().id.uuid(), gamma).await;

        let new = table(&[
            "A,甲,Alpha,parts,pc,1.20,CNY,,,",
            "B,乙,Beta two,work,h,80,CNY,standard,2026-01-01,2026/12/31",
            "C,丙,Gamma,parts,m,3,CNY,,,",
            "D,丁,Delta,parts,pc,4,CNY,,,",
        ]);
        let report = firm.import(new.clone()).await;
        assert_eq!((report.new, report.changed, report.unchanged, report.stored), (1, 2, 1, 3));
        insta::allow_duplicates! { insta::assert_snapshot!("changed_price_list", report.text(Language::English)) };
        let alpha = firm.item("A").await.unwrap();
        assert_eq!((alpha.price, alpha.earlier[0].price), (yuan(120), yuan(100)));
        let gamma = firm.item("C").await.unwrap();
        assert_eq!((gamma.active, gamma.terms.sites), (false, vec![Id::new(site)]));
        // Down again to what it was: a change like any other.
        assert_eq!(firm.import(old).await.changed, 2);
        assert_eq!(firm.item("A").await.unwrap().price, yuan(100));
        assert_eq!(firm.import(new).await.changed, 2);
        assert_eq!(firm.item("A").await.unwrap().price, yuan(120));
    }

    /// Next year's list is imported in good time: today's prices count until then, and nothing has to be done on the day.
    async fn next_years_list_stands_beside_todays(firm: Firm) {
        let today = table(&[
            "A,甲,Alpha,parts,pc,1.00,CNY,,2026-01-01,2026-12-31",
            "B,乙,Beta,work,h,80,CNY,,2026-01-01,2026-12-31",
        ]);
        assert_eq!(firm.import(today.clone()).await.stored, 2);
        let next = table(&[
            "A,甲,Alpha,parts,pc,1.20,CNY,,2027-01-01,2027-12-31",
            "B,乙,Beta,work,h,80,CNY,,2027-01-01,2027-12-31",
            "D,丁,Delta,parts,pc,4,CNY,,2027-01-01,2027-12-31",
        ]);
        let report = firm.import(next.clone()).await;
        assert_eq!((report.new, report.changed, report.stored), (1, 2, 3));
        insta::allow_duplicates! { insta::assert_snapshot!("price_list_of_next_year", report.text(Language::English)) };
        let costs = async |code: &str, on: &str| {
            let item = firm.item(code).await.unwrap();
            let whom = Whom { site: Id::new(Uuid::from_u128(5)), class: None, day: on.parse().unwrap() };
            item.may_be_quoted(&whom).then(|| item.price_for(&whom).minor)
        };
        assert_eq!([costs("A", "2026-12-31").await, costs("A", "2027-01-01").await], [Some(100), Some(120)]);
        assert_eq!([costs("B", "2026-12-31").await, costs("B", "2027-01-01").await], [Some(8_000), Some(8_000)]);
        assert_eq!([costs("D", "2026-12-31").await, costs("D", "2027-01-01").await], [None, Some(400)]);
        assert_eq!(costs("A", "2028-01-01").await, None, "its last day is over");
        // Either file again changes nothing.
        assert_eq!((firm.import(next.clone()).await.unchanged, firm.import(today).await.unchanged), (3, 2));

        // In the new year the new prices are the items' own, and what they were is remembered.
        firm.clock.set("2027-01-05T00:00:00Z".parse().unwrap());
        assert_eq!(firm.import(next).await.unchanged, 3, "no file is needed for that");
        let report = firm.import(table(&["A,甲,Alpha,parts,pc,1.30,CNY,,2027-01-01,2027-12-31"])).await;
        assert_eq!((report.changed, report.stored), (1, 1));
        let alpha = firm.item("A").await.unwrap();
        assert_eq!((alpha.price, alpha.others.len()), (yuan(130), 0));
    }

    /// One code, several prices: for everybody, for a site, for members; the most particular counts.
    async fn a_price_can_be_for_a_site_or_a_class(firm: Firm) {
        let site = Uuid::from_u128(5);
        firm.save(site, SiteSave::example()).await;
        let name = SiteSave::example().name;
        let header = "code,zh,en,kind,unit,price,currency,tax,from,to,where,whom\n";
        let file = |rows: &[String]| format!("{header}{}\n", rows.join("\n"));
        let mapping = for_whom();
        let run = async |rows: &[String], options: PriceOptions| {
            prices(&firm.door, &mapping, Input::memory(file(rows)).unwrap(), &options, |_| {}).await.unwrap()
        };
        let row = |code: &str, price: &str, from: &str, place: &str, whom: &str| {
            format!("{code},甲,Alpha,parts,pc,{price},CNY,,{from},,{place},{whom}")
        };
        let rows = [
            row("A", "0.70", "", "", "member"),
            row("A", "1.00", "", "", ""),
            row("A", "0.90", "", &name, ""),
            row("A", "0.60", "2027-01-01", "", "member"),
        ];
        let report = run(&rows, firm.options()).await;
        assert_eq!((report.new, report.changed, report.refused, report.stored), (1, 3, 0, 4), "the item, and three prices of it");
        let item = firm.item("A").await.unwrap();
        let costs = |at: Uuid, class: Option<&str>, on: &str| {
            item.price_for(&Whom { site: Id::new(at), class: class.map(Into::into), day: on.parse().unwrap() }).minor
        };
        let elsewhere = Uuid::from_u128(6);
        assert_eq!(costs(elsewhere, None, "2026-03-02"), 100);
        assert_eq!(costs(site, None, "2026-03-02"), 90);
        assert_eq!(costs(site, Some("member"), "2026-03-02"), 70);
        assert_eq!(costs(elsewhere, Some("member"), "2027-01-01"), 60);
        assert_eq!(run(&rows, firm.options()).await.unchanged, 4);

        let bad = [
            row("B", "1", "", "", "member"),
            row("A", "1", "", "Atlantis", ""),
            row("A", "1", "2028-01-01", "", "").replace(",pc,", ",m,"),
            row("A", "2", "2026-05-01", "", "vip"),
            row("A", "3", "2026-05-01", "", "vip"),
        ];
        let report = run(&bad, firm.options()).await;
        assert_eq!((report.refused, report.stored), (5, 0), "nothing is half imported");
        insta::allow_duplicates! { insta::assert_snapshot!("prices_for_nobody", report.text(Language::English)) };
        insta::allow_duplicates! { insta::assert_snapshot!("prices_for_nobody_in_chinese", report.text(Language::Chinese)) };
    }

    /// An item that somebody typed in is found by its code, not made a second time.
    async fn an_item_is_known_by_its_code(firm: Firm) {
        let id = Uuid::from_u128(77);
        firm.save(id, PriceItemSave { code: "A".into(), ..PriceItemSave::example() }).await;
        let report = firm.import(table(&["A,甲,Alpha,parts,pc,1.00,CNY,,,"])).await;
        assert_eq!((report.new, report.changed), (0, 1));
        assert_eq!(firm.record(id).await.unwrap().price, yuan(100));
        assert_eq!(firm.item("A").await, None);
    }

    /// Stopped between two chunks: the next run takes the rest and nothing twice.
    async fn an_import_that_was_cut_off_goes_on(firm: Firm) {
        let rows: Vec<String> = (0..20).map(|n| format!("N{n},甲,Alpha,parts,pc,{}.00,CNY,,,", n + 1)).collect();
        let file = table(&rows.iter().map(String::as_str).collect::<Vec<_>>());
        let options = PriceOptions { chunk: 3, ..firm.options() };
        let stop = options.stop.clone();
        let input = Input::memory(file.clone()).unwrap();
        let watch = |progress: Progress<'_, PriceReport>| if progress.report.stored >= 6 { stop.cancel() };
        let report = prices(&firm.door, &plain(), input, &options, watch).await.unwrap();
        assert_eq!((report.ended, report.stored), (Ended::Interrupted, 6));
        let report = firm.import(file).await;
        assert_eq!((report.new, report.unchanged, report.stored), (14, 6, 14));
        assert_eq!(firm.item("N0").await.unwrap().earlier, []);
    }

    /// 密封圈 in the encoding of a Chinese spreadsheet, said or found out; and files that are not what they are said to be.
    async fn lists_come_in_chinese_encodings(firm: Firm) {
        let text = table(&["A,密封圈,Seal,parts,个,1.00,CNY,,,"]);
        let gbk = encoding_rs::GBK.encode(&text).0.into_owned();
        let preview = |encoding| PriceOptions { preview: true, encoding, ..firm.options() };
        let told = firm.import_with(gbk.clone(), preview(None)).await.unwrap();
        assert_eq!((told.new, told.encoding, told.detected), (1, Encoding::Gbk, true));
        assert!(told.text(Language::English).contains("the file is in GBK"));
        let marked = [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat();
        let told = firm.import_with(marked, preview(None)).await.unwrap();
        assert_eq!((told.new, told.encoding), (1, Encoding::Utf8));
        let wrong = firm.import_with(gbk.clone(), preview(Some(Encoding::Utf8))).await.unwrap_err();
        assert_eq!(wrong, "The file is not UTF-8: line 2 cannot be. Nothing was taken.");
        let wrong = firm.import_with(text.clone(), preview(Some(Encoding::Gbk))).await.unwrap_err();
        assert_eq!(wrong, "The file is not GBK: line 2 cannot be. Nothing was taken.");
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(firm.import_with(utf16, preview(None)).await.unwrap_err().contains("UTF-16"));

        let options = PriceOptions { encoding: Some(Encoding::Gbk), ..firm.options() };
        assert_eq!(firm.import_with(gbk, options).await.unwrap().stored, 1);
        let seal = firm.item("A").await.unwrap();
        assert_eq!((seal.name.zh.as_str(), seal.unit.as_str()), ("密封圈", "个"));
    }

    async fn a_file_of_something_else_is_refused_whole(firm: Firm) {
        let error = firm.import_with("code,price\nA,1\n", firm.options()).await.unwrap_err();
        assert!(error.starts_with("The file has no column `unit` (columns.unit)"), "{error}");
        let error = firm.import_with("", firm.options()).await.unwrap_err();
        assert!(error.contains("has no column"), "{error}");
        let error = firm.import_with(format!("code,{HEADER}"), firm.options()).await.unwrap_err();
        assert!(error.contains("column code twice"), "{error}");
    }
}
