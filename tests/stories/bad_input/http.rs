//! What is wrong with a request before anybody looks at what it says.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use reqwest::{
    Method,
    header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const MIB: usize = 1024 * 1024;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// So many MiB of spaces in a few bytes: a frame of blocks that each say "128 KiB of this byte".
fn zstd_bomb(mib: usize) -> Vec<u8> {
    // Magic number, no checksum nor size, a window of 1 MiB.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 10 << 3];
    for block in (0..mib * 8).rev() {
        let header: u32 = (128 * 1024) << 3 | 1 << 1 | u32::from(block == 0);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(b' ');
    }
    frame
}

stories! {
    async fn nesting_is_bounded(house: House) {
        let (li, before) = (house.li().await, version(&house).await);
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let deep = |levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
            let note = format!("/v1/work-orders/{}/note", house.clock.new_id());
            for address in [&*note, "/v1/sync/push", "/v1/auth/login"] {
                assert_eq!(refused(&send(&li, address, deep(10_000)).await, address), "too_deep");
                let inside = format!(r#"{{"text":"x","device":"{}","operations":[{}]}}"#, Uuid::nil(), deep(10_000));
                assert_eq!(refused(&send(&li, address, inside).await, address), "too_deep");
                refused(&send(&li, address, deep(60)).await, address);
            }
        }
        assert_eq!(version(&house).await, before);
        alive(&house).await;
    }

    async fn too_much_is_refused_without_being_held(house: House) {
        let (li, before) = (house.li().await, version(&house).await);
        let order = house.clock.new_id();
        let address = format!("/v1/work-orders/{order}/note");
        let note = format!(r#"{{"text":"{}"}}"#, "x".repeat(5 * MIB));
        assert_eq!(refused(&send(&li, &address, note.clone()).await, "announced"), "body_too_large");
        let pieces = note.as_bytes().chunks(MIB).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect::<Vec<_>>();
        let stream = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
        assert_eq!(refused(&send(&li, &address, stream).await, "in pieces"), "body_too_large");
        let packed = async |encoding: &'static str, body: Vec<u8>| {
            let request = li.client.post(format!("{}{address}", li.base)).header(CONTENT_TYPE, "application/json");
            li.send(request.header(CONTENT_ENCODING, encoding).body(body)).await
        };
        let bomb = gzip(&vec![b' '; 64 * MIB]);
        assert!(bomb.len() < MIB / 8);
        assert_eq!(refused(&packed("gzip", bomb).await, "gzip"), "body_too_large");
        assert_eq!(refused(&packed("zstd", zstd_bomb(64)).await, "zstd"), "body_too_large");
        for encoding in ["gzip", "zstd"] {
            assert_eq!(refused(&packed(encoding, b"no such thing".to_vec()).await, encoding), "bad_request");
        }
        assert_eq!(refused(&packed("br", b"\0".to_vec()).await, "br"), "unsupported_media_type");
        assert_eq!(version(&house).await, before);

        let order = house.request(house.firm.check_up).await;
        let address = format!("{}/v1/work-orders/{order}/note", li.base);
        let small = li.client.post(address).header(CONTENT_TYPE, "application/json").header(CONTENT_ENCODING, "gzip");
        li.send(small.body(gzip(br#"{"text":"packed"}"#))).await.applied();
    }

    async fn more_operations_than_a_push_may_carry(house: House) {
        let (li, device) = device(&house, "li").await;
        let before = version(&house).await;
        let order = house.clock.new_id();
        let many: Vec<_> = (0..201).map(|_| operation(house.clock.new_id(), "work_order.note", order, json!({ "text": "x" }))).collect();
        let answer = li.push(device, &many).await;
        assert_eq!(refused(&answer, "201 operations"), "invalid");
        assert_eq!(answer.body["errors"][0]["pointer"], "/operations");
        let ids: Vec<_> = (0..201).map(|_| house.clock.new_id()).collect();
        refused(&li.post("/v1/sync/operations/lookup", &json!({ "operations": ids })).await, "201 questions");
        assert_eq!(version(&house).await, before);
        assert_eq!(li.push(device, &many[..200]).await.status, 200);
    }

    async fn the_wrong_sort_of_body(house: House) {
        let li = house.li().await;
        let order = house.request(house.firm.check_up).await;
        let address = format!("{}/v1/work-orders/{order}/note", li.base);
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json", "\u{7f}", ""] {
            let Ok(kind) = HeaderValue::from_bytes(kind.as_bytes()) else { continue };
            let answer = li.send(li.client.post(&address).header(CONTENT_TYPE, &kind).body(r#"{"text":"x"}"#)).await;
            assert_eq!(refused(&answer, &format!("{kind:?}")), "unsupported_media_type");
        }
        let nothing = li.send(li.client.post(&address)).await;
        assert_eq!(refused(&nothing, "no body at all"), "invalid");
        let empty = send(&li, &format!("/v1/work-orders/{order}/note"), "").await;
        assert_eq!((&*refused(&empty, "an empty body"), &empty.body["errors"][0]["code"]), ("invalid", &json!("required")));
        let charset = li.client.post(&address).header(CONTENT_TYPE, "application/json; charset=utf-8");
        li.send(charset.body(r#"{"text":"x"}"#)).await.applied();
    }

    async fn addresses_that_lead_nowhere(house: House) {
        let li = house.li().await;
        let order = house.request(house.firm.check_up).await;
        let long = "a".repeat(8_000);
        let nowhere = [
            format!("/v1/work-orders/{order}/explode"),
            format!("/v1/work-orders/{order}/%00"),
            format!("/v1/work-orders/{order}/"),
            format!("/v1/elephants/{order}/note"),
            format!("/v1/work%2Dorders/{long}/note"),
            "/v1/work-orders/not-a-uuid/note".into(),
            "/v1/work-orders/00000000-0000-0000-0000-00000000000/note".into(),
            "/v1/work-orders/%F0%9F%92%A9/note".into(),
            "/v1/work-orders/%FF%FE/note".into(),
            format!("/v1/work-orders/{{{order}/note"),
            "/v1/../etc/passwd".into(),
            "/v1/%2e%2e/%2e%2e/etc/passwd".into(),
            "//v1//sync//push".into(),
            format!("/v1/{long}"),
            "/".into(),
        ];
        for address in &nowhere {
            let answer = li.post(address, &json!({ "text": "x" })).await;
            assert_eq!((&*refused(&answer, address), answer.status.as_u16()), ("not_found", 404), "{address}");
        }
        for (method, address, allow) in [
            (Method::PUT, format!("/v1/work-orders/{order}/note"), "POST"),
            (Method::DELETE, "/v1/sync/push".to_owned(), "POST"),
            (Method::POST, "/v1/sync/config".to_owned(), "GET"),
            (Method::from_bytes(b"BREW").unwrap(), "/v1/sync/config".to_owned(), "GET"),
        ] {
            let what = format!("{method} {address}");
            let answer = li.send(li.client.request(method, format!("{}{address}", li.base))).await;
            assert_eq!((&*refused(&answer, &what), answer.status.as_u16()), ("method_not_allowed", 405));
            assert!(answer.headers["allow"].to_str().unwrap().contains(allow), "{what}: {:?}", answer.headers);
        }
        alive(&house).await;
    }

    async fn headers_of_the_wrong_form(house: House) {
        let li = house.li().await;
        let order = house.request(house.firm.check_up).await;
        let before = version(&house).await;
        let with = async |name: &'static str, value: &[u8]| {
            let request = li.client.post(format!("{}/v1/work-orders/{order}/note", li.base)).json(&json!({ "text": "x" }));
            li.send(request.header(name, HeaderValue::from_bytes(value).unwrap())).await
        };
        for key in [b"".as_slice(), b" ", &[b'k'; 201], "schlüssel".as_bytes(), b"\xff\xfe"] {
            assert_eq!(refused(&with("idempotency-key", key).await, "idempotency-key"), "bad_request");
        }
        for rev in [b"7".as_slice(), b"\"seven\"", b"\"-1\"", b"\"99999999999999999999\"", b"W/\"1\"", b"\"1", b"", b"\xff"] {
            let answer = with("if-match", rev).await;
            // A weak one is of the right form and still never good enough for a write.
            let code = if rev.starts_with(b"W/") { "precondition_failed" } else { "bad_request" };
            assert_eq!(refused(&answer, "if-match"), code, "{}", String::from_utf8_lossy(rev));
        }
        assert_eq!(version(&house).await, before);
        for language in [b"*".as_slice(), b"xx-YY;q=2, ;;;,", b"zh-CN;q=nan", b"\xff", &[b'z'; 4_000]] {
            with("accept-language", language).await.applied();
        }
        for token in ["Bearer", "Bearer ", "Bearer a.b.c", "Basic bGk6bGk=", "Bearer \u{e9}", "bearer null"] {
            let mut value = HeaderValue::from_bytes(token.as_bytes()).unwrap();
            value.set_sensitive(true);
            let request = li.client.get(format!("{}/v1/me", li.base)).header("authorization", value);
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 401, "{token}");
            assert!(answer.headers().contains_key("www-authenticate"), "{token}");
        }
        alive(&house).await;
    }

    /// Not HTTP, or more of it than any server reads: an answer if there can be one, and the next caller is served.
    async fn bytes_that_are_hardly_http(house: House) {
        let address = house.url().trim_start_matches("http://").to_owned();
        let long = "x".repeat(200_000);
        let requests = [
            "GARBAGE\r\n\r\n".to_owned(),
            "\0\0\0\0\r\n\r\n".to_owned(),
            format!("GET /v1/me HTTP/1.1\r\nhost: x\r\nx-long: {long}\r\n\r\n"),
            format!("GET /v1/{long} HTTP/1.1\r\nhost: x\r\n\r\n"),
            format!("GET /v1/me HTTP/1.1\r\nhost: x\r\n{}\r\n", "x-many: 1\r\n".repeat(500)),
            "POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n{}".to_owned(),
            "POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}".to_owned(),
            "POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_owned(),
        ];
        for request in requests {
            let what: String = request.chars().take(40).collect();
            let mut line = tokio::net::TcpStream::connect(&address).await.unwrap();
            // The server may hang up before it has read everything.
            line.write_all(request.as_bytes()).await.ok();
            let mut answer = vec![0; 64];
            let waiting = tokio::time::timeout(std::time::Duration::from_secs(10), line.read(&mut answer)).await;
            let answer = match waiting.expect("an answer or an end") {
                Ok(length) => String::from_utf8_lossy(&answer[..length]).into_owned(),
                Err(_) => String::new(),
            };
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.0 4"), "{what}: {answer}");
        }
        alive(&house).await;
    }
}
