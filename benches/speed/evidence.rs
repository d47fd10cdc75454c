//! Bytes on their way in, and what looking at them does to everybody else.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use actix_web::{App, HttpResponse, HttpServer, web};
use base64::{Engine, engine::general_purpose::STANDARD};
use diesel::prelude::*;
use doorstep::db::{SqliteWriter, both, schema::blobs};
use futures_util::StreamExt;
use mobile_api::{signing::Digest, upload::CHUNK_BYTES};
use reqwest::Client;
use tokio::io::AsyncWriteExt;

use crate::{
    Options,
    house::{House, Size},
    median, photo,
    push::{FIRM, Load, PHONES, Rounds},
    table::{Table, Target},
};

/// Uploads at once.
const SENDERS: usize = 4;

/// As the promise says.
const PHOTOS: usize = 50;

pub fn run(options: &Options, table: &mut Table) {
    let house = House::sqlite(Size { technicians: 1, orders: 1 }, SqliteWriter::GroupCommit);
    for (size, name) in [(3 << 20, "3 MiB"), (5 << 20, "5 MiB"), (48 << 20, "48 MiB")] {
        throughput(&house, size, name, options, table);
    }
    drop(house);
    beside_photos(options, table);
}

/// Bytes that are nobody else's.
fn bytes(size: usize) -> web::Bytes {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut seed = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        bytes.extend_from_slice(&seed.to_le_bytes());
    }
    bytes.truncate(size);
    bytes.into()
}

fn throughput(house: &House, size: usize, name: &str, options: &Options, table: &mut Table) {
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    let client = Client::new();
    let folder = tempfile::tempdir().expect("a folder");
    let copier = Copier::start(folder.path().to_owned());
    let token = house.wait_for(house.sign_in(0));
    let each = ((96 << 20) / size / SENDERS).max(1);
    for _ in 0..options.rounds.max(3) {
        let send = |body: web::Bytes| {
            // Phones know the hash since the photo was taken.
            let (client, base, token, sha256) = (client.clone(), house.address(), token.clone(), Digest::of(&body));
            async move { upload(&client, base, &token, sha256, body).await }
        };
        ours.push(rate(house, size, each, send));
        let copy = |body: web::Bytes| {
            let (client, url) = (client.clone(), format!("http://{}/copy", copier.address));
            async move {
                let answer = client.post(url).body(body).send().await.expect("an answer");
                assert_eq!(answer.status(), 204);
            }
        };
        bare.push(rate(house, size, each, copy));
    }
    let (ours, bare) = (median(&mut ours), median(&mut bare));
    table.figure(format!("Uploads of {name} by tus, {SENDERS} at once, proved and flushed"), ours, "MiB/s");
    table.figure("The same copied to a file by bare actix-web, flushed", bare, "MiB/s");
    let what = format!("Uploads of {name} ÷ a bare copy");
    match size as u64 <= CHUNK_BYTES {
        true => table.promised(what, ours / bare, "×", Target::AtLeast(0.5, 0.5)),
        // What comes in several chunks is written once by chunk, so that a cut loses nothing, and once more as a whole.
        false => table.figure(what, ours / bare, "×"),
    }
}

/// Mebibytes a second.
fn rate<F: Future<Output = ()> + Send + 'static>(
    house: &House,
    size: usize,
    each: usize,
    send: impl Fn(web::Bytes) -> F,
) -> f64 {
    let work: Vec<Vec<F>> = (0..SENDERS).map(|_| (0..each).map(|_| send(bytes(size))).collect()).collect();
    let begun = Instant::now();
    house.wait_for(async {
        let tasks = work.into_iter().map(|mine| {
            tokio::spawn(async {
                for one in mine {
                    one.await;
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.expect("it is sent");
        }
    });
    (size * each * SENDERS) as f64 / f64::from(1 << 20) / begun.elapsed().as_secs_f64()
}

/// As the phone engine does it: begun, and sent in chunks.
async fn upload(client: &Client, server: SocketAddr, token: &str, sha256: Digest, body: web::Bytes) {
    let request = |method: reqwest::Method, url: String| {
        client.request(method, url).bearer_auth(token).header("tus-resumable", "1.0.0")
    };
    let begun = request(reqwest::Method::POST, format!("http://{server}/v1/uploads"))
        .header("upload-length", body.len())
        .header("upload-metadata", format!("sha256 {}", STANDARD.encode(sha256.to_string())))
        .send()
        .await
        .expect("an answer");
    assert_eq!(begun.status(), 201, "{:?}", begun.text().await);
    let url = begun.headers()["location"].to_str().expect("a path").to_owned();
    let url = if url.starts_with('/') { format!("http://{server}{url}") } else { url };
    let chunk = usize::try_from(CHUNK_BYTES).expect("small");
    for start in (0..body.len()).step_by(chunk) {
        let piece = body.slice(start..body.len().min(start + chunk));
        let answer = request(reqwest::Method::PATCH, url.clone())
            .header("upload-offset", start)
            .header("content-type", "application/offset+octet-stream")
            .body(piece)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 204);
    }
}

/// The least that a server can do with a file.
struct Copier {
    address: SocketAddr,
    stop: Option<actix_web::dev::ServerHandle>,
}

impl Copier {
    fn start(folder: PathBuf) -> Self {
        let (told, address) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new().app_data(web::Data::new(folder.clone())).route("/copy", web::post().to(copy))
                });
                let server = server.workers(2).bind(("127.0.0.1", 0)).expect("a port");
                let address = server.addrs()[0];
                let server = server.run();
                told.send((address, server.handle())).expect("somebody waits");
                server.await.expect("it runs");
            });
        });
        let (address, stop) = address.recv().expect("it starts");
        Self { address, stop: Some(stop) }
    }
}

impl Drop for Copier {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            drop(stop.stop(false));
        }
    }
}

async fn copy(folder: web::Data<PathBuf>, mut body: web::Payload) -> HttpResponse {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let path = folder.join(NEXT.fetch_add(1, Ordering::Relaxed).to_string());
    let mut file = tokio::fs::File::create(path).await.expect("a file");
    while let Some(piece) = body.next().await {
        file.write_all(&piece.expect("a whole body")).await.expect("it is written");
    }
    file.sync_all().await.expect("it is flushed");
    HttpResponse::NoContent().finish()
}

/// What phones wait that push while fifty photos of 12 megapixels are looked at.
fn beside_photos(options: &Options, table: &mut Table) {
    let house = House::sqlite(FIRM, SqliteWriter::GroupCommit);
    let mut load = Load::new(&house, PHONES);
    let time = options.round.max(Duration::from_secs(3));
    let mut alone = Rounds::default();
    alone.add(load.drive(1, time));
    let original = photo::original();
    let (client, token) = (Client::new(), house.wait_for(house.sign_in(0)));
    house.wait_for(async {
        for n in 0..PHOTOS {
            // What follows on the end of a picture makes other bytes, and no other picture.
            let body: Vec<u8> = original.iter().copied().chain(n.to_le_bytes()).collect();
            upload(&client, house.address(), &token, Digest::of(&body), body.into()).await;
        }
    });
    house.run_timers();
    let mut beside = Rounds::default();
    let begun = Instant::now();
    while looked_at(&house) < PHOTOS as i64 && begun.elapsed() < Duration::from_secs(60) {
        beside.add(load.drive(1, Duration::from_millis(500)));
    }
    let took = begun.elapsed().as_secs_f64() / PHOTOS as f64;
    table.figure("Pushes, 32 phones: 99 % within", alone.percentile(99.0), "ms");
    let what = "The same while 50 photos of 12 MP are looked at";
    table.figure(format!("{what}: 99 % within"), beside.percentile(99.0), "ms");
    table.figure(format!("{what}: a photo takes"), took * 1e3, "ms");
    let ratio = beside.percentile(99.0) / alone.percentile(99.0);
    table.promised(format!("{what} ÷ without"), ratio, "×", Target::AtMost(2.0));
}

/// How many photos were looked at.
fn looked_at(house: &House) -> i64 {
    let settled = |conn: &mut doorstep::db::Conn| {
        let query = blobs::table.filter(blobs::state.eq("settled")).count();
        Ok::<i64, doorstep::db::DbError>(both!(conn, c => query.get_result(c))?)
    };
    house.wait_for(house.state().db.read(settled)).expect("a number")
}
