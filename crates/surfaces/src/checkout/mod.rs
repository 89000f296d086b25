//! The checkout page: where payers pay, on our own pages, in Swedish and English.
//!
//! | route | what it is |
//! |---|---|
//! | `GET /checkout/{id}` | how the checkout stands: the ways to pay, waiting, or the result |
//! | `GET …/pay`, `…/card`, `…/swish` | the ways to pay, and the forms |
//! | `POST …/card`, `…/swish`, `…/hosted` | pays |
//! | `POST …/extend`, `…/ask`, `…/cancel` | more time; asks at once; gives up what is under way |
//! | `GET …/leave` | 303 to the merchant's `shopperResultUrl` with `id` and `resourcePath` |
//! | `GET …/state` | how it stands, as JSON for the page's own script |
//! | `GET /v3/paymentWidgets.js` | the script with which merchants' pages frame the page |
//!
//! Invariant: whatever is done is answered with 303 to the page that shows how the checkout stands,
//! so that loading again and going back do nothing; only what cannot be done for what was typed in
//! is answered with the form itself, 422. The amount is never part of a form. A form is one
//! attempt, however often it is sent: its nonce tells. The page has no cookies: an id of 128 random
//! bits is all that one needs to see a checkout, and all that one can do with it is pay.

mod assets;
mod entries;
mod headers;
pub(crate) mod html;
mod manner;
mod pay;
mod qr;
mod render;
mod show;
mod till;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use engine::Randomness;

use crate::http::requests::no_method;

pub use assets::widget_integrity;
pub use till::{
    Answer, Attempt, CardEntry, Decline, Ending, Fault, Field, Framer, Means, Mistake, Outcome,
    Redirect, RedirectMethod, Standing, Till, Unanswered, View, Waiting, Way, Whose,
};

/// What the handlers need.
#[derive(Clone)]
pub struct Checkouts {
    /// The domain.
    pub till: Arc<dyn Till>,
    /// Draws the nonces of forms.
    pub randomness: Arc<dyn Randomness>,
}

impl std::fmt::Debug for Checkouts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checkouts").field("till", &self.till).finish_non_exhaustive()
    }
}

/// Every route of this surface.
pub fn router(checkouts: Checkouts) -> Router {
    Router::new()
        .route("/checkout/assets/checkout.css", get(assets::style).fallback(no_method))
        .route("/checkout/assets/checkout.js", get(assets::script).fallback(no_method))
        .route("/v3/paymentWidgets.js", get(assets::widget).fallback(no_method))
        .route("/checkout/{id}", get(show::standing).fallback(no_method))
        .route("/checkout/{id}/pay", get(show::ways).fallback(no_method))
        .route("/checkout/{id}/card", get(show::card).post(pay::card).fallback(no_method))
        .route("/checkout/{id}/swish", get(show::swish).post(pay::swish).fallback(no_method))
        .route("/checkout/{id}/hosted", post(pay::hosted).fallback(no_method))
        .route("/checkout/{id}/extend", post(pay::extend).fallback(no_method))
        .route("/checkout/{id}/ask", post(pay::ask).fallback(no_method))
        .route("/checkout/{id}/cancel", post(pay::cancel).fallback(no_method))
        .route("/checkout/{id}/leave", get(show::leave).fallback(no_method))
        .route("/checkout/{id}/state", get(show::state).fallback(no_method))
        .with_state(checkouts)
}

#[cfg(test)]
mod tests;
