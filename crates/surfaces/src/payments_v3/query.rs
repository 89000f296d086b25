//! Reports: what became of a payment, by its id or by the merchant's own name for it, with all that
//! followed from it (`query`).

use std::collections::BTreeSet;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use engine::queries::documents::documents;
use ledger::Timestamp;
use payments::{Payment, ResultCode};

use super::callers::Entity;
use super::form::Form;
use super::frame::Frame;
use super::ids::Id;
use super::keys::Sent;
use super::payments::{find, view};
use super::problem::Problem;
use super::status::status_of;
use super::{Answer, Shop, sent};

/// Most payments in a report.
const PAYMENTS_MAX: usize = 100;

/// One payment, and those linked with it where that is asked for (`GET query/{id}`).
pub(super) async fn by_id(State(shop): State<Shop>, Id(id): Id, request: Request) -> Answer {
    let Sent { entity, form, headers, .. } = Sent::read_query(&shop, &request)?;
    let filter = Filter::read(&form)?;
    let payment = find(&shop.platform, &entity, &id).await?;
    let all = filter.with_linked(&shop, vec![payment]).await?;
    Ok(report(&shop, &entity, &headers, &all))
}

/// The payments that the merchant calls so, newest first (`GET query?merchantTransactionId=`).
pub(super) async fn by_name(State(shop): State<Shop>, request: Request) -> Answer {
    let Sent { entity, form, headers, .. } = Sent::read_query(&shop, &request)?;
    let filter = Filter::read(&form)?;
    let name = form.text("merchantTransactionId").unwrap_or_default().to_owned();
    if name.is_empty() {
        let code = ResultCode::BAD_PARAMETER;
        return Err(Problem::parameter("merchantTransactionId", "is required", code));
    }
    let list = Payment::transaction_list(entity.name.customer, &name);
    let found = read_list(&shop, list).await?;
    let all = filter.with_linked(&shop, found).await?;
    if all.is_empty() {
        return Err(Problem::of(ResultCode::REFERENCE_NOT_FOUND));
    }
    Ok(report(&shop, &entity, &headers, &all))
}

/// What is wanted of what is found.
struct Filter {
    is_linked: bool,
    types: BTreeSet<String>,
    methods: BTreeSet<String>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Filter {
    fn read(form: &Form) -> Result<Filter, Problem> {
        let words = |name: &str| {
            let words = form.text(name).unwrap_or_default().split(',').map(str::trim);
            words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let is_linked = match form.text("includeLinkedTransactions") {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(bad("includeLinkedTransactions", "must be true or false")),
        };
        Ok(Filter {
            is_linked,
            types: words("paymentTypes"),
            methods: words("paymentMethods"),
            from: time(form, "date.from")?,
            to: time(form, "date.to")?,
        })
    }

    fn suits(&self, payment: &Payment) -> bool {
        let Some(online) = &payment.online else { return false };
        let method = if payment.method.psp().is_none() { "CC" } else { "VA" };
        let is_type = self.types.is_empty() || self.types.contains(online.kind.as_str());
        let is_method = self.methods.is_empty() || self.methods.contains(method);
        let at = payment.created_at;
        let is_in_time =
            self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at <= to);
        is_type && is_method && is_in_time
    }

    async fn with_linked(&self, shop: &Shop, found: Vec<Payment>) -> Result<Vec<Payment>, Problem> {
        let mut all: Vec<Payment> = Vec::new();
        for payment in found {
            let linked = if self.is_linked {
                let customer = payment.merchant.customer;
                read_list(shop, Payment::linked_list(customer, &payment.online_id())).await?
            } else {
                Vec::new()
            };
            all.push(payment);
            all.extend(linked);
        }
        let mut seen = BTreeSet::new();
        all.retain(|payment| self.suits(payment) && seen.insert(payment.number));
        all.truncate(PAYMENTS_MAX);
        Ok(all)
    }
}

/// A time as this contract writes it: `2026-11-30 08:00:00`, in UTC.
fn time(form: &Form, name: &str) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = form.text(name) else { return Ok(None) };
    let time = Timestamp::parse_rfc3339(&format!("{}Z", text.replacen(' ', "T", 1)));
    let wrong = || bad(name, "must be a time like 2026-11-30 08:00:00");
    time.map(Some).ok_or_else(wrong)
}

fn bad(name: &str, message: &str) -> Problem {
    Problem::parameter(name, message, ResultCode::BAD_PARAMETER)
}

async fn read_list(shop: &Shop, list: String) -> Result<Vec<Payment>, Problem> {
    let read = shop.platform.queries.read(move |reader| {
        documents(reader, &list, None, PAYMENTS_MAX, |document| Payment::of(&document))
    });
    Ok(read.await.map_err(Problem::not_read)?.items)
}

fn report(shop: &Shop, entity: &Entity, headers: &HeaderMap, all: &[Payment]) -> Response {
    let mut frame = Frame::default();
    frame.result(shop.success());
    for payment in all {
        frame.push("payments", view(&shop.platform, payment, &entity.id, headers).frame());
    }
    let frame = frame.end(shop.platform.now(), &entity.id);
    sent(status_of(ResultCode::SUCCESS), frame.text())
}
