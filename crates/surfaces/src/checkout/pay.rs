//! What payers ask for. All of it is answered with 303, but for a form that has to be put right.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;

use super::entries;
use super::form::Form;
use super::show::{Call, form_again, see};
use super::till::{Attempt, Brand, Fault, Field, Means, Mistake, Outcome, Unanswered};

/// A body that may have been too long to be read.
type Body = Result<Bytes, BytesRejection>;

/// Length of a nonce: 128 bits as hexadecimal digits.
const NONCE_CHARS: usize = 32;

/// Pays with a card.
pub(super) async fn card(call: Call, body: Body) -> Result<Response, Response> {
    let form = Form::of_body(body.unwrap_or_default());
    let Some(nonce) = nonce(&form) else { return Ok(call.stands()) };
    match entries::card(&form) {
        Ok(entry) => pay(&call, &form, nonce, Brand::Card, Means::Card(entry)).await,
        Err(mistakes) => form_again(&call, &form, Brand::Card, &mistakes).await,
    }
}

/// Pays with Swish: on the phone with a number, or on one that scans a code.
pub(super) async fn swish(call: Call, body: Body) -> Result<Response, Response> {
    let form = Form::of_body(body.unwrap_or_default());
    let Some(nonce) = nonce(&form) else { return Ok(call.stands()) };
    let read = if form.get("by") == "code" {
        Ok(Means::SwishCode)
    } else {
        entries::phone(form.get("phone")).map(Means::SwishPhone)
    };
    match read {
        Ok(means) => pay(&call, &form, nonce, Brand::Swish, means).await,
        Err(fault) => {
            let mistakes = [Mistake { field: Field::Phone, fault }];
            form_again(&call, &form, Brand::Swish, &mistakes).await
        }
    }
}

/// Pays on a page of the brand's own.
pub(super) async fn hosted(call: Call, body: Body) -> Result<Response, Response> {
    let form = Form::of_body(body.unwrap_or_default());
    let brand = match form.get("brand") {
        "klarna" => Brand::Klarna,
        "easy" => Brand::Easy,
        "santander" => Brand::Santander,
        _ => return Ok(call.stands()),
    };
    let Some(nonce) = nonce(&form) else { return Ok(call.stands()) };
    pay(&call, &form, nonce, brand, Means::Hosted(brand)).await
}

async fn pay(
    call: &Call,
    form: &Form,
    nonce: String,
    brand: Brand,
    means: Means,
) -> Result<Response, Response> {
    let view = call.view().await?;
    // Whether it can be paid at all is the till's to say, which knows what a repeat repeats.
    if !view.brands.contains(&brand) {
        return Ok(call.stands());
    }
    match call.checkouts.till.pay(&call.id, Attempt { nonce, means }).await {
        Ok(Outcome::Made) => Ok(see(&format!("{}&go=1", call.manner.address(&call.id, "")))),
        Ok(Outcome::Refused(mistakes)) => {
            form_again(call, form, brand, &fitting(brand, &mistakes)).await
        }
        Err(Unanswered) => Err(call.unanswered()),
    }
}

/// The mistakes that the form of a brand can show. Where there is none of them, what is wrong is
/// the means as a whole.
fn fitting(brand: Brand, mistakes: &[Mistake]) -> Vec<Mistake> {
    let is_of_swish = |mistake: &Mistake| mistake.field == Field::Phone;
    let of_swish = brand == Brand::Swish;
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

/// The nonce of a form that is one of ours.
fn nonce(form: &Form) -> Option<String> {
    let nonce = form.get("nonce");
    let is_nonce = nonce.len() == NONCE_CHARS && nonce.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_nonce.then(|| nonce.to_owned())
}
