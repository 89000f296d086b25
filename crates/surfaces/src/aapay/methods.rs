//! The terminal service: the methods by which a merchant's terminal may take payments.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use payments::{Method, Payee, PaymentKind};
use serde::Serialize;

use super::Answer;
use super::callers::Caller;
use super::problem::Problem;
use super::status::parameters;
use crate::Platform;

/// A method that can be chosen.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MethodBody {
    priority: i32,
    merch_rcpt_req: Vec<ReceiptNeed>,
    payment_provider_id: u32,
    name: &'static str,
    mean_delay: i64,
    scheme_id: String,
    /// What a request for a payment calls it.
    method: &'static str,
}

/// Whether the merchant has to keep a receipt.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptNeed {
    fi_txn_types: String,
    req: &'static str,
}

/// Lists the methods that the merchant has agreed, and our own ledger, which needs no agreement.
/// Which of the merchant's terminals asks makes no difference.
pub(super) async fn list(
    State(platform): State<Platform>,
    Extension(caller): Extension<Caller>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Answer {
    let Path((merchant, _terminal)) = path.map_err(|_| Problem::not_allowed())?;
    let excluded = excluded(&parameters(request.uri(), "exclude")?)?;
    let directory = platform.engine.directory();
    let customer = caller.merchant(&directory, &merchant)?;
    let payee = Payee::find(&directory, customer.number);
    let is_agreed = |method: &Method| method.psp().is_none_or(|psp| payee.has(psp));
    let methods = Method::AAPAY.into_iter().filter(is_agreed);
    let methods = methods.filter(|method| !excluded.contains(&method.scheme_id()));
    let list: Vec<MethodBody> = (1..).zip(methods).map(body).collect();
    Ok(Json(list).into_response())
}

/// The scheme ids that are not wanted.
fn excluded(given: &[String]) -> Result<Vec<u32>, Problem> {
    let parts = given.iter().flat_map(|given| given.split(',')).map(str::trim);
    let numbers = parts.filter(|part| !part.is_empty()).map(str::parse);
    let wrong = |_| Problem::field("exclude", "must be scheme ids with commas between them");
    numbers.collect::<Result<Vec<u32>, _>>().map_err(wrong)
}

fn body((priority, method): (i32, Method)) -> MethodBody {
    let need = |kind: PaymentKind| ReceiptNeed {
        fi_txn_types: kind.as_str().to_uppercase(),
        req: "NOT_REQUIRED",
    };
    MethodBody {
        priority,
        merch_rcpt_req: PaymentKind::AAPAY.map(need).into(),
        payment_provider_id: method.scheme_id(),
        name: method.name(),
        mean_delay: method.mean_delay_seconds(),
        scheme_id: method.scheme_id().to_string(),
        method: method.as_str(),
    }
}
