//! The transport against real sockets: certificates of both forms, and what each kind of trouble is
//! told as.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use base64::Engine as _;
use connectors_seam::{agreement, request};
use p12_keystore::{Certificate as P12Certificate, KeyStore, KeyStoreEntry, PrivateKeyChain};
use rcgen::{CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::*;

mod connectors_seam {
    use engine::effects::psp::{Agreement, Request, Verb};

    pub(super) fn request() -> Request {
        Request {
            verb: Verb::Post,
            path: "/v1/things?a=1".to_owned(),
            headers: vec![("content-type", "application/json".to_owned())],
            body: Some("{}".to_owned()),
        }
    }

    pub(super) fn agreement(values: &[(&str, &str)]) -> Agreement {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Agreement(values.iter().map(owned).collect())
    }
}

/// What stands for the PSP's authority, a server and a merchant that it has signed.
struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Authority { root: CertifiedIssuer::self_signed(params, key).unwrap() }
    }

    fn sign(&self, purpose: ExtendedKeyUsagePurpose) -> (CertificateDer<'static>, KeyPair) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.root).unwrap();
        (certificate.der().clone(), key)
    }

    /// A server that answers one connection, and tells whether its client showed a certificate.
    fn serve(&self) -> (SocketAddr, std::thread::JoinHandle<Result<bool, String>>) {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.root.der().clone()).unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let (certificate, key) = self.sign(ExtendedKeyUsagePurpose::ServerAuth);
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let serving = std::thread::spawn(move || {
            let (socket, _) = listener.accept().unwrap();
            let connection = ServerConnection::new(Arc::new(config)).unwrap();
            let mut stream = StreamOwned::new(connection, socket);
            let mut request = [0; 4096];
            let read = stream.read(&mut request).map_err(|error| error.to_string())?;
            assert!(request[..read].starts_with(b"POST /base/v1/things?a=1 HTTP/1.1\r\n"));
            let answer = b"HTTP/1.1 201 Created\r\nLocation: /x\r\nContent-Length: 2\r\n\r\n{}";
            stream.write_all(answer).map_err(|error| error.to_string())?;
            stream.flush().map_err(|error| error.to_string())?;
            Ok(stream.conn.peer_certificates().is_some())
        });
        (address, serving)
    }
}

fn transport(base: String, authorities: &str) -> NetworkTransport {
    let bases = [(Psp::Swish, base)].into();
    NetworkTransport::new(bases, authorities.as_bytes().to_vec()).unwrap()
}

fn send(transport: &NetworkTransport, agreement: &Agreement) -> Exchange {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(transport.send(Psp::Swish, request(), agreement))
}

#[test]
fn a_merchant_shows_its_certificate_in_either_form() {
    let authority = Authority::new();
    let (certificate, key) = authority.sign(ExtendedKeyUsagePurpose::ClientAuth);
    let pem = super::super::identity::armoured("CERTIFICATE", &certificate);
    let archive = {
        let key = p12_keystore::PrivateKey::from_der(&key.serialize_der()).unwrap();
        let certificate = P12Certificate::from_der(&certificate).unwrap();
        let chain = PrivateKeyChain::new("kassa", key, [certificate]);
        let mut store = KeyStore::new();
        store.add_entry("kassa", KeyStoreEntry::PrivateKeyChain(chain));
        let bytes = store.writer("secret").write().unwrap();
        base64::engine::general_purpose::STANDARD.encode(bytes)
    };
    let key = key.serialize_pem();
    let forms = [
        vec![("SWISH_CERTIFICATE", pem.as_str()), ("SWISH_PRIVATE_KEY", key.as_str())],
        vec![("SWISH_PKCS12", archive.as_str()), ("SWISH_PKCS12_PASSWORD", "secret")],
    ];
    for form in forms {
        let (address, serving) = authority.serve();
        let base = format!("https://localhost:{}/base", address.port());
        let transport = transport(base, &authority.root.pem());
        let exchange = send(&transport, &agreement(&form));
        let Exchange::Answer(answer) = exchange else { panic!("{exchange:?}") };
        assert_eq!((answer.status, answer.body.as_str()), (201, "{}"));
        assert_eq!(answer.header("location"), Some("/x"));
        assert_eq!(serving.join().unwrap(), Ok(true));
    }
    // Without one the PSP does not talk.
    let (address, serving) = authority.serve();
    let base = format!("https://localhost:{}/base", address.port());
    let none = send(&transport(base, &authority.root.pem()), &agreement(&[]));
    assert!(matches!(none, Exchange::NotSent | Exchange::Lost), "{none:?}");
    assert!(serving.join().unwrap().is_err());
}

#[test]
fn what_is_no_identity_is_not_sent() {
    let transport = transport("https://localhost:1/base".to_owned(), "");
    let bad: [&[(&str, &str)]; 4] = [
        &[("SWISH_CERTIFICATE", "x")],
        &[("SWISH_CERTIFICATE", "x"), ("SWISH_PRIVATE_KEY", "y")],
        &[("SWISH_PKCS12", "ä")],
        &[("SWISH_PKCS12", "AAAA"), ("SWISH_PKCS12_PASSWORD", "x")],
    ];
    for values in bad {
        assert_eq!(send(&transport, &agreement(values)), Exchange::NotSent, "{values:?}");
    }
}

/// A server that does so with the first connection's bytes, and closes.
fn rough(act: impl FnOnce(&mut std::net::TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _read = socket.read(&mut request).unwrap();
        act(&mut socket);
    });
    format!("http://{address}/base")
}

#[test]
fn trouble_is_lost_unless_nothing_was_sent() {
    let send = |base: String| send(&transport(base, ""), &agreement(&[]));
    let write =
        |bytes: &'static str| rough(move |socket| socket.write_all(bytes.as_bytes()).unwrap());
    // Nobody listens at port 1.
    assert_eq!(send("http://127.0.0.1:1/base".to_owned()), Exchange::NotSent);
    assert_eq!(send(rough(|_| {})), Exchange::Lost);
    assert_eq!(send(write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")), Exchange::Lost);
    assert_eq!(send(write("SSH-2.0\r\n\r\n")), Exchange::Lost);
    let told = |exchange: Exchange| match &exchange {
        Exchange::Answer(answer) => (answer.status, answer.body.clone()),
        Exchange::NotSent | Exchange::Lost => panic!("{exchange:?}"),
    };
    // Redirects are not followed, and a body that is no text is empty.
    let moved = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(told(send(write(moved))), (302, String::new()));
    let bytes = rough(|socket| {
        socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe").unwrap();
    });
    assert_eq!(told(send(bytes)), (200, String::new()));
    let long = rough(|socket| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", ANSWER_BYTES_MAX + 1);
        socket.write_all(head.as_bytes()).unwrap();
        // The client may hang up before all of it is written.
        drop(socket.write_all(&vec![b'a'; ANSWER_BYTES_MAX + 1]));
    });
    assert_eq!(send(long), Exchange::Lost);
}
