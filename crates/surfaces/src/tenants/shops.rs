//! What there is to ask for on the card ledger: three shops that must know nothing of each other.

use super::Row;
use super::things::{Fixture, Scene, Scenes, scene};
use crate::testing::{CARD, CARD_200, TOKEN_200, TOKEN_654, TOKEN_655};

/// Somebody who sells.
#[derive(Clone, Copy)]
pub(super) struct Shop {
    pub(super) token: &'static str,
    company: &'static str,
    seller: &'static str,
    card: &'static str,
}

const OURS: Shop = Shop { token: TOKEN_654, company: "100", seller: "654", card: CARD };
/// Another seller of the same company, and somebody of another company.
pub(super) const OTHERS: [Shop; 2] = [
    Shop { token: TOKEN_655, company: "100", seller: "655", card: CARD },
    Shop { token: TOKEN_200, company: "200", seller: "654", card: CARD_200 },
];

/// The kinds of transactions: how collections, authorizations and source ids call them.
pub(super) const KINDS: [(&str, &str, &str); 3] = [
    ("purchases", "purchase", "sourcePurchaseTransactionId"),
    ("cash-withdrawals", "cash-withdrawal", "sourceCashWithdrawalTransactionId"),
    ("reversals", "reversal", "sourceReversalTransactionId"),
];

/// Every route under both names of the contract, and under both spellings of authorizations.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for mount in ["credit-account-acquiring", "card-transaction"] {
        let company = format!("/ledger/{mount}/v1/$company");
        for word in ["authorizations", "authorization"] {
            let all = format!("{company}/{word}");
            authorizations(&all, &mut rows);
            transactions(&format!("{all}/$authorization"), false, &mut rows);
        }
        transactions(&company, true, &mut rows);
    }
    rows
}

fn row(scene: &'static str, line: String, body: &str) -> Row {
    Row { line, body: body.to_owned(), scene }
}

fn authorizations(all: &str, rows: &mut Vec<Row>) {
    let scene = KINDS[0].0;
    let one = format!("{all}/$authorization");
    let body = r#"{"sourceAuthorizationTransactionId":"$new","sellerNumber":"$seller",
        "cardToken":"$card","type":"purchase","pointOfSale":"Shop","authorizationAmount":1,
        "currency":"SEK"}"#;
    rows.push(row(scene, format!("POST {all}"), body));
    let by_account = body.replace(r#""cardToken":"$card""#, r#""accountNo":"$account""#);
    rows.push(row(scene, format!("POST {all}"), &by_account));
    rows.push(row(scene, format!("GET {all}"), ""));
    let by_source = format!("GET {all}?sourceAuthorizationTransactionId=$source");
    rows.push(row(scene, by_source, ""));
    rows.push(row(scene, format!("GET {one}"), ""));
    rows.push(row(scene, format!("POST {one}/cancellations"), ""));
    let cancelled = format!("{all}/$cancelled/cancellations");
    rows.push(row(scene, format!("GET {cancelled}"), ""));
    rows.push(row(scene, format!("GET {cancelled}/$cancellation"), ""));
}

/// The routes of transactions: below an authorization, and without one.
fn transactions(base: &str, is_flat: bool, rows: &mut Vec<Row>) {
    for (collection, _, source) in KINDS {
        let all = format!("{base}/{collection}");
        let mut add = |line: String, body: &str| rows.push(row(collection, line, body));
        let amount = format!(r#"{{"{source}":"$new","amount":1"#);
        if is_flat {
            let on = format!(r#"{amount},"authorizationId":"$authorization"}}"#);
            add(format!("POST {all}"), &on);
            let offline = r#""offlineInfo":{"pointOfSale":"Kiosk","cardToken":"$card",
                "sellerNumber":"$seller","currency":"SEK"}"#;
            add(format!("POST {all}"), &format!("{amount},{offline}}}"));
            add(format!("GET {all}?authorizationId=$authorization"), "");
        } else {
            add(format!("POST {all}"), &format!("{amount}}}"));
        }
        add(format!("GET {all}"), "");
        add(format!("GET {all}/$transaction"), "");
        let corrections = format!("{all}/$transaction/corrections");
        let body = r#"{"sourceCorrectionTransactionId":"$new","amount":1}"#;
        add(format!("POST {corrections}"), body);
        add(format!("GET {corrections}"), "");
        add(format!("GET {corrections}/$correction"), "");
    }
}

/// What a row of the ledger names.
pub(super) fn scenes(fixture: &Fixture, row: &Row) -> Scenes {
    let mut own = sold(fixture, OURS, row.scene);
    own.extend(scene(&[("new", &fixture.fresh("source-"))]));
    let others = OTHERS.map(|shop| sold(fixture, shop, row.scene));
    let unknown_account = ledger::AccountNo::of(ledger::AccountId(987_654)).to_string();
    let nobodys = scene(&[
        ("company", "999"),
        ("seller", "999"),
        ("card", "nobodys-card"),
        ("account", &unknown_account),
        ("authorization", "ZZZZZZ"),
        ("cancelled", "ZZZZZZ"),
        ("cancellation", "ZZZZZZ"),
        ("source", "nobodys-source"),
        ("transaction", "nobodys-transaction"),
        ("correction", "nobodys-correction"),
    ]);
    Scenes { own, others: others.into(), nobodys }
}

/// Lets a shop sell something: two authorizations, a transaction on one of them, a correction of
/// it, and a cancellation of the other one.
fn sold(fixture: &Fixture, shop: Shop, collection: &str) -> Scene {
    let Shop { company, seller, card, .. } = shop;
    let base = format!("/ledger/card-transaction/v1/{company}");
    let (_, kind, source_name) = KINDS.into_iter().find(|(name, ..)| *name == collection).unwrap();
    let sources = [0; 4].map(|_| fixture.fresh("source-"));
    let [source, cancelled_source, transaction, correction] = &sources;
    let authorize = |source: &str| {
        let body = format!(
            r#"{{"sourceAuthorizationTransactionId":"{source}","sellerNumber":"{seller}",
            "cardToken":"{card}","type":"{kind}","pointOfSale":"Shop","authorizationAmount":10,
            "currency":"SEK"}}"#
        );
        create(fixture, shop, &format!("{base}/authorizations"), &body)
    };
    let (authorization, cancelled) = (authorize(source), authorize(cancelled_source));
    let body = format!(
        r#"{{"{source_name}":"{transaction}","amount":5,"authorizationId":"{authorization}"}}"#
    );
    create(fixture, shop, &format!("{base}/{collection}"), &body);
    let body = format!(r#"{{"sourceCorrectionTransactionId":"{correction}","amount":1}}"#);
    create(fixture, shop, &format!("{base}/{collection}/{transaction}/corrections"), &body);
    let path = format!("{base}/authorizations/{cancelled}/cancellations");
    let cancellation = create(fixture, shop, &path, "");
    let account = fixture.account_of(card);
    let mut sold = scene(&[
        ("card", card),
        ("account", &account),
        ("authorization", &authorization),
        ("cancelled", &cancelled),
        ("cancellation", &cancellation),
        ("source", source),
        ("transaction", transaction),
        ("correction", correction),
    ]);
    if company != OURS.company {
        // A company's cards and accounts are for all its sellers.
        sold.extend(scene(&[("company", company)]));
    } else if seller != OURS.seller {
        sold.retain(|name, _| !["card", "account"].contains(name));
        sold.extend(scene(&[("seller", seller)]));
    } else {
        sold.extend(scene(&[("company", company), ("seller", seller)]));
    }
    sold
}

/// Creates something and returns the last part of its path.
#[track_caller]
fn create(fixture: &Fixture, shop: Shop, path: &str, body: &str) -> String {
    let reply = fixture.world.call("POST", path, shop.token, body);
    assert_eq!(reply.status, 201, "{path} {body} {reply:?}");
    reply.header("location").rsplit('/').next().unwrap().to_owned()
}
