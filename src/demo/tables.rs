//! What the demonstration company consists of. People, places and telephone numbers are invented.
//!
//! Requests and prices are real and stand in `demo/`, with their source and licence.

use anyhow::Context;
use mobile_api::{
    actor::Role::{self, Admin, Dispatcher, FrontDesk, Manager, Storekeeper, Technician},
    directory::Deadlines,
    money::{Currency, Money},
};
use serde::Deserialize;

/// A file of `demo/`, as it is compiled in.
const PRICES: &str = include_str!("../../demo/price-list.csv");
const TODAY: &str = include_str!("../../demo/today.csv");

/// Requests of the City of Boston, and how they are read.
pub(super) const HISTORY: &str = include_str!("../../demo/boston-311-requests.csv");
pub(super) const HISTORY_MAPPING: &str = include_str!("../../demo/boston-311.toml");

/// What the mapping calls their source.
pub(super) const HISTORY_SOURCE: &str = "boston-311";

/// An account: key, name, login, role, team, certificates.
pub(super) struct PersonRow {
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    pub(super) role: Role,
    pub(super) team: Option<&'static str>,
    pub(super) skills: &'static [&'static str],
    pub(super) certificates: &'static [&'static str],
}

const fn person(key: &'static str, name: &'static str, role: Role) -> PersonRow {
    PersonRow { key, name, role, team: None, skills: &[], certificates: &[] }
}

pub(super) const PEOPLE: [PersonRow; 8] = [
    person("admin", "林悦 Lin Yue", Admin),
    person("manager", "周正 Zhou Zheng", Manager),
    person("dispatcher", "何静 He Jing", Dispatcher),
    person("frontdesk", "吴芳 Wu Fang", FrontDesk),
    person("storekeeper", "孙强 Sun Qiang", Storekeeper),
    PersonRow {
        team: Some("water"),
        skills: &["plumbing", "heating"],
        certificates: &["gas"],
        ..person("wang", "王磊 Wang Lei", Technician)
    },
    PersonRow {
        team: Some("power"),
        skills: &["electrical"],
        certificates: &["electrician"],
        ..person("li", "李娜 Li Na", Technician)
    },
    // Newly hired: holds no certificate, so electrical and gas jobs cannot be given to him.
    PersonRow { team: Some("water"), skills: &["plumbing"], ..person("zhang", "张伟 Zhang Wei", Technician) },
];

/// Teams: key and name.
pub(super) const TEAMS: [(&str, &str); 2] =
    [("water", "水暖组 Plumbing and heating"), ("power", "电工组 Electricians")];

pub(super) struct OrderTypeRow {
    pub(super) code: &'static str,
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
    pub(super) team: &'static str,
    pub(super) free_of_charge: bool,
    pub(super) certificate: Option<&'static str>,
    /// Minutes to record, dispatch and arrive; `None` uses the firm's.
    pub(super) deadlines: Option<Deadlines>,
}

const fn minutes(record: u32, dispatch: u32, arrive: u32) -> Option<Deadlines> {
    Some(Deadlines {
        record_minutes: Some(record),
        dispatch_minutes: Some(dispatch),
        arrive_minutes: Some(arrive),
        ..Deadlines::NONE
    })
}

const fn sort(code: &'static str, zh: &'static str, en: &'static str, team: &'static str) -> OrderTypeRow {
    OrderTypeRow { code, zh, en, team, free_of_charge: false, certificate: None, deadlines: None }
}

pub(super) const ORDER_TYPES: [OrderTypeRow; 7] = [
    sort("plumbing", "水管维修", "Plumbing", "water"),
    OrderTypeRow {
        certificate: Some("electrician"), ..sort("electrical", "电气维修", "Electrical repair", "power")
    },
    OrderTypeRow { deadlines: minutes(5, 30, 120), ..sort("heating", "供暖维修", "Heating", "water") },
    OrderTypeRow { deadlines: minutes(5, 60, 240), ..sort("damp", "渗漏防潮", "Leaks and damp", "water") },
    OrderTypeRow {
        certificate: Some("gas"),
        deadlines: minutes(5, 5, 15),
        ..sort("gas", "燃气抢修", "Gas emergency", "water")
    },
    OrderTypeRow {
        free_of_charge: true,
        deadlines: minutes(5, 60, 240),
        ..sort("public-lighting", "公共照明", "Public lighting", "power")
    },
    OrderTypeRow {
        free_of_charge: true,
        deadlines: minutes(5, 60, 480),
        ..sort("public-area", "道路与标识", "Pavements, signs and signals", "water")
    },
];

/// Sites: key, name, address.
pub(super) const SITES: [(&str, &str, &str); 2] = [
    ("lakeside", "湖畔花园 Lakeside Garden", "湖滨路 18 号 · 18 Lake Road（虚构 invented）"),
    ("plane-tree", "梧桐苑 Plane Tree Court", "梧桐路 7 号 · 7 Plane Tree Road（虚构 invented）"),
];

/// Buildings: site, key, name.
pub(super) const BUILDINGS: [(&str, &str, &str); 3] = [
    ("lakeside", "1", "一栋 Building 1"),
    ("lakeside", "2", "二栋 Building 2"),
    ("plane-tree", "1", "一栋 Building 1"),
];

/// A flat and who lives there.
pub(super) struct HouseholdRow {
    pub(super) site: &'static str,
    pub(super) building: &'static str,
    pub(super) unit: &'static str,
    pub(super) customer: &'static str,
    pub(super) phone: &'static str,
    pub(super) access: Option<&'static str>,
    pub(super) member: bool,
}

const fn household(
    site: &'static str,
    building: &'static str,
    unit: &'static str,
    customer: &'static str,
    phone: &'static str,
) -> HouseholdRow {
    HouseholdRow { site, building, unit, customer, phone, access: None, member: false }
}

pub(super) const HOUSEHOLDS: [HouseholdRow; 9] = [
    HouseholdRow {
        access: Some("总阀在洗衣机后面 · Stop-cock behind the washing machine"),
        ..household("lakeside", "1", "101", "陈敏 Chen Min", "021-5550101")
    },
    HouseholdRow { member: true, ..household("lakeside", "1", "302", "刘洋 Liu Yang", "021-5550102") },
    household("lakeside", "1", "501", "赵丽 Zhao Li", "021-5550103"),
    HouseholdRow {
        access: Some("电箱在门后 · Fuse box behind the door"),
        ..household("lakeside", "2", "201", "黄杰 Huang Jie", "021-5550104")
    },
    household("lakeside", "2", "602", "徐慧 Xu Hui", "021-5550105"),
    HouseholdRow {
        access: Some("地下室无信号 · No signal in the basement"),
        ..household("plane-tree", "1", "101", "郭涛 Guo Tao", "021-5550106")
    },
    household("plane-tree", "1", "202", "马琳 Ma Lin", "021-5550107"),
    HouseholdRow { member: true, ..household("plane-tree", "1", "301", "罗军 Luo Jun", "021-5550108") },
    household("plane-tree", "1", "402", "梁雪 Liang Xue", "021-5550109"),
];

impl HouseholdRow {
    /// `lakeside-1-302`, as `demo/today.csv` names it.
    pub(super) fn key(&self) -> String {
        format!("{}-{}-{}", self.site, self.building, self.unit)
    }
}

/// A line of `demo/price-list.csv`.
#[derive(Debug, Deserialize)]
pub(super) struct PriceRow {
    pub(super) code: String,
    pub(super) kind: String,
    pub(super) unit: String,
    pub(super) price_cny: String,
    pub(super) name_zh: String,
    pub(super) name_en: String,
}

impl PriceRow {
    /// The price in fen: `70.13` is 7013.
    pub(super) fn price(&self) -> anyhow::Result<Money> {
        let minor = self.price_cny.replace('.', "").parse().context("a price has two decimals")?;
        Ok(Money { minor, currency: Currency::CNY })
    }
}

/// The price list.
pub(super) fn prices() -> anyhow::Result<Vec<PriceRow>> {
    rows(PRICES)
}

/// A line of `demo/today.csv`.
#[derive(Debug, Deserialize)]
pub(super) struct TodayRow {
    pub(super) source_id: String,
    pub(super) order_type: String,
    pub(super) household: String,
    pub(super) priority: String,
    pub(super) fault_zh: String,
    pub(super) fault_en: String,
}

/// The requests of the day.
pub(super) fn today() -> anyhow::Result<Vec<TodayRow>> {
    rows(TODAY)
}

/// The ids that the requests of Boston have there.
pub(super) fn history_ids() -> anyhow::Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Id {
        case_enquiry_id: String,
    }
    Ok(rows::<Id>(HISTORY)?.into_iter().map(|row| row.case_enquiry_id).collect())
}

fn rows<T: serde::de::DeserializeOwned>(file: &str) -> anyhow::Result<Vec<T>> {
    let rows: Result<_, _> = csv::Reader::from_reader(file.as_bytes()).deserialize().collect();
    rows.context("a file of the demonstration cannot be read")
}
