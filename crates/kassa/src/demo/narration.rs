//! What the demo says on the terminal: plain lines, aligned, and whole without colour.

use std::net::SocketAddr;
use std::path::Path;

use super::seed::{
    ACCESS_KEY, ACCOUNT_ID, APP_ID, APP_TOKEN, CARD, COMPANY, CONSUMER_KEY, CONSUMER_SECRET,
    ENTITY_ID, LEDGER_TOKEN, MERCHANT, MERCHANT_ID, OPERATOR_KEY, PARTNER, PAYMENTS_TOKEN, SELLER,
    SMALL_CARD,
};
use crate::client::{Answer, Request};

/// Where a line of a body is broken, in columns.
const COLUMNS: usize = 92;

/// What stands before the lines of a body after its first.
const BODY_INDENT: &str = "          ";

/// An account's figures, in major units as the operator API shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Balances {
    pub(super) limit: String,
    pub(super) debt: String,
    pub(super) reserved: String,
    pub(super) available: String,
}

/// The first lines: where, with what, and what becomes of the data.
pub(super) fn welcome(address: SocketAddr, kept: Option<&Path>) -> String {
    let data = match kept {
        Some(path) => format!("kept in {}", path.display()),
        None => "gone when the demo ends; --data-dir keeps them".to_owned(),
    };
    let bearer = super::payments::token();
    format!(
        "\n\
         Kassa's demo runs at http://{address}\n\
         \n\
         \x20 card ledger   company {COMPANY}, seller {SELLER}   Bearer {LEDGER_TOKEN}\n\
         \x20 Access        customer {PARTNER}                apikey {ACCESS_KEY}\n\
         \x20 Terminals     App-Id {APP_ID}             App-Token {APP_TOKEN}\n\
         \x20 payments      merchantId {MERCHANT_ID}  Bearer {bearer}\n\
         \x20               (base64 of {CONSUMER_KEY}:{CONSUMER_SECRET})\n\
         \x20 payments v3   entityId {ENTITY_ID}\n\
         \x20                                       Bearer {PAYMENTS_TOKEN}\n\
         \x20 merchant      customer {MERCHANT}                account_id {ACCOUNT_ID}\n\
         \x20 operator API                            Bearer {OPERATOR_KEY}\n\
         \x20 cards         {CARD:14}            limit 50 000.00 SEK\n\
         \x20               {SMALL_CARD:14}            limit    500.00 SEK\n\
         \x20 data          {data}\n"
    )
}

/// What the tour is.
pub(super) fn introduction(balances: &Balances) -> String {
    format!(
        "A card payment in five steps, on card {CARD}. Each step is one request to this\n\
         server, shown as the curl that sends it. Paste one: what has been done is answered\n\
         again with the same bytes, and nothing is done twice.\n\n{}",
        row("before", balances)
    )
}

/// One step: what it is, the request, and what it came to.
pub(super) fn step(
    number: usize,
    title: &str,
    address: SocketAddr,
    request: Request<'_>,
    answer: &Answer,
    balances: &Balances,
) -> String {
    let rule = "─".repeat(COLUMNS.saturating_sub(4).saturating_sub(title.chars().count()));
    format!(
        "{number}. {title} {rule}\n\n{}\n\n{}",
        curl(address, request),
        row(&answer.status_line, balances)
    )
}

/// What the payments' lines are.
pub(super) fn payments() -> String {
    let title = "Payments over PSPs, which the demo has stand-ins of";
    let rule = "─".repeat(COLUMNS.saturating_sub(1).saturating_sub(title.chars().count()));
    format!(
        "{title} {rule}\n\n\
         Each is one request of the alternative payments contract. What the payer does is decided\n\
         by the stand-in, and told by a callback or found out by asking.\n"
    )
}

/// What became of one payment.
pub(super) fn payment(title: &str, number: i64, states: &[&str], account: &str) -> String {
    let states = states.join(" → ");
    format!("   {title}\n     transaction {number}: {states}, account {account}\n")
}

/// What the lines of payments online are.
pub(super) fn online() -> String {
    let title = "Payments online";
    let rule = "─".repeat(COLUMNS.saturating_sub(1).saturating_sub(title.chars().count()));
    format!(
        "{title} {rule}\n\n\
         Each is one request of payments v3: a form in, texts out, a result code in each answer.\n"
    )
}

/// What came of one request of payments v3.
pub(super) fn result(title: &str, code: &str, description: &str) -> String {
    format!("   {title}\n     {code} {description}\n")
}

/// Where a checkout waits for its payer.
pub(super) fn checkout(address: SocketAddr, id: &str) -> String {
    format!(
        "   It waits for you, for 30 minutes: http://{address}/checkout/{id}\n     Cards: \
         4200000000000000 pays, 4200000000000042 asks your bank first. Any later month, any code.\n"
    )
}

/// What the lines of the acquirer's file are.
pub(super) fn acquirer() -> String {
    let title = "An acquirer's file";
    let rule = "─".repeat(COLUMNS.saturating_sub(1).saturating_sub(title.chars().count()));
    format!(
        "{title} {rule}\n\n\
         The day's transactions in RKHA21, sent to the operator API: checked to its end, kept\n\
         whole, applied once. What is booked already is found again; what does not agree is put\n\
         before a person. kassa rkha21 makes, checks and sends such files.\n"
    )
}

/// What became of a file's rows: posted, matched, refused.
pub(super) fn file(name: &str, counts: [u64; 3]) -> String {
    let [posted, matched, refused] = counts;
    format!(
        "   {name}: a purchase of the tour, one made offline, one on what was cancelled\n     \
         {posted} posted, {matched} matched, {refused} refused\n"
    )
}

/// A row that somebody has to look at.
pub(super) fn exception(line: u64, reason: &str, detail: &str) -> String {
    format!("   Row {line} is an exception: {reason}\n     {detail}\n")
}

/// How it was dealt with.
pub(super) fn resolved(owner: &str, transaction: &str) -> String {
    format!(
        "   {owner} takes it, and posts it without the authorization\n     transaction \
         {transaction}: the goods had left before the shop cancelled\n"
    )
}

/// How the account stands after something.
pub(super) fn balances(after: &str, balances: &Balances) -> String {
    row(after, balances)
}

/// What the terminals' lines are.
pub(super) fn terminals() -> String {
    let title = "Two terminals of the merchant begin to work";
    let rule = "─".repeat(COLUMNS.saturating_sub(1).saturating_sub(title.chars().count()));
    format!(
        "{title} {rule}\n\n\
         Each activates itself with its code, calls home, and rings up one purchase online and\n\
         one offline. They are kassa terminal, which plays any terminal you approve.\n"
    )
}

/// The last lines: what to try, and how to end it.
pub(super) fn farewell(address: SocketAddr) -> String {
    format!(
        "The demo keeps serving. To go on:\n\
         \n\
         \x20 browse the reference     http://{address}/docs\n\
         \x20 read the journal         curl -H 'Authorization: Bearer {OPERATOR_KEY}' \\\n\
         \x20                            http://{address}/operator/v1/events\n\
         \x20 check every invariant    curl -H 'Authorization: Bearer {OPERATOR_KEY}' \\\n\
         \x20                            http://{address}/operator/v1/ledger/verification\n\
         \x20 move the clock a day     curl -H 'Authorization: Bearer {OPERATOR_KEY}' \\\n\
         \x20                            -H 'Content-Type: application/json' \\\n\
         \x20                            -d '{{\"seconds\": 86400}}' \\\n\
         \x20                            http://{address}/operator/v1/clock/advance\n\
         \n\
         Ctrl-C ends it.\n"
    )
}

/// The request as a curl that can be pasted into a shell.
fn curl(address: SocketAddr, request: Request<'_>) -> String {
    let Request { path, token, body, .. } = request;
    format!(
        "   curl http://{address}{path} \\\n\
         \x20    -H 'Authorization: Bearer {token}' \\\n\
         \x20    -H 'Content-Type: application/json' \\\n\
         \x20    -d '{}'",
        wrap(body)
    )
}

/// Breaks a body of one line after its commas. It must hold no quotation mark of the shell, and
/// no comma within a value.
fn wrap(body: &str) -> String {
    let mut text = String::new();
    let mut column = BODY_INDENT.len();
    for (at, field) in body.split(", ").enumerate() {
        let width = field.chars().count().saturating_add(2);
        if at > 0 && column.saturating_add(width) > COLUMNS {
            text.extend([",\n", BODY_INDENT]);
            column = BODY_INDENT.len();
        } else if at > 0 {
            text.push_str(", ");
        }
        text.push_str(field);
        column = column.saturating_add(width);
    }
    text
}

fn row(outcome: &str, balances: &Balances) -> String {
    let head = format!("{:>14}{:>14}{:>14}{:>14}", "limit", "debt", "reserved", "available");
    let Balances { limit, debt, reserved, available } = balances;
    let [limit, debt, reserved, available] =
        [limit, debt, reserved, available].map(|amount| grouped(amount));
    format!(
        "   {:18}{head}\n   {outcome:18}{limit:>14}{debt:>14}{reserved:>14}{available:>14}\n",
        ""
    )
}

/// Sets thousands apart: `50 000.00`.
fn grouped(amount: &str) -> String {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole),
    };
    let mut text = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(at);
        if at > 0 && left.is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    if fraction.is_empty() { text } else { format!("{text}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (amount, expected) in [
            ("0.00", "0.00"),
            ("999.99", "999.99"),
            ("1000.00", "1 000.00"),
            ("-50000.00", "-50 000.00"),
            ("1234567", "1 234 567"),
        ] {
            assert_eq!(grouped(amount), expected);
        }
    }

    #[test]
    fn bodies_are_broken_after_commas() {
        assert_eq!(wrap(r#"{"a": 1, "b": 2}"#), r#"{"a": 1, "b": 2}"#);
        let long = format!("{{\"a\": \"{}\", \"b\": \"{}\"}}", "x".repeat(50), "y".repeat(50));
        assert_eq!(wrap(&long), long.replace(", ", ",\n          "));
    }

    #[test]
    fn a_step_reads_like_this() {
        let request = Request {
            method: "POST",
            path: "/ledger/purchases",
            token: "t",
            body: r#"{"amount": 100.00}"#,
        };
        let status_line = "201 Created".to_owned();
        let answer = Answer { status: 201, status_line, body: String::new() };
        let balances = Balances {
            limit: "50000.00".to_owned(),
            debt: "100.00".to_owned(),
            reserved: "200.00".to_owned(),
            available: "49700.00".to_owned(),
        };
        let address = "127.0.0.1:8080".parse().unwrap();
        let step = step(2, "Capture 100.00 SEK", address, request, &answer, &balances);
        let (title, rest) = step.split_once('\n').unwrap();
        assert_eq!(title.chars().count(), COLUMNS);
        assert!(title.starts_with("2. Capture 100.00 SEK ──"), "{title}");
        assert_eq!(
            rest,
            "
   curl http://127.0.0.1:8080/ledger/purchases \\
     -H 'Authorization: Bearer t' \\
     -H 'Content-Type: application/json' \\
     -d '{\"amount\": 100.00}'

                              limit          debt      reserved     available
   201 Created            50 000.00        100.00        200.00     49 700.00
"
        );
    }
}
