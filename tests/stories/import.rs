//! History taken over from other systems.

use std::{fs, io::Write, path::PathBuf};

use chrono::{DateTime, Utc};
use doorstep::{
    clock::Clock,
    events::Pokes,
    import::{self, Ended, Input, Mapping, Oddity, Options, Report},
    language::Language,
    operations::{self, Door, Holds, Online},
    work_order::deadline::DeadlineReport,
};
use mobile_api::{
    Actor,
    directory::{Deadlines, Found, Label, OrderTypeSave},
    money::Currency,
    record::Kind,
    work_order::WorkOrder,
};
use uuid::Uuid;

use crate::harness::{Backend, TestDb, World};

/// The requests that the demonstration is made of: real rows, kept in the repository.
const CUT: &str = include_str!("../../demo/boston-311-requests.csv");

/// A firm that takes history over, years after it happened.
struct Firm {
    db: TestDb,
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
        let found = Found {
            name: "Bright Home Services".into(),
            time_zone: "America/New_York".into(),
            currency: Currency::CNY,
            deadlines: Deadlines::TRADE,
        };
        let found = Online { id: clock.new_id(), action: found.into(), entity: org, expected_rev: None };
        door.found("bright".into(), found).await.unwrap();
        Self { db, door, org, folder: tempfile::tempdir().unwrap() }
    }
}

impl Firm {
    async fn import(&self, mapping: &Mapping, file: impl Into<Vec<u8>>) -> Report {
        self.import_with(mapping, file, self.options()).await
    }

    async fn import_with(&self, mapping: &Mapping, file: impl Into<Vec<u8>>, options: Options) -> Report {
        let input = Input::memory(file).unwrap();
        import::requests(&self.door, mapping.clone(), input, options, |_| {}).await.unwrap()
    }

    fn options(&self) -> Options {
        Options::new(self.org, Language::English)
    }

    async fn version(&self) -> u64 {
        let org = self.org;
        self.db.read(move |conn| operations::store::version(conn, org)).await.unwrap()
    }

    async fn order(&self, source: &str, id: &str) -> Option<WorkOrder> {
        let (org, order) = (self.org, import::ids::work_order(self.org, source, id));
        let about = mobile_api::Ref::new(Kind::WorkOrder, order);
        let actor = Actor::system(org);
        let found = self.db.read(move |conn| operations::reading::visible(conn, &actor, about)).await.unwrap()?;
        Some(serde_json::from_str(&found.body).unwrap())
    }
}

fn boston() -> Mapping {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/mappings/boston-311.toml")).unwrap();
    Mapping::parse(&text).unwrap()
}

/// A small table of our own.
fn plain() -> Mapping {
    let text = r#"
        source = "old"
        time_zone = "Asia/Shanghai"
        time_formats = ["%Y-%m-%d %H:%M", "%Y-%m-%d"]
        [columns]
        id = "id"
        received = "came"
        due = "due"
        closed = "done"
        text = ["title", "details"]
        place = "place"
        [type]
        code = "repair"
        [site]
        name = "Lakeside"
    "#;
    Mapping::parse(text).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The whole file of Boston, where the data for tests is at hand.
fn whole_file() -> Option<PathBuf> {
    let beside = ["..", "../.."].map(|up| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(up));
    let file = "shared/data/service-requests/boston_311_2011H2.csv.gz";
    beside.into_iter().map(|folder| folder.join(file)).find(|path| path.exists())
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

stories! {
    /// The rows of the demonstration: deadlines as the city judged them, times of its own zone, ids that repeat.
    async fn requests_are_taken_once(firm: Firm) {
        let report = firm.import(&boston(), gzip(CUT.as_bytes())).await;
        assert_eq!((report.rows, report.taken, report.already_here, report.refused), (120, 120, 0, 0));
        let figures = DeadlineReport {
            total: 120,
            in_time: 71,
            late: 28,
            open_past_deadline: 19,
            without_deadline: 2,
            ..DeadlineReport::default()
        };
        assert_eq!(report.deadlines, Some(figures));
        let agreement = report.agreement.clone().unwrap();
        assert_eq!((agreement.compared, agreement.agree), (118, 118));
        assert_eq!((report.order_types_made, report.sites_made), (15, 3));

        let order = firm.order("boston-311", "101000295620").await.unwrap();
        assert_eq!(order.called_at, utc("2011-07-01T10:24:38Z"));
        assert_eq!(order.place, "INTERSECTION of Bragdon St & Washington St  Roxbury  MA");
        assert_eq!(order.clocks.resolve.unwrap().due, utc("2011-07-15T10:24:38Z"));

        let version = firm.version().await;
        let again = firm.import(&boston(), CUT).await;
        assert_eq!((again.rows, again.taken, again.already_here, again.refused), (120, 0, 120, 0));
        assert_eq!((&again.deadlines, &again.agreement), (&report.deadlines, &report.agreement));
        assert_eq!(firm.version().await, version, "nothing was written");
        insta::assert_snapshot!("report", report.text(Language::English));
        insta::assert_snapshot!("report_in_chinese", again.text(Language::Chinese));
    }

    /// The first 3,000 rows of the whole file; `scripts/check-boston` takes all of them.
    async fn the_beginning_of_the_whole_file_is_taken(firm: Firm) {
        let Some(path) = whole_file() else { return };
        let mut reader = csv::Reader::from_reader(flate2::read::MultiGzDecoder::new(fs::File::open(path).unwrap()));
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_byte_record(reader.byte_headers().unwrap()).unwrap();
        for record in reader.byte_records().take(3000) {
            writer.write_byte_record(&record.unwrap()).unwrap();
        }
        let report = firm.import(&boston(), writer.into_inner().unwrap()).await;
        assert_eq!((report.rows, report.taken, report.refused), (3000, 3000, 0), "{:?}", report.first_refused);
        let agreement = report.agreement.unwrap();
        assert_eq!(agreement.agree, agreement.compared);
        let figures = report.deadlines.unwrap();
        assert_eq!(figures.total - figures.without_deadline, agreement.compared + 3, "three state no verdict");
    }

    /// Stopped, or killed, between any two chunks: the next run goes on and nothing is taken twice.
    async fn an_import_that_was_cut_off_goes_on(firm: Firm) {
        let stopped = Options { chunk: 7, ..firm.options() };
        let input = Input::memory(CUT).unwrap();
        let stop = stopped.stop.clone();
        let mut chunks = 0;
        let watch = |_: import::Progress<'_, import::Report>| {
            chunks += 1;
            if chunks == 3 {
                stop.cancel();
            }
        };
        let report = import::requests(&firm.door, boston(), input, stopped, watch).await.unwrap();
        assert_eq!((report.ended, report.taken), (Ended::Interrupted, 21));

        // Killed: the task is dropped wherever it happens to be.
        let (door, org) = (firm.door.clone(), firm.org);
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let killed = tokio::spawn(async move {
            let options = Options { chunk: 7, ..Options::new(org, Language::English) };
            let input = Input::memory(CUT).unwrap();
            import::requests(&door, boston(), input, options, |progress| _ = told.send(progress.report.taken)).await
        });
        while heard.recv().await.is_some_and(|taken| taken < 21) {}
        killed.abort();
        _ = killed.await;

        let rest = firm.import(&boston(), CUT).await;
        assert_eq!(rest.rows, 120);
        assert_eq!(rest.taken + rest.already_here, 120);
        assert!(rest.already_here >= 42, "{}", rest.already_here);
        assert_eq!(rest.deadlines.unwrap().total, 120);
        // A number that was used twice, or left out, would show.
        let mut numbers = Vec::new();
        for row in csv::Reader::from_reader(CUT.as_bytes()).records() {
            numbers.push(firm.order("boston-311", &row.unwrap()[0]).await.unwrap().number.unwrap());
        }
        numbers.sort();
        assert_eq!(numbers, (1..=120).map(|number| format!("2026-{number:06}")).collect::<Vec<_>>());
    }

    /// What can be wrong with a table is said with its line, and the good rows around it are taken.
    async fn hostile_rows_are_refused_one_by_one(firm: Firm) {
        let megabyte = "x".repeat(1_000_000);
        let table = format!(
            "\u{feff}id,came,due,done,title,details,place\r\n\
             1,2020-01-01 08:00,,,\"quoted, \"\"twice\"\"\",\"two\nlines\",\n\
             2,2020-01-01 08:00,,,NUL,here \0,\n\
             3,2020-01-01 08:00,,,ragged\n\
             4,2020-01-01 08:00,,,too many,,,,\n\
             5,2020-01-01 08:00,,,{megabyte},,\n\
             6,2020-02-30 08:00,,,no such day,,\n\
             7,0000-01-01,,,year 0,,\n\
             8,9999-12-31,,,year 9999,,\n\
             9,2020-01-01,yesterday,,no time,,\n\
             10,2020-01-01,,,\"=HYPERLINK(\"\"http://example.org\"\")\",,=1+1\n\
             ,2020-01-01,,,no id,,\n\
             12,,,,no time,,\n\
             1,2020-01-01,,,again,,\n\
             14,2020-01-01,,,ümläut 漢字,,\n"
        );
        // A byte that is no UTF-8 in the last row.
        let mut table = table.into_bytes();
        table.extend_from_slice(b"15,2020-01-01,,,\xff,,\n16,2020-01-01,2020-01-02,2020-01-02,last,,\n");
        let refused = firm.folder.path().join("refused.csv");
        let options = Options { refused: Some(refused.clone()), ..firm.options() };
        let report = firm.import_with(&plain(), table, options).await;
        assert_eq!((report.ended.clone(), report.rows), (Ended::Complete, 16));
        assert_eq!((report.taken, report.refused, report.duplicates), (4, 12, 1));
        let reasons: Vec<String> =
            report.first_refused.iter().map(|(line, reason)| format!("{line}: {reason}")).collect();
        insta::assert_snapshot!("hostile_rows", reasons.join("\n"));

        let order = firm.order("old", "1").await.unwrap();
        assert_eq!(order.fault, "quoted, \"twice\"\ntwo\nlines");
        assert_eq!(order.called_at, utc("2020-01-01T00:00:00Z"));
        assert_eq!(firm.order("old", "10").await.unwrap().place, "=1+1");
        // A day is over at its end: closed on the day of the deadline is in time.
        let last = firm.order("old", "16").await.unwrap();
        assert_eq!(last.number.as_deref(), Some("2026-000004"), "what was refused used no number");
        assert_eq!(last.clocks.resolve.unwrap().due, utc("2020-01-02T15:59:59Z"));
        assert_eq!(report.deadlines.unwrap().in_time, 1);
        for id in ["2", "3", "4", "5", "6", "7", "8", "9", "12", "15"] {
            assert_eq!(firm.order("old", id).await, None, "{id}");
        }

        // What was refused can be mended where it was written, and imported.
        let mut mended = fs::read(&refused).unwrap();
        assert!(mended.starts_with(b"line,reason,id,came"));
        let at = mended.windows(11).position(|text| text == b",2020-02-30").unwrap();
        mended[at..at + 11].copy_from_slice(b",2020-02-29");
        let report = firm.import(&plain(), mended).await;
        assert_eq!((report.taken, report.already_here), (1, 1));
        assert_eq!(firm.order("old", "6").await.unwrap().called_at, utc("2020-02-29T00:00:00Z"));
    }

    /// A file that ends in the middle of something: what came before it is taken, and the place is named.
    async fn a_broken_file_is_taken_as_far_as_it_goes(firm: Firm) {
        let header = "id,came,due,done,title,details,place\n";
        let mut table = format!("{header}1,2020-01-01,,,good,,\n2,2020-01-01,,,\"never closed,,\n");
        table.push_str(&"3,2020-01-01,,,swallowed,,\n".repeat(300_000));
        let report = firm.import(&plain(), table.clone()).await;
        assert_eq!(report.taken, 1);
        let Ended::Broken(reason) = &report.ended else { panic!("{:?}", report.ended) };
        assert!(reason.starts_with("line 3: a row longer than 4 MB"), "{reason}");

        let mut cut_off = gzip(CUT.as_bytes());
        cut_off.truncate(cut_off.len() / 2);
        let report = firm.import(&boston(), cut_off).await;
        assert!(report.taken > 10 && report.taken < 120, "{}", report.taken);
        assert!(matches!(report.ended, Ended::Broken(_)), "{:?}", report.ended);

        let wrong = |file: Vec<u8>, mapping: Mapping| {
            let input = Input::memory(file).unwrap();
            let (door, options) = (firm.door.clone(), firm.options());
            async move { import::requests(&door, mapping, input, options, |_| {}).await.unwrap_err() }
        };
        let absent = wrong(b"id,came\n1,2020-01-01\n".to_vec(), plain()).await;
        assert!(absent.starts_with("The file has no column `due` (columns.due), `done`"), "{absent}");
        let utf16: Vec<u8> = header.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(wrong(utf16, plain()).await.contains("UTF-16"));
        let twice = wrong(b"id,id,came,due,done,title,details,place\n".to_vec(), plain()).await;
        assert!(twice.contains("`id`") || twice.contains("column id twice"), "{twice}");
        assert!(wrong(Vec::new(), plain()).await.contains("has no column"));
    }

    /// Order types are found by code and sites by name, before any are made; wrong columns are noticed.
    async fn what_is_there_is_used(firm: Firm) {
        let id = Uuid::from_u128(7);
        let repair = OrderTypeSave {
            code: "repair".into(),
            name: Label::new("维修", "Repair"),
            free_of_charge: true,
            certificate: None,
            deadlines: None,
            photos: Vec::new(),
            timing: Default::default(),
            warranty_days: None,
            active: true,
        };
        let save = Online { id: Uuid::from_u128(8), action: repair.into(), entity: id, expected_rev: None };
        firm.door.perform(Actor::system(firm.org), save).await.unwrap();
        let header = "id,came,due,done,title,details,place\n";
        let report = firm.import(&plain(), format!("{header}1,2020-01-01,,,x,,\n")).await;
        assert_eq!((report.taken, report.order_types_made, report.sites_made), (1, 0, 1));
        let order = firm.order("old", "1").await.unwrap();
        assert_eq!(order.order_type.uuid(), id);
        assert!(order.policy.free_of_charge);

        let mut mapping = plain();
        mapping.source = "wrong".into();
        mapping.site.name = None;
        mapping.site.column = Some("id".into());
        let rows: String = (0..3000).map(|row| format!("{row},2020-01-01,,,x,,\n")).collect();
        let report = firm.import(&mapping, format!("{header}{rows}")).await;
        let Ended::Broken(reason) = &report.ended else { panic!("{:?}", report.ended) };
        assert!(reason.contains("more than 2,000 site"), "{reason}");
    }

    /// Local times that occur twice or never are read by rule, and said.
    async fn times_at_the_change_of_clocks_are_noted(firm: Firm) {
        let mut mapping = plain();
        mapping.time_zone = chrono_tz::America::New_York;
        let table = "id,came,due,done,title,details,place\n\
                     1,2011-11-06 01:30,,,twice,,\n\
                     2,2012-03-11 02:30,,,never,,\n\
                     3,2012-03-11 03:30,,,plain,,\n";
        let report = firm.import(&mapping, table).await;
        assert_eq!(report.taken, 3);
        assert_eq!(report.oddities[&Oddity::Twice].first, [2]);
        assert_eq!(report.oddities[&Oddity::Never].first, [3]);
        assert_eq!(firm.order("old", "1").await.unwrap().called_at, utc("2011-11-06T05:30:00Z"));
        assert_eq!(firm.order("old", "2").await.unwrap().called_at, utc("2012-03-11T07:30:00Z"));
    }
}
