//! `kassa serve` with TLS, from certificate and key in two files.

use std::fs;
use std::io::{BufReader, Read as _, Write as _};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::http::{connect, read_reply};
use crate::server::{Folder, Server, run, serve_on};

#[test]
fn requests_are_answered_over_tls_and_not_without() {
    let folder = Folder::new("tls");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("tls.pem"), folder.path().join("tls.key"));
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let mut command = serve_on(&folder.path().join("data"));
    command.arg("--tls-cert").arg(&certificate).arg("--tls-key").arg(&key);
    let mut server = Server::start(command);
    assert!(server.first_line.contains("https://"), "{}", server.first_line);
    let mut plain = connect(server.address).unwrap();
    plain.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    plain.read_to_end(&mut answer).ok();
    assert!(!answer.starts_with(b"HTTP"), "plain text is not answered");
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let client = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = BufReader::new(StreamOwned::new(client, connect(server.address).unwrap()));
        stream.get_mut().write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        assert_eq!(read_reply(&mut stream).unwrap().status, 200);
    }
    assert!(server.terminate().success());
}

#[test]
fn files_that_are_no_certificate_stop_the_server() {
    let folder = Folder::new("no-tls");
    let file = folder.path().join("nonsense.pem");
    fs::write(&file, "nonsense").unwrap();
    let name = file.to_str().unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--tls-cert", name, "--tls-key", name];
    let output = run(&serve, &folder.path().join("data"));
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("nonsense.pem"), "{error}");
}
