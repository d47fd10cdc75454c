//! Registers from files: 25,204 real lifts, and everything that can be wrong with a row.

use std::{fs, path::PathBuf};

use doorstep::{
    import::{
        Input,
        assets::{AssetMapping, assets},
        table::{TableOptions, TableReport},
    },
    language::Language,
    operations::store::version,
};
use mobile_api::asset::Retire;

use super::*;

fn options(house: &House) -> TableOptions {
    TableOptions::new(house.firm.org, Language::English)
}

async fn import(house: &House, file: impl Into<Vec<u8>>, options: TableOptions) -> Result<TableReport, String> {
    let input = Input::memory(file).unwrap();
    assets(&house.state().door, &plain(), input, &options, |_| {}).await
}

async fn version_of(house: &House) -> u64 {
    let org = house.firm.org;
    house.db.read(move |conn| version(conn, org)).await.unwrap()
}

fn plain() -> AssetMapping {
    let text = r#"
        source = "plates"
        [columns]
        id = "no"
        name = ["name"]
        place = ["place"]
        serial = "serial"
        maker = "maker"
        installed_on = "installed"
        certificate_expires_on = "certificate"
        [type]
        name = "lift"
        [site]
        column = "estate"
    "#;
    AssetMapping::parse(text).unwrap()
}

const HEADER: &str = "no,name,place,serial,maker,installed,certificate,estate";

fn table(rows: &[&str]) -> String {
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

/// The register of lifts of the State of Maryland (R package `elevators`, MIT), where the data for tests is at hand.
fn shared() -> Option<PathBuf> {
    let beside = ["..", "../.."].map(|up| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(up));
    let name = "shared/data/assets/maryland_elevator_units.csv.gz";
    beside.into_iter().map(|folder| folder.join(name)).find(|path| path.exists())
}

stories! {
    /// 25,204 lifts in 26 counties; by the end of 2022 the certificates of a part of them run out.
    async fn a_real_register_is_taken_whole(house: House) {
        let Some(path) = shared() else { return };
        let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/mappings/elevators.toml")).unwrap();
        let mapping = AssetMapping::parse(&text).unwrap();
        let run = async |options: TableOptions| {
            assets(&house.state().door, &mapping, Input::open(&path).unwrap(), &options, |_| {}).await.unwrap()
        };
        let before = version_of(&house).await;
        let preview = run(TableOptions { preview: true, ..options(&house) }).await;
        assert_eq!((preview.rows, preview.new, preview.refused, preview.stored), (25_204, 25_204, 0, 0));
        assert_eq!(version_of(&house).await, before, "nothing was stored");
        let taken = run(options(&house)).await;
        assert_eq!((taken.new, taken.refused, taken.stored), (25_204, 0, 25_204));
        let version = version_of(&house).await;
        let again = run(options(&house)).await;
        assert_eq!((again.new, again.changed, again.unchanged, again.stored), (0, 0, 25_204, 0));
        assert_eq!(version_of(&house).await, version, "nothing was written");

        let li = house.li().await;
        let sites = li.get("/v1/sites?limit=500").await.body;
        assert_eq!(names(&sites).len(), 1 + 26);
        let expiring = li.get("/v1/assets?certificate_expires_before=2005-07-01").await.body;
        assert_eq!(names(&expiring).len(), 1, "{expiring}");
        let found = li.get("/v1/assets?serial=AA1000").await.body;
        assert!(names(&found).is_empty(), "the number is the firm's, not the maker's");
        let found = li.get("/v1/assets?q=AA1000").await.body;
        let record = &found["items"][0]["record"];
        assert_eq!(record["name"], "AA1000 111 Cathedral Street");
        assert_eq!(record["certificate"]["expires_on"], "2023-03-01");
        assert_eq!(record["source"]["id"], "AA1000");
    }

    /// Whatever is wrong is told with its line – both lines, where two rows are about one machine – and not one row is stored.
    async fn one_bad_row_keeps_the_register_from_being_stored(house: House) {
        made(&house, lift(&house, "Lift 1", "H-1")).await;
        let file = table(&[
            "1,Lift A,Shaft 1,S-1,Hitachi,2019-05-14,2027-03-31,Lakeside Garden",
            "2,Lift B,,S-2,Hitachi,,,Lakeside Garden",
            "3,Lift C,,s-2,HITACHI,,,Lakeside Garden",
            "4,Lift D,,S-4,,,,Lakeside Garden",
            "4,Lift E,,S-5,,,,Lakeside Garden",
            "6,,,S-6,,,,Lakeside Garden",
            "7,=CMD(),,S-7,,,,Lakeside Garden",
            "8,Lift H,,S-8,,2019-02-30,,Lakeside Garden",
            "9,Lift I,,S-9,,,soon,Lakeside Garden",
            "10,Lift J,,S-10,,,,",
            "11,Lift K,,H-1,Hitachi,,,Lakeside Garden",
            "12,Lift L",
            ",Lift M,,S-13,,,,Lakeside Garden",
            "14,Lift N,,S-14,Otis,,,Hillside",
        ]);
        let before = version_of(&house).await;
        let report = import(&house, file.clone(), options(&house)).await.unwrap();
        assert_eq!((report.rows, report.new, report.refused, report.stored), (14, 2, 12, 0));
        assert_eq!(version_of(&house).await, before);
        let text = report.text(Language::English);
        let id = text.rsplit("H-1: ").next().unwrap()[..36].to_owned();
        insta::allow_duplicates! { insta::assert_snapshot!("hostile_register", text.replace(&id, "{id}")) };
        insta::allow_duplicates! { insta::assert_snapshot!("hostile_register_in_chinese", report.text(Language::Chinese).replace(&id, "{id}")) };

        let rest = TableOptions { accept_rest: true, ..options(&house) };
        let report = import(&house, file, rest).await.unwrap();
        assert_eq!((report.stored, report.refused), (2, 12));
        assert_eq!(named(&house, "q=Lift").await, ["Lift 1", "Lift A", "Lift N"]);
    }

    /// A later version of the file changes what it says; what people typed in beside it stays, and what is retired stays so.
    async fn a_later_register_changes_what_it_says(house: House) {
        let first = table(&[
            "1,Lift A,Shaft 1,S-1,Hitachi,,2026-03-31,Lakeside Garden",
            "2,Lift B,,S-2,Hitachi,,2026-03-31,Lakeside Garden",
        ]);
        assert_eq!(import(&house, first, options(&house)).await.unwrap().stored, 2);
        let li = house.li().await;
        let page = li.get("/v1/assets").await.body;
        let ids: Vec<AssetId> = (0..2).map(|at| page["items"][at]["record"]["id"].as_str().unwrap().parse().unwrap()).collect();
        let mut by_hand: AssetSave = serde_json::from_value(page["items"][0]["record"].clone()).unwrap();
        by_hand.code = Some("L-1".into());
        by_hand.model = Some("HCA".into());
        li.perform(ids[0], by_hand).await.applied();
        li.perform(ids[1], Retire { reason: "Gone".into(), replaced_by: None }).await.applied();
        let second = table(&[
            "1,Lift A,Shaft 1,S-1,Hitachi,,2027-03-31,Lakeside Garden",
            "2,Lift B,,S-2,Hitachi,,2027-03-31,Lakeside Garden",
            "3,Lift C,,S-3,Hitachi,,2027-03-31,Lakeside Garden",
        ]);
        let report = import(&house, second, options(&house)).await.unwrap();
        assert_eq!((report.new, report.changed, report.unchanged, report.stored), (1, 1, 1, 2));
        let a = li.get(&format!("/v1/assets/{}", ids[0])).await.body;
        assert_eq!((&a["code"], &a["model"]), (&"L-1".into(), &"HCA".into()));
        assert_eq!(a["certificate"]["expires_on"], "2027-03-31");
        assert_eq!(li.get(&format!("/v1/assets/{}", ids[1])).await.body["service"]["status"], "retired");
    }

    /// 电梯 in the encoding of a Chinese spreadsheet, and with the mark of another.
    async fn registers_come_in_chinese_encodings(house: House) {
        let text = table(&["1,一号电梯,七号楼,S-1,日立,,2027-03-31,湖畔花园"]);
        let gbk = encoding_rs::GBK.encode(&text).0.into_owned();
        assert_eq!(import(&house, gbk, options(&house)).await.unwrap().stored, 1);
        assert_eq!(named(&house, "serial=S-1").await, ["一号电梯"]);
        let marked = [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat();
        assert_eq!(import(&house, marked, options(&house)).await.unwrap().unchanged, 1);
        let error = import(&house, "no,name\n1,x\n", options(&house)).await.unwrap_err();
        assert!(error.starts_with("The file has no column `place` (columns.place)"), "{error}");
    }
}
