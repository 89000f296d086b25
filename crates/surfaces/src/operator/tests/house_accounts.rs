//! Companies' own accounts: what settlements, their fees and their returns come to there.

use serde_json::{Value, json};

use super::settlements::{list, settled};
use super::*;

/// The accounts of company 100: number, use and balance.
fn houses(world: &World) -> Vec<(String, String)> {
    let shown = list(world, "/companies/100/house-accounts");
    let text = |it: &Value, name: &str| it[name].as_str().unwrap().to_owned();
    let house = |it: &Value| {
        let [house, currency, balance] =
            ["house", "currency", "balance"].map(|name| text(it, name));
        (text(it, "account_no"), format!("{house} {balance} {currency}"))
    };
    shown.iter().map(house).collect()
}

#[test]
fn an_accountant_sees_where_the_money_went() {
    let world = settled();
    let found = houses(&world);
    let shown: Vec<&str> = found.iter().map(|(_, shown)| shown.as_str()).collect();
    assert_eq!(shown, ["fees 10.00 SEK", "settlement 230.33 SEK"]);
    let (account, _) = &found[1];
    let settlements = list(&world, "/settlements");
    let paid = settlements.iter().find(|one| one["currency"] == "SEK").unwrap();
    let entries = list(&world, &format!("/companies/100/house-accounts/{account}/entries"));
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    for (name, value) in [
        ("id", paid["transfer_id"].clone()),
        ("value_date", json!("2026-11-21")),
        ("kind", json!("settlement")),
        ("direction", json!("credit")),
        ("amount", json!("230.33")),
        ("currency", json!("SEK")),
        ("running_balance", json!("230.33")),
        ("seller_number", json!("654")),
        ("source_transaction_id", json!("settlement-654-SEK-2026-11-20")),
    ] {
        assert_eq!(entry[name], value, "{name}");
    }
    assert_eq!(entry["transfer"]["credit_account_no"], json!(account));
    // What comes back is taken off again, and the fee stays.
    let id = paid["id"].as_str().unwrap();
    let line = format!("POST /settlements/{id}/return {{\"reason\":\"AC04\"}}");
    let returned = operate(&world, &line).json()["returned"]["transaction_id"].clone();
    let found = houses(&world);
    let shown: Vec<&str> = found.iter().map(|(_, shown)| shown.as_str()).collect();
    assert_eq!(shown, ["fees 10.00 SEK", "settlement 0.00 SEK"]);
    let entries = list(&world, &format!("/companies/100/house-accounts/{account}/entries"));
    let shown = entries.iter().map(|it| json!([it["kind"], it["direction"], it["amount"]]));
    let expected = [
        json!(["settlement-return", "debit", "230.33"]),
        json!(["settlement", "credit", "230.33"]),
    ];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    assert_eq!(entries[0]["id"], returned);
    assert_eq!(entries[0]["returned_entry_id"], paid["transfer_id"]);
}

#[test]
fn accounts_and_entries_come_in_pages() {
    let world = settled();
    let path = "/companies/100/house-accounts";
    let first = operate(&world, &format!("GET {path}?limit=1")).json();
    let next = first["next"].as_str().unwrap();
    let second = operate(&world, &format!("GET {path}?limit=1&after={next}")).json();
    assert_eq!(
        (first["items"][0]["house"].as_str(), &second["next"]),
        (Some("fees"), &Value::Null)
    );
    assert_eq!(second["items"][0]["house"], "settlement");
    let account = second["items"][0]["account_no"].as_str().unwrap();
    let shown = operate(&world, &format!("GET {path}/{account}"));
    assert_eq!(shown.json(), second["items"][0]);
    let entries = operate(&world, &format!("GET {path}/{account}/entries?limit=1")).json();
    assert_eq!(entries["items"].as_array().unwrap().len(), 1);
    let after = crate::http::paging::cursor(1);
    for (line, status) in [
        (format!("{path}/{account}/entries?after={after}"), 400),
        (format!("{path}/{account}/entries?limit=0"), 400),
        (format!("{path}/{}", world.account), 404),
        (format!("{path}/{}/entries", world.account), 404),
        (format!("{path}/x"), 404),
        (format!("/companies/200/house-accounts/{account}"), 404),
        ("/companies/999/house-accounts".to_owned(), 404),
        (format!("/accounts/{account}"), 404),
    ] {
        assert_eq!(operate(&world, &format!("GET {line}")).status, status, "{line}");
    }
    assert_eq!(list(&world, "/companies/200/house-accounts"), Vec::<Value>::new());
}
