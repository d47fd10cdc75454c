//! Classes: a tree taken from a table, and the class that earlier complaints speak for.

use std::{fs, path::PathBuf};

use doorstep::{
    import::{
        Input,
        classes::{ClassMapping, classes},
        table::{TableOptions, TableReport},
    },
    language::Language,
};
use mobile_api::ids::ComplaintClassId;
use serde_json::json;

use super::*;

async fn import(house: &House, map: &str, file: impl Into<Vec<u8>>, preview: bool) -> TableReport {
    let options = TableOptions { preview, ..TableOptions::new(house.firm.org, Language::English) };
    let mapping = ClassMapping::parse(map).unwrap();
    classes(&house.state().door, &mapping, Input::memory(file).unwrap(), &options, |_| {}).await.unwrap()
}

/// A class in each line.
const CODES: &str = "[columns]\ncode = \"code\"\nparent = \"parent\"\nzh = \"zh\"\nen = \"en\"";

async fn listed_classes(house: &House, query: &str) -> Vec<(String, Uuid)> {
    let page = house.li().await.get(&format!("/v1/complaint-classes?limit=500&{query}")).await.body;
    let class = |item: &Value| {
        let record = &item["record"];
        (record["code"].as_str().unwrap().to_owned(), record["id"].as_str().unwrap().parse().unwrap())
    };
    page["items"].as_array().unwrap().iter().map(class).collect()
}

stories! {
    /// 517 classes of three levels (test data beside the repository): previewed, taken, and taken again without a change.
    async fn a_real_tree_is_taken_whole(house: House) {
        let beside = ["..", "../.."].map(|up| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(up));
        let name = "shared/data/complaints/category_tree_517.csv";
        let Some(file) = beside.into_iter().map(|folder| folder.join(name)).find(|path| path.exists()) else { return };
        let map = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/mappings/complaint-classes.toml")).unwrap();
        let file = fs::read(file).unwrap();
        let preview = import(&house, &map, file.clone(), true).await;
        assert_eq!((preview.refused, preview.stored), (0, 0), "{:?}", preview.first_refused);
        assert!(preview.new > 517, "517 paths, and what they go through: {}", preview.new);
        let taken = import(&house, &map, file.clone(), false).await;
        assert_eq!((taken.new, taken.stored), (preview.new, preview.new));
        let again = import(&house, &map, file, false).await;
        assert_eq!((again.new, again.changed, again.stored), (0, 0, 0));
        let widest = listed_classes(&house, "q=城乡建设").await;
        let (_, top) = widest.iter().find(|(code, _)| code == "城乡建设").expect("the first level").clone();
        assert!(listed_classes(&house, &format!("parent={top}")).await.iter().any(|(code, _)| code == "城乡建设/安全生产"));
    }

    /// Whatever is wrong is told with its line, and nothing is stored.
    async fn circles_and_missing_parents_are_told_by_line(house: House) {
        let table = "code,parent,zh,en\na,,维修,Repairs\nb,c,漏水,Leaks\nc,b,渗水,Damp\nd,d,自己,Itself\ne,nothing,无,None\na2,a,质量,Quality\nf,b,在圈下,Below a circle\na2,a,又,Again\n";
        let told = import(&house, CODES, table, false).await;
        let lines: Vec<String> = told.first_refused.iter().map(|(line, reason)| format!("{line}: {reason}")).collect();
        reads!(lines.join("\n"), @r"
        3: the class is part of itself: b → c → b
        4: the class is part of itself: c → b → c
        5: the class is part of itself: d → d
        6: there is no class nothing, neither in the file nor here
        7: a2 stands in lines 7, 9; nobody can know which of them counts
        8: the class is part of itself: f → b → c → b
        9: a2 stands in lines 7, 9; nobody can know which of them counts
        ");
        assert!(told.blocked && listed_classes(&house, "").await.is_empty());

        let first = import(&house, CODES, "code,parent,zh,en\na2,a,质量,Quality\na,,维修,Repairs\n", false).await;
        assert_eq!((first.new, first.stored), (2, 2), "the parent may stand below");
        let second = import(&house, CODES, "code,parent,zh,en\na3,a,态度,Attitude\na2,,质量,Quality\n", false).await;
        assert_eq!((second.new, second.changed, second.stored), (1, 1, 2), "what it is part of was here before");
    }

    /// Offered from what was summed up before, with its reasons; nothing is set by asking.
    async fn a_class_is_suggested_from_earlier_complaints(house: House) {
        import(&house, CODES, "code,parent,zh,en\nleak,,漏水,Leaks\nlift,,电梯,Lifts\n", false).await;
        let all = listed_classes(&house, "").await;
        let class = |code: &str| ComplaintClassId::new(all.iter().find(|(known, _)| known == code).unwrap().1);
        let li = house.li().await;
        let mut earlier = Vec::new();
        for (text, code) in [("厨房水龙头漏水", "leak"), ("卫生间漏水到楼下", "leak"), ("电梯停在三楼", "lift")] {
            let id = received(&house, says(&house, text)).await;
            li.perform(id, Summarise { class: Some(class(code)), ..summed_up() }).await.applied();
            earlier.push(id);
        }
        let asked = received(&house, says(&house, "阳台漏水，水龙头坏了")).await;
        let offered = li.get(&format!("/v1/complaints/{asked}/class-suggestions")).await.body;
        let best = &offered["suggestions"][0];
        assert_eq!(best["class"], json!(class("leak")));
        assert!(best["like"].as_array().unwrap().contains(&json!(earlier[0])), "{offered}");
        assert!(best["likeness_percent"].as_u64().unwrap() > 10, "{offered}");
        assert!(complaint(&house, asked).await.summary.is_none(), "it is offered, not imposed");
        let nothing = received(&house, says(&house, "zzz")).await;
        let none = li.get(&format!("/v1/complaints/{nothing}/class-suggestions")).await.body;
        assert_eq!(none["suggestions"], json!([]));
        let wrong = Summarise { class: Some(ComplaintClassId::new(house.clock.new_id())), ..summed_up() };
        assert_eq!(li.perform(asked, wrong).await.problem(422), "bad_reference");
    }
}
