//! Payment files: made once, and the same bytes whenever they are asked for.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use clearing::limits::PAYMENTS_PER_FILE_MAX;
use clearing::payment_file::{PAYMENT_FILES, PaymentMessage};
use clearing::payout_account::AccountOwner;
use clearing::{Command, MakePaymentFile, Outcome, PaymentFile, PayoutAccount, Settlement};
use engine::queries::documents::{document, documents};
use engine::{Part, Reader, StoreError};
use ledger::{Date, ReadSet};

use super::created;
use super::owners::check_company;
use super::problem::not_cleared;
use super::wire::payment_files::{NewPaymentFile, PaymentFileBody, PaymentFileFilter};
use crate::Platform;
use crate::http::body::{Body, Segments, number_in_path};
use crate::http::fields::Params;
use crate::http::paging::{List, Page};
use crate::http::problem::Problem;
use crate::operator::accounts::shown;
use crate::operator::callers::Operator;

/// How many settlements are read at a time.
const READ_AT_A_TIME: usize = 1_000;

/// Makes the file by which the bank pays the settlements of a day (ISO 20022, pain.001.001.09):
/// those that are in no file yet, 1 000 at most. The others come into the next file. 409 where
/// there is none, or where the company has no account to pay from.
#[utoipa::path(post, path = "/payment-files", tag = "settlement", request_body = NewPaymentFile,
    params(crate::operator::wire::document::IdempotencyKey),
    responses((status = 201, body = PaymentFileBody)))]
pub(in crate::operator) async fn make_payment_file(
    State(platform): State<Platform>,
    operator: Operator,
    body: Body<NewPaymentFile>,
) -> Result<Response, Problem> {
    let Body {
        value: NewPaymentFile { company_number: company, day, execution_date },
        idempotency,
    } = body;
    check_company(&platform, &company)?;
    let owner = company.clone();
    let query = platform.queries.read(move |reader| to_pay(reader, &owner, day));
    let settlements = query.await.map_err(Problem::not_read)?;
    let actor = operator.actor();
    let command = MakePaymentFile { company, day, execution_date, settlements, actor, idempotency };
    let answer = platform.engine.submit(Command::MakePaymentFile(command)).await;
    let answer = answer.map_err(not_cleared)?;
    let (Outcome::PaymentFile(number) | Outcome::Repeated(number)) = answer.done else {
        return Err(Problem::bug());
    };
    let id = PaymentFile::id(number);
    let query = platform
        .queries
        .read(move |reader| Ok(document(reader, id)?.as_ref().and_then(PaymentFile::of)));
    let file = query.await.map_err(Problem::not_read)?.ok_or_else(Problem::bug)?;
    let body = PaymentFileBody::of(&file);
    Ok(created(&format!("/payment-files/{}", body.id), answer.replayed, &body))
}

/// Lists payment files, newest first.
#[utoipa::path(get, path = "/payment-files", tag = "settlement", params(PaymentFileFilter, Page),
    responses((status = 200, body = List<PaymentFileBody>)))]
pub(in crate::operator) async fn list_payment_files(
    State(platform): State<Platform>,
    mut params: Params,
) -> Result<Json<List<PaymentFileBody>>, Problem> {
    let page = params.page();
    let filter = PaymentFileFilter::take(&mut params);
    params.finish()?;
    let (page, filter) = page.zip(filter).ok_or_else(Problem::bug)?;
    let list = filter.company_number.map(|number| PaymentFile::company_list(&number));
    let list = list.unwrap_or_else(|| PAYMENT_FILES.to_owned());
    let query = platform.queries.read(move |reader| {
        documents(reader, &list, page.after, page.limit, |document| PaymentFile::of(&document))
    });
    let slice = query.await.map_err(Problem::not_read)?;
    Ok(Json(shown(slice, |file| PaymentFileBody::of(&file))))
}

/// A payment file as the bank gets it: the same bytes each time.
#[utoipa::path(get, path = "/payment-files/{id}", tag = "settlement",
    params(("id" = String, Path, description = "The file's id")),
    responses((status = 200, description = "The message, pain.001.001.09",
        body = String, content_type = "application/xml")))]
pub(in crate::operator) async fn get_payment_file(
    State(platform): State<Platform>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Response, Problem> {
    params.finish()?;
    let number = number_in_path(&id).unwrap_or_default();
    let id = PaymentMessage::id(number);
    let query = platform
        .queries
        .read(move |reader| Ok(document(reader, id)?.as_ref().and_then(PaymentMessage::of)));
    let message = query.await.map_err(Problem::not_read)?;
    let message = message.ok_or_else(|| Problem::not_found("no payment file has this id"))?;
    let mut response = message.xml.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let name = format!("attachment; filename=\"payment-file-{number}.xml\"");
    headers.extend(HeaderValue::try_from(name).ok().map(|name| (CONTENT_DISPOSITION, name)));
    Ok(response)
}

/// The settlements of a day that wait for a file: as many as a file may have of those whose sellers
/// have an account, and as many of the others, so that these never keep those out.
fn to_pay(reader: &mut dyn Reader, company: &str, day: Date) -> Result<Vec<i64>, StoreError> {
    let directory = reader.load(&ReadSet::default())?.directory;
    let list = Settlement::to_pay_list(company, day);
    let (mut with, mut without, mut after) = (Vec::new(), Vec::new(), 0);
    while with.len() < PAYMENTS_PER_FILE_MAX {
        let found = reader.documents(&list, Part::After(after), READ_AT_A_TIME)?;
        let Some(end) = found.last() else { break };
        after = end.id.number;
        for settlement in found.iter().filter_map(Settlement::of) {
            let seller = Some(settlement.key.seller);
            let owner = AccountOwner { company: company.to_owned(), seller };
            let has_account = PayoutAccount::find(&directory, &owner).is_some();
            let some = if has_account { &mut with } else { &mut without };
            if some.len() < PAYMENTS_PER_FILE_MAX {
                some.push(settlement.number);
            }
        }
    }
    with.extend(without);
    Ok(with)
}
