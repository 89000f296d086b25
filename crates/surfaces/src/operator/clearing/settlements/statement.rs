//! A settlement as people and their programs read it: HTML and CSV.
//!
//! Nothing of others is loaded and nothing runs. Names are texts that others have written: in HTML
//! they cannot become markup, and in CSV they cannot become formulas.

use std::sync::LazyLock;

use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clearing::Settlement;
use ledger::Directory;
use ledger::money::format_minor;
use sha2::{Digest as _, Sha256};

use crate::checkout::html::{Element, Html, element};

/// How a statement looks. No character of it means something else in HTML.
const STYLE: &str = "\
    body{font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;margin:2rem auto;\
    max-width:46rem;padding:0 1rem}\
    h1{font-size:1.5rem}\
    dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}\
    dt{color:#555}dd{margin:0}\
    table{border-collapse:collapse;width:100%;margin-top:1.5rem}\
    caption{text-align:left;font-weight:600;padding-bottom:.5rem}\
    th,td{text-align:left;padding:.4rem .5rem;border-bottom:1px solid #ccc}\
    .n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\
    tfoot th,tfoot td{font-weight:600}\
    @media print{body{margin:0;max-width:none}}";

/// Allows [`STYLE`] by its hash, and nothing else.
static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).ok()
});

/// How a statement is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// For people.
    Html,
    /// For programs.
    Csv,
}

impl Format {
    /// Reads the word of a query.
    pub(super) fn parse(word: &str) -> Option<Format> {
        match word {
            "html" => Some(Format::Html),
            "csv" => Some(Format::Csv),
            _ => None,
        }
    }
}

/// The answer that a statement is.
pub(super) fn answer(settlement: &Settlement, directory: &Directory, format: Format) -> Response {
    let names = Names::of(settlement, directory);
    let (media_type, body) = match format {
        Format::Html => ("text/html; charset=utf-8", html(settlement, &names)),
        Format::Csv => ("text/csv; charset=utf-8; header=present", csv(settlement, &names)),
    };
    let mut response = (StatusCode::OK, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    let strictest = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    headers.insert(CONTENT_SECURITY_POLICY, POLICY.clone().unwrap_or(strictest));
    if format == Format::Csv {
        let name = format!("attachment; filename=\"settlement-{}.csv\"", settlement.number);
        headers.extend(HeaderValue::try_from(name).ok().map(|name| (CONTENT_DISPOSITION, name)));
    }
    response
}

/// What companies and sellers are called.
struct Names {
    company: String,
    seller: String,
}

impl Names {
    fn of(settlement: &Settlement, directory: &Directory) -> Names {
        let company = directory.company(&settlement.key.company);
        let seller =
            company.and_then(|company| directory.seller(company.id, &settlement.key.seller));
        Names {
            company: company.map_or_else(String::new, |company| company.name.clone()),
            seller: seller.map_or_else(String::new, |seller| seller.name.clone()),
        }
    }
}

/// One row of a statement: what it is, how many, how much as a change of what is owed.
struct Item {
    name: String,
    count: Option<i64>,
    minor: i64,
    is_total: bool,
}

/// Everything that makes up the settlement, and what it comes to.
fn items(settlement: &Settlement) -> Vec<Item> {
    let item =
        |name: &str, count, minor| Item { name: name.to_owned(), count, minor, is_total: false };
    let total = |name: &str, minor| Item { is_total: true, ..item(name, None, minor) };
    let sums = settlement.sums.0.iter();
    let mut items: Vec<Item> = sums
        .map(|(line, sum)| item(line.as_str(), Some(sum.count), line.signed(sum.minor)))
        .collect();
    let fees = settlement.fees.iter().filter(|(_, fee)| **fee != 0);
    items.extend(
        fees.map(|(line, fee)| item(&format!("fee-{}", line.as_str()), None, fee.saturating_neg())),
    );
    if settlement.top_up_minor != 0 {
        items.push(item("fee-minimum", None, settlement.top_up_minor.saturating_neg()));
    }
    items.push(item("carried-in", None, settlement.carried_in_minor));
    let outcome = settlement.outcome;
    items.push(total("net", outcome.net_minor));
    items.push(total("paid", outcome.paid_minor()));
    items.push(total("carried-out", outcome.carried_out_minor()));
    if settlement.returned.is_some() {
        items.push(total("returned", outcome.paid_minor()));
    }
    items
}

/// What people call an item.
fn title(name: &str) -> String {
    let known = match name {
        "carried-in" => "Carried over from before",
        "net" => "Net",
        "paid" => "Paid out",
        "carried-out" => "Carried over to the next settlement",
        "returned" => "Came back from the bank, owed again",
        "fee-minimum" => "Fee: up to the least of a day",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let (prefix, words) = match name.strip_prefix("fee-") {
        Some(line) => ("Fee: ", line),
        None => ("", name),
    };
    let words = words.replace('-', " ");
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    let words: String = first.into_iter().chain(letters).collect();
    format!("{prefix}{words}")
}

fn html(settlement: &Settlement, names: &Names) -> String {
    let currency = settlement.key.currency;
    let row = |item: &Item| {
        let count = item.count.map_or_else(String::new, |count| count.to_string());
        element("tr")
            .child(element("th").with("scope", "row").text(title(&item.name)))
            .child(element("td").with("class", "n").text(count))
            .child(element("td").with("class", "n").text(format_minor(item.minor, currency)))
    };
    let items = items(settlement);
    let (totals, rest): (Vec<&Item>, Vec<&Item>) = items.iter().partition(|item| item.is_total);
    let columns = [("", "Item"), ("n", "Number"), ("n", "Amount")];
    let heads = columns.map(|(class, text)| {
        let head = element("th").with("scope", "col");
        if class.is_empty() { head.text(text) } else { head.with("class", class).text(text) }
    });
    let caption = format!("What the settlement is made of, in {}", currency.code());
    let table = element("table")
        .child(element("caption").text(caption))
        .child(element("thead").child(element("tr").child(heads)))
        .child(element("tbody").child(rest.into_iter().map(row)))
        .child(element("tfoot").child(totals.into_iter().map(row)));
    let heading = format!("Settlement {}", settlement.number);
    let head = element("head")
        .child(element("meta").with("charset", "utf-8"))
        .child(element("meta").with("name", "viewport").with("content", "width=device-width"))
        .child(element("title").text(&heading))
        .child(element("style").text(STYLE));
    let main = element("main")
        .child(element("h1").text(&heading))
        .child(facts(settlement, names))
        .child(table)
        .child(remark(settlement));
    let page = element("html").with("lang", "en").child(head).child(element("body").child(main));
    Html::document(page).as_str().to_owned()
}

fn facts(settlement: &Settlement, names: &Names) -> Element {
    let key = &settlement.key;
    let days = format!("{} to {}", settlement.first_day, key.day);
    let facts = [
        ("Company", format!("{} ({})", names.company, key.company)),
        ("Seller", format!("{} ({})", names.seller, key.seller)),
        ("Days", days),
        ("Currency", key.currency.code().to_owned()),
        ("Payment reference", settlement.reference()),
        ("Made at", settlement.at.rfc3339()),
    ];
    let pairs = facts
        .into_iter()
        .flat_map(|(name, value)| [element("dt").text(name), element("dd").text(value)]);
    element("dl").child(pairs)
}

/// What the reader has to know where nothing is paid, or it came back.
fn remark(settlement: &Settlement) -> Option<Element> {
    let outcome = settlement.outcome;
    if let Some(returned) = &settlement.returned {
        let text = format!(
            "The payment came back from the bank at {}. What was paid out is owed again, and comes \
             with a later settlement. The reason: {}",
            returned.at.rfc3339(),
            returned.reason
        );
        return Some(element("p").text(text));
    }
    if outcome.paid_minor() > 0 {
        return None;
    }
    let currency = settlement.key.currency;
    let carried = format_minor(outcome.carried_out_minor(), currency);
    let text = format!(
        "Nothing is paid out. {carried} {} is carried over to the next settlement.",
        currency.code()
    );
    Some(element("p").text(text))
}

fn csv(settlement: &Settlement, names: &Names) -> String {
    let key = &settlement.key;
    let mut csv = "settlement_id,company_number,company,seller_number,seller,currency,first_day,\
                   day,item,count,amount\r\n"
        .to_owned();
    for item in items(settlement) {
        let cells = [
            settlement.number.to_string(),
            text_cell(&key.company),
            text_cell(&names.company),
            text_cell(&key.seller),
            text_cell(&names.seller),
            key.currency.code().to_owned(),
            settlement.first_day.to_string(),
            key.day.to_string(),
            item.name,
            item.count.map_or_else(String::new, |count| count.to_string()),
            format_minor(item.minor, key.currency),
        ];
        csv.push_str(&cells.join(","));
        csv.push_str("\r\n");
    }
    csv
}

/// A text that others have written, in quotes (RFC 4180 §2). What a spreadsheet would take for a
/// formula begins with an apostrophe, as OWASP's advice on CSV injection says.
fn text_cell(text: &str) -> String {
    let begins = text.trim_start().chars().next();
    let is_formula = begins.is_some_and(|begin| "=+-@＝＋－＠".contains(begin))
        || text.starts_with(['\t', '\r', '\n']);
    let apostrophe = if is_formula { "'" } else { "" };
    format!("\"{apostrophe}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_never_formulas() {
        for (text, cell) in [
            ("Corner shop", "\"Corner shop\""),
            ("", "\"\""),
            ("a \"b\", c", "\"a \"\"b\"\", c\""),
            ("=1+1", "\"'=1+1\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("  =1", "\"'  =1\""),
            ("\t=1", "\"'\t=1\""),
            ("＝1", "\"'＝1\""),
            ("a=1", "\"a=1\""),
        ] {
            assert_eq!(text_cell(text), cell);
        }
    }

    #[test]
    fn the_style_stays_as_it_is() {
        let style = Html::from(element("style").text(STYLE));
        assert_eq!(style.as_str(), format!("<style>{STYLE}</style>"), "or its hash is another");
    }

    #[test]
    fn items_have_names_for_people() {
        for (name, shown) in [
            ("purchase", "Purchase"),
            ("cash-withdrawal-correction", "Cash withdrawal correction"),
            ("fee-purchase", "Fee: Purchase"),
            ("fee-minimum", "Fee: up to the least of a day"),
            ("net", "Net"),
        ] {
            assert_eq!(title(name), shown);
        }
    }
}
