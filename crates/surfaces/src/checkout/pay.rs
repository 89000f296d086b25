//! What payers ask for. All of it is answered with 303, but for a form that has to be put right.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use axum::response::Response;

use super::entries::{self, typed};
use super::show::{Call, form_again, see};
use super::till::{Attempt, Fault, Field, Means, Mistake, Outcome, Unanswered, Way};
use crate::payments_v3::form::Form;

/// A body that may have been too long to be read.
type Body = Result<Bytes, BytesRejection>;

/// Length of a nonce: 128 bits as hexadecimal digits.
const NONCE_CHARS: usize = 32;

/// Pays with a card.
pub(super) async fn card(call: Call, headers: HeaderMap, body: Body) -> Result<Response, Response> {
    let Some((form, nonce)) = sent(&headers, body) else { return Ok(call.stands()) };
    match entries::card(&form) {
        Ok(card) => {
            let means = Means::Card { card, is_saved: entries::is_saved(&form) };
            pay(&call, &form, nonce, Way::Card, means).await
        }
        Err(mistakes) => form_again(&call, &form, Way::Card, &mistakes).await,
    }
}

/// Pays with Swish: on the phone with a number, or on one that scans a code.
pub(super) async fn swish(
    call: Call,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    let Some((form, nonce)) = sent(&headers, body) else { return Ok(call.stands()) };
    let read = if typed(&form, "by") == "code" {
        Ok(Means::SwishCode)
    } else {
        entries::phone(typed(&form, "phone")).map(Means::SwishPhone)
    };
    match read {
        Ok(means) => pay(&call, &form, nonce, Way::Swish, means).await,
        Err(fault) => {
            let mistakes = [Mistake { field: Field::Phone, fault }];
            form_again(&call, &form, Way::Swish, &mistakes).await
        }
    }
}

/// Pays on a page of the brand's own.
pub(super) async fn hosted(
    call: Call,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    let Some((form, nonce)) = sent(&headers, body) else { return Ok(call.stands()) };
    let way = match typed(&form, "way") {
        "klarna" => Way::Klarna,
        "easy" => Way::Easy,
        "santander" => Way::Santander,
        _ => return Ok(call.stands()),
    };
    pay(&call, &form, nonce, way, Means::Hosted(way)).await
}

async fn pay(
    call: &Call,
    form: &Form,
    nonce: String,
    way: Way,
    means: Means,
) -> Result<Response, Response> {
    let view = call.view().await?;
    // Whether it can be paid at all is the till's to say, which knows what a repeat repeats.
    if !view.ways.contains(&way) {
        return Ok(call.stands());
    }
    match call.checkouts.till.pay(&call.id, Attempt { nonce, means }).await {
        Ok(Outcome::Made) => Ok(see(&format!("{}&go=1", call.manner.address(&call.id, "")))),
        Ok(Outcome::Refused(mistakes)) => {
            form_again(call, form, way, &fitting(way, &mistakes)).await
        }
        Err(Unanswered) => Err(call.unanswered()),
    }
}

/// The mistakes that the form of a way to pay can show. Where there is none of them, what is wrong
/// is the means as a whole.
fn fitting(way: Way, mistakes: &[Mistake]) -> Vec<Mistake> {
    let is_of_swish = |mistake: &Mistake| mistake.field == Field::Phone;
    let of_swish = way == Way::Swish;
    let fitting: Vec<Mistake> =
        mistakes.iter().copied().filter(|mistake| is_of_swish(mistake) == of_swish).collect();
    if !fitting.is_empty() {
        return fitting;
    }
    let field = if of_swish { Field::Phone } else { Field::Number };
    vec![Mistake { field, fault: Fault::Unknown }]
}

/// Gives the payer more time, at the page where it was asked for.
pub(super) async fn extend(call: Call) -> Result<Response, Response> {
    let answer = call.checkouts.till.extend(&call.id).await;
    answer.map_err(|Unanswered| call.unanswered())?;
    Ok(see(&call.manner.address(&call.id, call.asked_at)))
}

/// Asks at once how the payment stands.
pub(super) async fn ask(call: Call) -> Result<Response, Response> {
    let answer = call.checkouts.till.ask(&call.id).await;
    answer.map_err(|Unanswered| call.unanswered())?;
    let stays = if call.glance.is_still { "&auto=off" } else { "" };
    Ok(see(&format!("{}{stays}&asked=1", call.manner.address(&call.id, ""))))
}

/// Gives up the payment that is under way.
pub(super) async fn cancel(call: Call) -> Result<Response, Response> {
    let answer = call.checkouts.till.cancel(&call.id).await;
    answer.map_err(|Unanswered| call.unanswered())?;
    Ok(call.stands())
}

/// A form with its nonce, where it is one of ours.
fn sent(headers: &HeaderMap, body: Body) -> Option<(Form, String)> {
    let form = Form::of_body(headers, body.unwrap_or_default()).ok()?;
    let nonce = typed(&form, "nonce");
    let is_nonce = nonce.len() == NONCE_CHARS && nonce.bytes().all(|byte| byte.is_ascii_hexdigit());
    let nonce = is_nonce.then(|| nonce.to_owned())?;
    Some((form, nonce))
}
