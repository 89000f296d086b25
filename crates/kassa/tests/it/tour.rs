//! The demo, and the README's tour of it: every block is pasted into a shell and must succeed.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::server::{CARD, Folder, LEDGER, LEDGER_TOKEN, OPERATOR_KEY, Server, demo_on, kassa};

/// Where the README says that the demo is.
const BASE: &str = "http://127.0.0.1:8080";

/// Where it says that the program is.
const KASSA: &str = "KASSA=target/release/kassa ";

#[test]
fn the_readmes_tour_runs_as_it_is_written() {
    let found = Command::new("curl").arg("--version").output();
    assert!(found.is_ok(), "this test pastes the README's curl lines: install curl");
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(readme).expect("README.md");
    let blocks = tour_blocks(&readme);
    assert!(!blocks.is_empty(), "README.md has no ```sh block between <!-- tour --> marks");
    let folder = Folder::new("tour");
    let server = Server::start(demo_on(folder.path()));
    let base = format!("http://{}", server.address);
    let program = format!("KASSA='{}' ", env!("CARGO_BIN_EXE_kassa"));
    assert!(readme.contains(KASSA), "README.md does not say where the program is");
    // One shell for all, since a later block may use what an earlier one has set. Each curl tells
    // the status of its answer.
    let mut script = format!("set -euo pipefail\n{CURL}\n");
    for (number, block) in blocks.iter().enumerate() {
        let number = number + 1;
        let block = block.replace(BASE, &base).replace(KASSA, &program);
        script.extend([format!("echo '--- block {number}' >&2\n"), block]);
    }
    let output = Command::new("bash").args(["-c", &script]).env("BASE", &base).output().unwrap();
    let (said, error) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "the last block named here failed:\n{error}\n{said}");
    let statuses: Vec<&str> =
        error.lines().filter_map(|line| line.strip_prefix("status ")).collect();
    let expected = expected_statuses(&blocks.concat());
    let fits = |(found, expected): (&&str, &String)| {
        found == expected || (expected == "2xx" && found.starts_with('2'))
    };
    assert!(
        statuses.len() == expected.len() && statuses.iter().zip(&expected).all(fits),
        "answers {statuses:?}, expected {expected:?}:\n{error}\n{said}"
    );
}

/// Stands before the program of the same name.
const CURL: &str = r#"curl() { command curl -w '%{stderr}status %{http_code}\n' "$@"; }"#;

/// The status that each curl of a script must be answered with: a comment says which (`# 409`),
/// where it is no success.
fn expected_statuses(script: &str) -> Vec<String> {
    let mut statuses: Vec<String> = Vec::new();
    for line in script.lines() {
        let calls = line.split_whitespace().filter(|word| *word == "curl").count();
        statuses.extend(std::iter::repeat_n("2xx".to_owned(), calls));
        let comment = line.rsplit_once(" # ").and_then(|(_, comment)| comment.get(..3));
        let status = comment.filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
        if let (Some(status), Some(last)) = (status, statuses.last_mut()) {
            status.clone_into(last);
        }
    }
    statuses
}

#[test]
fn a_comment_says_which_refusal_is_expected() {
    let script = "curl -sS a | tee b\nX=$(sed c)\ncurl -sS d -d '{\n}' # 409 a conflict\ncurl e\n";
    assert_eq!(expected_statuses(script), ["2xx", "409", "2xx"]);
}

/// The blocks of shell between the marks.
fn tour_blocks(text: &str) -> Vec<String> {
    let (mut blocks, mut in_tour, mut block) = (Vec::new(), false, None);
    for line in text.lines() {
        match (line.trim(), &mut block) {
            ("<!-- tour -->", _) => in_tour = true,
            ("<!-- /tour -->", _) => in_tour = false,
            ("```sh", None) if in_tour => block = Some(String::new()),
            ("```", Some(_)) => blocks.extend(block.take()),
            (_, Some(block)) => {
                block.push_str(line);
                block.push('\n');
            }
            (_, None) => {}
        }
    }
    blocks
}

#[test]
fn blocks_are_taken_from_between_the_marks() {
    let text = "```sh\nno\n```\n<!-- tour -->\n```sh\na\nb\n```\n```json\nno\n```\n<!-- /tour -->\n\
                ```sh\nno\n```\n";
    assert_eq!(tour_blocks(text), ["a\nb\n"]);
}

/// Goal: the clock of the demo governs everything. Method: an authorization is made, the clock is
/// moved past its last day, and what it held is free again.
#[test]
fn moving_the_clock_lets_an_authorization_expire() {
    let folder = Folder::new("expiry");
    let server = Server::start(demo_on(folder.path()));
    let id = server.authorize(CARD, "expiry", "300.00");
    assert_eq!(server.balances(CARD), ["0.00", "300.00", "49700.00"]);
    let nine_days = r#"{"seconds":777600}"#;
    let moved = server.post("/operator/v1/clock/advance", OPERATOR_KEY, nine_days);
    assert_eq!(moved.status, 200, "{}", moved.body);
    for _ in 0..200 {
        if server.balances(CARD)[1] == "0.00" {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(server.balances(CARD), ["0.00", "0.00", "50000.00"]);
    let path = format!("{LEDGER}/authorizations/{id}");
    let found = server.get(&path, LEDGER_TOKEN);
    assert!(found.body.contains(r#""remainingAmount":0.00"#), "{}", found.body);
    let late = crate::server::purchase(&id, "late", "1.00");
    let late = server.post(&format!("{LEDGER}/purchases"), LEDGER_TOKEN, &late);
    assert_eq!(late.status, 409);
    assert!(late.body.contains("authorization-expired"), "{}", late.body);
}

/// Goal: the demo's own tour plays to its end and says what the contract did. Method: the whole
/// demo, its first line and its story; and a second time on the same data.
#[test]
fn the_demo_tells_its_story() {
    let folder = Folder::new("story");
    for debt in ["130.00", "365.00"] {
        let mut command = kassa(&["demo", "--print-json", "--listen", "127.0.0.1:0", "--data-dir"]);
        command.arg(folder.path());
        let mut server = Server::start(command);
        let credentials: serde_json::Value = serde_json::from_str(&server.first_line).unwrap();
        assert_eq!(credentials["base_url"], format!("http://{}", server.address));
        assert_eq!(credentials["card_ledger"]["token"], LEDGER_TOKEN);
        assert_eq!(credentials["operator"]["key"], OPERATOR_KEY);
        let story = server.read_until("Ctrl-C ends it.");
        for step in ["1. Authorize", "2. Capture", "3. Capture", "4. Correct", "5. Cancel"] {
            assert!(story.contains(step), "{story}");
        }
        assert_eq!(story.matches("201 Created").count(), 5, "{story}");
        assert!(story.contains(debt), "{story}");
        assert!(story.contains("1 posted, 1 matched, 1 refused"), "{story}");
        assert!(story.contains("Row 4 is an exception: authorization-ended"), "{story}");
        assert!(story.contains("Dag takes it"), "{story}");
        assert!(server.terminate().success());
    }
    let server = Server::start(demo_on(folder.path()));
    assert_eq!(server.balances(CARD), ["470.00", "0.00", "49530.00"]);
}
