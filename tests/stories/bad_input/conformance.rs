//! Every document of JSONTestSuite, to every sort of address that takes JSON.

use super::*;

/// The documents whose names begin with this letter: `y` is JSON, `n` is none, of `i` nobody is sure.
fn documents(letter: &str) -> Vec<(String, Vec<u8>)> {
    let folder = std::fs::read_dir(conformance("JSONTestSuite/test_parsing")).unwrap();
    let files = folder.map(|entry| entry.unwrap().path());
    let named = files.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path));
    let ours = named.filter(|(name, _)| name.starts_with(&format!("{letter}_")));
    let mut documents: Vec<_> = ours.map(|(name, path)| (name, std::fs::read(path).unwrap())).collect();
    documents.sort();
    assert!(documents.len() > 30, "{} documents", documents.len());
    documents
}

/// One address of each sort: an operation, a push, a pull, one that anybody may use.
fn addresses(house: &House) -> [String; 4] {
    let note = format!("/v1/work-orders/{}/note", house.clock.new_id());
    [note, "/v1/sync/push".into(), "/v1/sync/pull".into(), "/v1/auth/login".into()]
}

stories! {
    async fn what_is_no_json_is_told_so(house: House) {
        let (li, before) = (house.li().await, version(&house).await);
        for (name, body) in documents("n") {
            for address in addresses(&house) {
                let (what, answer) = (format!("{name} to {address}"), send(&li, &address, body.clone()).await);
                let code = refused(&answer, &what);
                // Whoever sends nothing at all is told so.
                let (status, codes) = if body.is_empty() { (422, "invalid") } else { (400, "invalid_json too_deep") };
                assert!(answer.status == status && codes.contains(&code), "{what}: {}", answer.body);
            }
        }
        assert_eq!(version(&house).await, before);
        alive(&house).await;
    }

    async fn json_of_any_other_shape_is_told_so(house: House) {
        let (li, before) = (house.li().await, version(&house).await);
        for (name, body) in documents("y").into_iter().chain(documents("i")) {
            for address in addresses(&house) {
                let answer = send(&li, &address, body.clone()).await;
                refused(&answer, &format!("{name} to {address}"));
            }
        }
        assert_eq!(version(&house).await, before);
        alive(&house).await;
    }

    /// In a push each stands for an operation, or for what one carries: all are kept for a person, byte for byte.
    async fn as_operations_they_are_kept_for_a_person(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let (wang, device) = device(&house, "wang").await;
        let push = |operations: String| {
            let body = format!(r#"{{"device":"{device}","schema":1,"operations":[{operations}]}}"#);
            let wang = wang.clone();
            async move { send(&wang, "/v1/sync/push", body.into_bytes()).await }
        };
        let mut sure = Vec::new();
        for (_, body) in documents("y") {
            let document = String::from_utf8(body).unwrap();
            let id = house.clock.new_id();
            sure.push(format!(r#"{{"id":"{id}","type":"work_order.note","entity":"{order}","payload":{document}}}"#));
            sure.push(document);
        }
        for operations in sure.chunks(100) {
            let answer = push(operations.join(",")).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let verdicts = answer.body["verdicts"].as_array().unwrap();
            assert_eq!(verdicts.len(), operations.len());
            for (verdict, operation) in verdicts.iter().zip(operations) {
                assert_eq!((&verdict["status"], &verdict["review"]), (&json!("kept"), &verdict["id"]), "{operation}");
            }
        }
        for (name, body) in documents("i") {
            // Bytes that are no text cannot even be put between brackets as text.
            let Ok(document) = String::from_utf8(body) else { continue };
            let answer = push(document).await;
            match answer.status.as_u16() {
                200 => assert_eq!(answer.body["verdicts"][0]["status"], "kept", "{name}: {}", answer.body),
                _ => drop(refused(&answer, &name)),
            }
        }
        assert!(record(&house, Kind::WorkOrder, order).await.get("notes").is_none());
        alive(&house).await;
    }
}
