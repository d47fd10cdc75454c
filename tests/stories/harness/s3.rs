//! A stand-in for a store that speaks S3: as much of the protocol as ours uses, over real HTTP. It checks no signatures.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    http::{Method, header},
    web::{self, Bytes, Data, PayloadConfig},
};
use doorstep::media::depot::Depot;

/// The store. Cloning is cheap.
#[derive(Clone, Default)]
pub struct S3 {
    held: Arc<Mutex<Held>>,
}

#[derive(Default)]
struct Held {
    objects: BTreeMap<String, Bytes>,
    /// Large objects on their way, by their ids, part by part.
    uploads: HashMap<String, BTreeMap<u32, Bytes>>,
    uploads_made: usize,
}

/// A running store; it stops with this.
pub struct Running {
    pub store: S3,
    endpoint: String,
    handle: ServerHandle,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

impl S3 {
    pub fn start() -> Running {
        let store = S3::default();
        let shared = store.clone();
        let app = move || {
            let app = App::new().app_data(Data::new(shared.clone())).app_data(PayloadConfig::new(64 << 20));
            app.default_service(web::to(answer))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Running { store, endpoint, handle }
    }

    /// The names of all objects.
    pub fn names(&self) -> Vec<String> {
        self.held.lock().unwrap().objects.keys().cloned().collect()
    }
}

impl Running {
    /// What the server uses to keep photos here.
    pub fn depot(&self) -> Depot {
        let settings = [
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "here"),
            ("AWS_ENDPOINT", self.endpoint.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
        ];
        Depot::remote("s3://photos/firm", settings.map(|(name, value)| (name.to_owned(), value.to_owned()))).unwrap()
    }
}

async fn answer(store: Data<S3>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let query: HashMap<String, String> =
        url::form_urlencoded::parse(request.query_string().as_bytes()).into_owned().collect();
    let key = request.path().trim_start_matches("/photos").trim_start_matches('/').to_owned();
    let mut held = store.held.lock().unwrap();
    let upload = query.get("uploadId").cloned();
    match (request.method(), upload) {
        (&Method::PUT, Some(upload)) => {
            let number = query["partNumber"].parse().unwrap();
            held.uploads.get_mut(&upload).unwrap().insert(number, body);
            HttpResponse::Ok().insert_header((header::ETAG, format!("\"{number}\""))).finish()
        }
        (&Method::POST, Some(upload)) => {
            let whole: Vec<u8> = held.uploads.remove(&upload).unwrap().into_values().flatten().collect();
            held.objects.insert(key, whole.into());
            xml("<CompleteMultipartUploadResult><ETag>\"1\"</ETag></CompleteMultipartUploadResult>".into())
        }
        (&Method::DELETE, Some(upload)) => {
            held.uploads.remove(&upload);
            HttpResponse::NoContent().finish()
        }
        (&Method::POST, None) if query.contains_key("uploads") => {
            held.uploads_made += 1;
            let id = format!("upload-{}", held.uploads_made);
            held.uploads.insert(id.clone(), BTreeMap::new());
            xml(format!("<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"))
        }
        (&Method::POST, None) => {
            // Deletion of many at once.
            let body = String::from_utf8(body.to_vec()).unwrap();
            let keys = body.split("<Key>").skip(1).map(|rest| rest.split("</Key>").next().unwrap());
            let deleted = |key: &str| {
                held.objects.remove(key);
                format!("<Deleted><Key>{key}</Key></Deleted>")
            };
            let deleted: String = keys.map(deleted).collect();
            xml(format!("<DeleteResult>{deleted}</DeleteResult>"))
        }
        (&Method::PUT, None) => {
            held.objects.insert(key, body);
            HttpResponse::Ok().insert_header((header::ETAG, "\"1\"")).finish()
        }
        (&Method::DELETE, None) => {
            held.objects.remove(&key);
            HttpResponse::NoContent().finish()
        }
        (&Method::GET, None) if query.contains_key("list-type") => {
            let prefix = query.get("prefix").cloned().unwrap_or_default();
            let of = |(key, bytes): (&String, &Bytes)| {
                let size = bytes.len();
                format!(
                    "<Contents><Key>{key}</Key><Size>{size}</Size><LastModified>2026-03-02T00:00:00.000Z</LastModified></Contents>"
                )
            };
            let listed: String = held.objects.iter().filter(|(key, _)| key.starts_with(&prefix)).map(of).collect();
            xml(format!("<ListBucketResult>{listed}</ListBucketResult>"))
        }
        _ => match held.objects.get(&key) {
            Some(bytes) => {
                let mut answer = HttpResponse::Ok();
                answer.insert_header((header::ETAG, "\"1\""));
                answer.insert_header((header::LAST_MODIFIED, "Mon, 02 Mar 2026 00:00:00 GMT"));
                answer.body(bytes.clone())
            }
            None => HttpResponse::NotFound().body("<Error><Code>NoSuchKey</Code></Error>"),
        },
    }
}

fn xml(body: String) -> HttpResponse {
    HttpResponse::Ok().content_type("application/xml").body(body)
}
