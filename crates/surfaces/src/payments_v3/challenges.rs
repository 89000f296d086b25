//! 3-D Secure: where the payer is sent, and what follows when they come back. The issuer's page is
//! a stand-in of ours, and there only where no real money can move.

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::response::{IntoResponse, Redirect as SeeOther, Response};
use payments::{Authenticate, Authentication, Command, Payment, Proof, ResultCode};

use super::Shop;
use super::cashier::payment_by_id;
use super::form::Form;
use super::frame::{Redirect, amount};
use super::ids::Id;
use super::problem::Problem;
use crate::Platform;
use crate::checkout::html::{Element, Html, element};
use crate::http::secrets::is_same;
use crate::http::ways_back::onwards;

/// What the payer's browser carries to the issuer's page and back.
const SECRET: &str = "challenge";

/// Where a payer proves who they are.
pub(super) fn redirect(platform: &Platform, payment: &Payment, base: &str) -> Redirect {
    let secret = platform.secrets.callback_secret(payment.number);
    Redirect {
        url: format!("{base}/v3/threeDSecure/{}/challenge", payment.online_id()),
        method: "POST",
        parameters: vec![(SECRET.to_owned(), secret)],
    }
}

/// A payment whose payer is on the issuer's page, and what they carry.
pub(super) struct Challenged {
    pub(super) payment: Payment,
    pub(super) secret: String,
    pub(super) form: Form,
}

impl Challenged {
    /// Reads a request of a payer's browser. Who does not carry the secret finds nothing.
    pub(super) async fn read(
        shop: &Shop,
        Id(id): Id,
        request: Request,
    ) -> Result<Challenged, Problem> {
        let nothing = || Problem::of(ResultCode::NOT_FOUND);
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, engine::limits::BODY_BYTES_MAX).await;
        let form = Form::of_body(&parts.headers, body.map_err(|_| nothing())?)?;
        let form = if form.has(SECRET) {
            form
        } else {
            Form::of_query(parts.uri.query().unwrap_or_default())?
        };
        let payment = payment_by_id(&shop.platform, &id).await?.ok_or_else(nothing)?;
        let ours = shop.platform.secrets.callback_secret(payment.number);
        let theirs = form.text(SECRET).unwrap_or_default();
        if !shop.is_test || !is_same(ours.as_bytes(), theirs.as_bytes()) {
            return Err(nothing());
        }
        Ok(Challenged { payment, secret: ours, form })
    }

    fn page(&self) -> Element {
        let payment = &self.payment;
        let amount = amount(payment.amount.total_minor, payment.amount.currency);
        let what = format!("{amount} {}", payment.amount.currency.code());
        let card = payment.online.as_ref().and_then(|online| online.card.as_ref());
        let card = card.map_or_else(String::new, |card| format!("•••• {}", card.number.last4));
        let buttons = [
            ("approve", "Yes, it is me"),
            ("reject", "No, it is not me"),
            ("cancel", "Do not pay"),
        ];
        let buttons = buttons.map(|(outcome, text)| {
            let button = element("button").with("name", "outcome").with("value", outcome);
            element("p").child(button.text(text))
        });
        let secret = element("input").with("type", "hidden").with("name", SECRET);
        let form = element("form")
            .with("method", "post")
            .with("action", format!("/v3/threeDSecure/{}", payment.online_id()))
            .child(secret.with("value", &self.secret))
            .child(buttons);
        let head = element("head")
            .child(element("meta").with("charset", "utf-8"))
            .child(
                element("meta")
                    .with("name", "viewport")
                    .with("content", "width=device-width, initial-scale=1"),
            )
            .child(element("title").text("Your bank (simulated)"))
            .child(
                element("link")
                    .with("rel", "stylesheet")
                    .with("href", "/checkout/assets/checkout.css"),
            );
        let main = element("main")
            .child(element("h1").text("Is it you who pays?"))
            .child(element("p").text("This page stands in for your bank's. No money moves here."))
            .child(element("p").text(format!("{what}, with the card {card}")))
            .child(form);
        element("html").with("lang", "en").child(head).child(element("body").child(main))
    }

    /// Whether the issuer still waits for the payer.
    pub(super) fn is_awaited(&self) -> bool {
        let online = self.payment.online.as_ref();
        let authentication = online.and_then(|online| online.authentication);
        authentication == Some(Authentication::Awaited) && self.payment.state.is_open()
    }
}

/// The issuer's page: a stand-in, on which the payer says what the issuer shall answer.
pub(super) async fn page(
    State(shop): State<Shop>,
    id: Id,
    request: Request,
) -> Result<Response, Problem> {
    let challenged = Challenged::read(&shop, id, request).await?;
    if !challenged.is_awaited() {
        let next = onwards(&shop.platform, &challenged.payment).await.map_err(Problem::not_read)?;
        return Ok(SeeOther::to(&next.ok_or_else(Problem::bug)?).into_response());
    }
    let mut response = Html::document(challenged.page()).as_str().to_owned().into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // Where the form leads to in the end is the merchant's, and not known to a policy.
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'self'; base-uri 'none'");
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// The payer comes back from the issuer's page, with what the issuer says.
pub(super) async fn answered(
    State(shop): State<Shop>,
    id: Id,
    request: Request,
) -> Result<Response, Problem> {
    let Challenged { payment, form, .. } = Challenged::read(&shop, id, request).await?;
    let proof = match form.text("outcome") {
        Some("approve") => Proof::Given,
        Some("cancel") => Proof::Cancelled,
        Some("reject") => Proof::Failed,
        Some(_) | None => {
            let message = "must be approve, reject or cancel";
            return Err(Problem::parameter("outcome", message, ResultCode::BAD_PARAMETER));
        }
    };
    let command = Authenticate { payment: Box::new(payment.clone()), proof };
    let decided = shop.platform.engine.submit(Command::Authenticate(command)).await;
    decided.map_err(Problem::not_submitted)?;
    let next = onwards(&shop.platform, &payment).await.map_err(Problem::not_read)?;
    Ok(SeeOther::to(&next.ok_or_else(Problem::bug)?).into_response())
}
