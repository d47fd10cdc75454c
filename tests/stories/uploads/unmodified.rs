//! `tus-js-client` as everybody gets it, on a line that is cut again and again.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use mobile_api::signing::Digest;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::kit::{self, Sender, stored};
use crate::harness::House;

/// Lets connections through to `server`, and cuts each after some bytes. Answers its address and the count of cuts.
async fn cutting_proxy(server: String, seed: u64, most_cuts: usize) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let cuts = Arc::new(AtomicUsize::new(0));
    let counted = cuts.clone();
    let lengths = kit::bytes(4096, seed);
    tokio::spawn(async move {
        for n in 0.. {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(&server).await.unwrap();
            let length = usize::from(lengths[n % 4096]) * 4_000 + usize::from(lengths[(n + 1) % 4096]);
            let cuts = counted.clone();
            let left = if cuts.load(Ordering::SeqCst) < most_cuts { length } else { usize::MAX };
            tokio::spawn(async move {
                if !pass(client, server, left).await {
                    cuts.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    (format!("http://{address}"), cuts)
}

/// Passes bytes both ways until one side ends or `left` bytes have gone up; answers whether it ended by itself.
async fn pass(mut client: TcpStream, mut server: TcpStream, mut left: usize) -> bool {
    let (mut up, mut down) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => match read {
                Ok(0) | Err(_) => return true,
                Ok(read) => {
                    let passed = read.min(left);
                    server.write_all(&up[..passed]).await.ok();
                    left -= passed;
                    if left == 0 {
                        return false;
                    }
                }
            },
            read = server.read(&mut down) => match read {
                Ok(0) | Err(_) => return true,
                Ok(read) => drop(client.write_all(&down[..read]).await),
            },
        }
    }
}

async fn upload(endpoint: &str, token: &str, sha256: Digest, file: &Path, chunk: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tus-js");
    assert!(folder.join("node_modules").is_dir(), "run `npm ci` in tests/tus-js, or scripts/test");
    let mut node = Command::new("node");
    node.current_dir(folder).args(["upload.mjs", endpoint, token, &sha256.to_string(), file.to_str().unwrap(), chunk]);
    node.stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || node.output()).await.unwrap().expect("node is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

stories! {
    /// In one request that is cut, and in chunks that are cut.
    async fn tus_js_client_gets_through_a_cutting_proxy(house: House) {
        let wang = Sender::of(&house, "wang").await;
        let folder = tempfile::tempdir().unwrap();
        for (seed, chunk) in [(31, ""), (32, "1000000")] {
            let bytes = kit::bytes(5_500_000, seed);
            let sha256 = Digest::of(&bytes);
            let file = folder.path().join("sink.jpg");
            std::fs::write(&file, &bytes).unwrap();
            let server = house.url().trim_start_matches("http://").to_owned();
            let (proxy, cuts) = cutting_proxy(server, seed, 12).await;
            let url = upload(&format!("{proxy}/v1/uploads"), &wang.0.token, sha256, &file, chunk).await;
            assert!(url.starts_with(&format!("{proxy}/v1/uploads/")), "{url}");
            assert!(cuts.load(Ordering::SeqCst) >= 3, "the line was cut");
            assert_eq!(wang.status(sha256).await, "stored");
            assert_eq!(stored(&house, sha256).await, Some(bytes));
        }
    }
}
