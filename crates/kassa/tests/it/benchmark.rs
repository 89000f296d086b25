//! The benchmarks, as small as they can be: that they come to an end and count right, not what
//! they find.

use cluster::{Cluster, Durability};

use crate::server::{Folder, check_verified, kassa, printed};

/// Goal: both sides do what they are measured for, and what is left is a store. Method: the
/// smallest run, the books, and the tables that are there after it.
#[test]
fn batching_is_measured_beside_one_transaction_for_each_request() {
    let cluster = Cluster::start(Durability::Fast);
    let url = cluster.create_database();
    let small = ["--accounts", "20", "--cards", "40", "--callers", "8", "--connections", "4"];
    let short = ["--seconds", "1", "--warmup", "0", "--rounds", "1", "--json"];
    let bench = || {
        let mut bench = kassa(&["bench", "batching", "--database-url", &url]);
        bench.args(small).args(short);
        bench
    };
    let report: serde_json::Value = serde_json::from_str(&printed(&mut bench())).unwrap();
    assert_eq!(report["failures"]["count"], 0, "{report}");
    let rows = report["rows"].as_array().unwrap();
    let phases: Vec<_> = rows.iter().map(|row| [&row["load"], &row["way"]]).collect();
    let expected = [
        ["uniform", "naive"],
        ["uniform", "batched"],
        ["hot_account", "naive"],
        ["hot_account", "batched"],
    ];
    assert_eq!(phases, expected);
    for row in rows {
        assert!(row["authorizations"].as_u64().unwrap() > 0, "{row}");
        let of_transaction = row["authorizations_per_transaction"].as_f64().unwrap();
        let is_naive = row["way"] == "naive";
        assert!(if is_naive { of_transaction < 1.1 } else { of_transaction > 1.1 }, "{row}");
        assert!(row["log_bytes_per_authorization"].as_f64().unwrap() > 100.0, "{row}");
    }
    assert!(report["comparisons"][0]["throughput"].as_f64().unwrap() > 0.0, "{report}");
    let tables = "SELECT COUNT(*) FROM pg_class WHERE relname LIKE 'naive%'";
    assert_eq!(cluster.psql(&url, tables).trim(), "0");
    // The key of the installation is not a benchmark's to make: any will do to read.
    let folder = Folder::new("benchmark");
    let mut verify = kassa(&["verify", "--data-dir"]);
    verify.arg(folder.path()).env("KASSA_DATABASE_URL", &url);
    check_verified(&printed(&mut verify));
    let again = bench().output().unwrap();
    assert!(!again.status.success());
    let error = String::from_utf8(again.stderr).unwrap();
    assert!(error.contains("is in use: this needs an empty one"), "{error}");
}

/// Goal: each way delivers all, signed as it must be. Method: the smallest run, and its figures.
#[test]
fn notifications_are_measured_beside_a_bare_loop() {
    let mut bench = kassa(&["bench", "notifications", "--count", "200", "--rounds", "1", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&printed(&mut bench)).unwrap();
    assert_eq!(report["faults"], 0, "{report}");
    let rows = report["rows"].as_array().unwrap();
    assert_eq!((&rows[0]["way"], &rows[1]["way"]), (&"bare loop".into(), &"post".into()));
    assert!(rows.iter().all(|row| row["per_second"].as_f64().unwrap() > 0.0), "{report}");
    // One in a hundred.
    let verified = u64::try_from(rows.len()).unwrap() * 2;
    assert_eq!(report["verified"].as_u64(), Some(verified), "{report}");
}

/// Goal: every planted fault of an acquirer's day is found as what it is, and nothing else. Method:
/// the smallest run, which fails by itself otherwise, and its figures.
#[test]
fn planted_faults_are_found() {
    let mut bench = kassa(&["bench", "reconcile", "--rows", "2000", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&printed(&mut bench)).unwrap();
    let found = report["large"]["classified"].as_object().unwrap();
    let reasons: Vec<(&str, u64)> =
        found.iter().map(|(reason, count)| (reason.as_str(), count.as_u64().unwrap())).collect();
    let expected = [
        "amount-differs",
        "card-unknown",
        "currency-differs",
        "duplicate",
        "missing",
        "over-capture",
        "reference-differs",
    ];
    assert_eq!(reasons, expected.map(|reason| (reason, 10)));
}

/// Goal: terminals call home, and nothing but that is counted. Method: the smallest run, and its
/// figures.
#[test]
fn calls_home_are_measured_beside_the_ceiling() {
    let folder = Folder::new("benchmark-estate");
    let mut bench = kassa(&["bench", "estate", "--terminals", "30", "--merchants", "3"]);
    bench.args(["--connections", "4", "--seconds", "1", "--warmup", "0", "--json"]);
    bench.arg("--data-dir").arg(folder.path());
    let report: serde_json::Value = serde_json::from_str(&printed(&mut bench)).unwrap();
    let settings = &report["settings"];
    assert_eq!((&settings["terminals"], &settings["updates"]), (&30.into(), &3.into()));
    assert_eq!(report["errors"]["first"], serde_json::Value::Null, "{report}");
    let rows = report["rows"].as_array().unwrap();
    let phases: Vec<&str> = rows.iter().map(|row| row["phase"].as_str().unwrap()).collect();
    assert_eq!(phases, ["ceiling", "calls_home", "open_loop"]);
    for row in rows {
        assert!(row["requests"].as_u64().unwrap() > 0, "{row}");
        assert!(row["ratio_to_ceiling"].as_f64().unwrap() > 0.0, "{row}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the store is gone");
}

/// Goal: payments are measured alone and beside a PSP that hangs, and all of those end. Method: the
/// smallest run, and its figures.
#[test]
fn payments_are_measured_beside_a_psp_that_hangs() {
    let folder = Folder::new("benchmark-payments");
    let mut bench = kassa(&["bench", "payments", "--in-flight", "50", "--latency-ms", "500"]);
    bench.args(["--rate", "50", "--connections", "4", "--tills", "4"]);
    bench.args(["--seconds", "1", "--warmup", "0", "--rounds", "1", "--json"]);
    bench.arg("--data-dir").arg(folder.path());
    let report: serde_json::Value = serde_json::from_str(&printed(&mut bench)).unwrap();
    assert_eq!(report["errors"]["first"], serde_json::Value::Null, "{report}");
    let rows = report["rows"].as_array().unwrap();
    let phases: Vec<&str> = rows.iter().map(|row| row["phase"].as_str().unwrap()).collect();
    assert_eq!(phases, ["ceiling", "swish_payments", "others_alone", "others_beside"]);
    for row in rows {
        assert!(row["requests"].as_u64().unwrap() > 0, "{row}");
    }
    let storm = &report["storms"][0];
    assert!(storm["payments"].as_u64().unwrap() >= 50, "{storm}");
    assert_eq!(storm["finalized"], storm["payments"]);
    let comparisons = report["comparisons"].as_array().unwrap();
    let named: Vec<&str> = comparisons.iter().map(|it| it["what"].as_str().unwrap()).collect();
    assert_eq!(named, ["others_p99", "others_throughput", "memory", "swish_payments"]);
    for comparison in comparisons {
        assert!(comparison["ratio"].as_f64().unwrap() > 0.0, "{comparison}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the store is gone");
}
