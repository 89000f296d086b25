//! 3-D Secure: where the payer is sent, and what follows when they come back. The issuer's page is
//! a stand-in of ours, and there only where no real money can move.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Redirect as SeeOther, Response};
use payments::{Authenticate, Authentication, Command, Payment, Proof, ResultCode};

use super::cashier::payment_by_id;
use super::form::Form;
use super::frame::Redirect;
use super::problem::Problem;
use super::urls::{resource_path, way_back};
use super::{Shop, checkouts};
use crate::Platform;
use crate::http::secrets::is_same;

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
        id: Result<Path<String>, PathRejection>,
        request: Request,
    ) -> Result<Challenged, Problem> {
        let nothing = || Problem::of(ResultCode::NOT_FOUND);
        let Path(id) = id.map_err(|_| nothing())?;
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

    /// Whether the issuer still waits for the payer.
    pub(super) fn is_awaited(&self) -> bool {
        let online = self.payment.online.as_ref();
        let authentication = online.and_then(|online| online.authentication);
        authentication == Some(Authentication::Awaited) && self.payment.state.is_open()
    }
}

/// The payer comes back from the issuer's page, with what the issuer says.
pub(super) async fn answered(
    State(shop): State<Shop>,
    id: Result<Path<String>, PathRejection>,
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
    Ok(SeeOther::to(&where_next(&shop, &payment).await?).into_response())
}

/// Where a payer goes who has done what there was to do: to the checkout's page, or to the merchant.
pub(super) async fn where_next(shop: &Shop, payment: &Payment) -> Result<String, Problem> {
    let online = payment.online.as_ref().ok_or_else(Problem::bug)?;
    if let Some(number) = online.checkout {
        let checkout = checkouts::by_number(shop, number).await?;
        return Ok(format!("/checkout/{}", checkout.wanted.id));
    }
    let url = online.shopper_result_url.as_deref().ok_or_else(Problem::bug)?;
    Ok(way_back(url, &payment.online_id(), &resource_path(payment)))
}
