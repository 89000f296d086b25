//! Encrypted connections: to the server that the certificates say, and to no other.

use cluster::{Cluster, Durability, Isolation};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use store::{Postgres, PostgresError, PostgresOptions};

use super::{database, node, verify, with_ca, world};
use crate::subject::TempDir;

/// One who signs.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// Makes the server prove that it is `name`.
    fn certify(&self, cluster: &Cluster, name: &str) {
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        for (file, pem) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())]
        {
            // The server writes it itself: then it is its own, as it demands.
            let write = format!(
                "COPY (SELECT UNNEST(string_to_array('{}', E'\\n'))) \
                 TO PROGRAM 'umask 077; cat > {file}'",
                pem.replace("\r\n", "\n").trim()
            );
            cluster.psql("postgres", &write);
        }
        cluster.psql("postgres", "ALTER SYSTEM SET ssl = on");
    }
}

#[test]
fn the_server_must_prove_itself() {
    let mut cluster = Cluster::start(Durability::Fast);
    let plain = database(&cluster, Isolation::ReadCommitted);
    let folder = TempDir::new();
    let file = |name: &str, authority: &Authority| {
        let path = folder.path().join(name);
        std::fs::write(&path, &authority.pem).unwrap();
        path
    };
    let (good, bad) = (Authority::new(), Authority::new());
    let encrypted =
        PostgresOptions { url: format!("{}?sslmode=require", plain.url), ca_file: None };
    let trusting = with_ca(&encrypted, file("good.pem", &good));
    let refused = |options: &PostgresOptions| {
        let error = Postgres::open(options).unwrap_err();
        assert!(matches!(error, PostgresError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains("database-ca-file"), "{error}");
    };
    refused(&trusting);
    good.certify(&cluster, "127.0.0.1");
    cluster.restart();
    let node = node(&trusting);
    world(&mut node.writer(), 1);
    verify(&node);
    let sql = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
               WHERE application_name = 'kassa' AND NOT ssl";
    assert_eq!(cluster.psql(&plain.url, sql), "0");
    refused(&with_ca(&encrypted, file("bad.pem", &bad)));
    drop(Postgres::open(&plain).unwrap());
    good.certify(&cluster, "localhost");
    cluster.restart();
    refused(&trusting);
    let url = trusting.url.replace("127.0.0.1", "localhost");
    drop(Postgres::open(&PostgresOptions { url, ..trusting }).unwrap());
}
