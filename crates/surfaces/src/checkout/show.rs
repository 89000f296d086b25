//! Pages that are got. Getting one changes nothing.

use axum::extract::{FromRequestParts, Path, State};
use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::Checkouts;
use super::entries::{Shown, again, shown};
use super::headers::{Policy, guard};
use super::html::Html;
use super::manner::Manner;
use super::render::{self, Glance, Page, Scene, standing_word};
use super::till::{
    Decline, Ending, Framer, Mistake, Redirect, RedirectMethod, Standing, Unanswered, View,
    Waiting, Way,
};
use crate::http::ways_back::way_back;
use crate::payments_v3::form::Form;

/// Longest id that is looked up, in characters: as long as the API's ids may be (§2.8).
const ID_CHARS_MAX: usize = 48;

/// A request for something of a checkout.
pub(super) struct Call {
    pub(super) id: String,
    pub(super) manner: Manner,
    pub(super) glance: Glance,
    /// The page from which more time was asked for.
    pub(super) asked_at: &'static str,
    pub(super) checkouts: Checkouts,
}

impl FromRequestParts<Checkouts> for Call {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        checkouts: &Checkouts,
    ) -> Result<Call, Response> {
        let query = parts.uri.query().unwrap_or_default();
        let language = parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let manner = Manner::of(query, language.unwrap_or_default());
        let query = Form::of_query(query).ok();
        let get = |name| query.as_ref().and_then(|query| query.text(name)).unwrap_or_default();
        let glance = Glance {
            is_forwarded: get("go") == "1",
            has_asked: get("asked") == "1",
            is_still: get("auto") == "off",
        };
        let at = get("at");
        let asked_at = ["pay", "card", "swish"].into_iter().find(|place| *place == at);
        let State(checkouts) = State::<Checkouts>::from_request_parts(parts, checkouts)
            .await
            .unwrap_or_else(|never| match never {});
        let path = Path::<String>::from_request_parts(parts, &checkouts).await;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        let is_id = |id: &String| id.len() <= ID_CHARS_MAX && id.bytes().all(is_plain);
        let Some(id) = path.ok().map(|Path(id)| id).filter(is_id) else {
            return Err(missing(&manner));
        };
        let asked_at = asked_at.unwrap_or_default();
        Ok(Call { id, manner, glance, asked_at, checkouts })
    }
}

impl Call {
    /// The checkout, or the page that says why there is none.
    pub(super) async fn view(&self) -> Result<View, Response> {
        match self.checkouts.till.view(&self.id).await {
            Ok(Some(view)) => Ok(as_of_now(view)),
            Ok(None) => Err(missing(&self.manner)),
            Err(Unanswered) => Err(self.unanswered()),
        }
    }

    /// Sends the payer to the page that shows how the checkout stands.
    pub(super) fn stands(&self) -> Response {
        see(&self.manner.address(&self.id, ""))
    }

    /// A page of the checkout.
    pub(super) fn page(&self, view: &View, page: Page<'_>) -> Response {
        let mut nonce = [0; 16];
        self.checkouts.randomness.fill(&mut nonce);
        let nonce = estate::draw::hex(&nonce);
        let scene = Scene { view, manner: &self.manner, nonce: &nonce };
        let html = render::page(&scene, page);
        let policy = Policy {
            form_target: posted_to(&view.standing).map(|redirect| redirect.url.clone()),
            framers: self.framers(view),
        };
        respond(status(&page, &view.standing), &html, &policy)
    }

    /// Only the widget's page may be framed, and by the merchant's pages only.
    fn framers(&self, view: &View) -> Vec<Framer> {
        if self.manner.is_widget { view.framers.clone() } else { Vec::new() }
    }

    pub(super) fn unanswered(&self) -> Response {
        let again = self.manner.address(&self.id, "");
        let html = render::unanswered(&self.manner, &again);
        respond(StatusCode::SERVICE_UNAVAILABLE, &html, &Policy::default())
    }
}

/// What is open and has no time left is expired, whoever notices first.
fn as_of_now(mut view: View) -> View {
    if view.left_ms <= 0 && matches!(view.standing, Standing::Open(_)) {
        view.standing = Standing::Expired;
    }
    view
}

fn posted_to(standing: &Standing) -> Option<&Redirect> {
    match standing {
        Standing::Waiting(Waiting::Elsewhere(redirect)) => {
            (redirect.method == RedirectMethod::Post).then_some(redirect)
        }
        Standing::Waiting(Waiting::Phone | Waiting::Code { .. } | Waiting::Answer)
        | Standing::Open(_)
        | Standing::Paid
        | Standing::Expired => None,
    }
}

fn status(page: &Page<'_>, standing: &Standing) -> StatusCode {
    match page {
        Page::Card(_, mistakes) | Page::Swish(_, mistakes) if !mistakes.is_empty() => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Page::Ways | Page::Card(..) | Page::Swish(..) => StatusCode::OK,
        Page::Standing(_) => match standing {
            Standing::Expired => StatusCode::GONE,
            Standing::Open(_) | Standing::Waiting(_) | Standing::Paid => StatusCode::OK,
        },
    }
}

fn missing(manner: &Manner) -> Response {
    respond(StatusCode::NOT_FOUND, &render::missing(manner), &Policy::default())
}

fn respond(status: StatusCode, html: &Html, policy: &Policy) -> Response {
    let html_type = [(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))];
    guard((status, html_type, html.as_str().to_owned()).into_response(), policy)
}

/// Sends a browser on, with GET (RFC 9110 §15.4.4). The addresses are ours, or were made fit for a
/// header.
pub(super) fn see(address: &str) -> Response {
    let Ok(location) = HeaderValue::try_from(address) else {
        return guard(StatusCode::INTERNAL_SERVER_ERROR.into_response(), &Policy::default());
    };
    let headers = [(LOCATION, location)];
    guard((StatusCode::SEE_OTHER, headers).into_response(), &Policy::default())
}

/// How the checkout stands. Where there is one way to pay only, its form is shown at once.
pub(super) async fn standing(call: Call) -> Result<Response, Response> {
    let view = call.view().await?;
    let is_new = view.standing == Standing::Open(None);
    let nothing = Shown::default();
    let page = match call.manner.offered(&view.ways).as_slice() {
        [Way::Card] if is_new => Page::Card(&nothing, &[]),
        [Way::Swish] if is_new => Page::Swish("", &[]),
        _ => Page::Standing(call.glance),
    };
    Ok(call.page(&view, page))
}

/// The ways to pay.
pub(super) async fn ways(call: Call) -> Result<Response, Response> {
    let view = call.view().await?;
    let nothing = Shown::default();
    let page = match call.manner.offered(&view.ways).as_slice() {
        [Way::Card] => Page::Card(&nothing, &[]),
        [Way::Swish] => Page::Swish("", &[]),
        _ => Page::Ways,
    };
    Ok(if is_open(&view) { call.page(&view, page) } else { call.stands() })
}

/// The form for a card.
pub(super) async fn card(call: Call) -> Result<Response, Response> {
    form(&call, Way::Card, Page::Card(&Shown::default(), &[])).await
}

/// The form for Swish.
pub(super) async fn swish(call: Call) -> Result<Response, Response> {
    form(&call, Way::Swish, Page::Swish("", &[])).await
}

/// A form is shown only where it can be used: not when the merchant does not take money so, and
/// not when the payer comes back to it after paying.
async fn form(call: &Call, way: Way, page: Page<'_>) -> Result<Response, Response> {
    let view = call.view().await?;
    let is_usable = is_open(&view) && view.ways.contains(&way);
    Ok(if is_usable { call.page(&view, page) } else { call.stands() })
}

/// A form again, with what was wrong. A way without a form says that it does not work.
pub(super) async fn form_again(
    call: &Call,
    form: &Form,
    way: Way,
    mistakes: &[Mistake],
) -> Result<Response, Response> {
    let mut view = call.view().await?;
    if !is_open(&view) {
        return Ok(call.stands());
    }
    Ok(match way {
        Way::Card => call.page(&view, Page::Card(&shown(form), mistakes)),
        Way::Swish => call.page(&view, Page::Swish(&again(form, "phone"), mistakes)),
        Way::Klarna | Way::Easy | Way::Santander => {
            view.standing = Standing::Open(Some(Ending::Declined(Decline::Unavailable)));
            call.page(&view, Page::Standing(call.glance))
        }
    })
}

pub(super) fn is_open(view: &View) -> bool {
    matches!(view.standing, Standing::Open(_))
}

/// Leaves for the merchant's page. A link leads here and no form does, since browsers hold a
/// form's redirects against the policy's `form-action` too.
pub(super) async fn leave(call: Call) -> Result<Response, Response> {
    let view = call.view().await?;
    let resource = format!("/v3/checkouts/{}/payment", view.id);
    Ok(match way_back(&view.return_url, &view.id, &resource) {
        Some(address) => see(&address),
        None => call.stands(),
    })
}

/// How the checkout stands, for the page's script.
pub(super) async fn state(call: Call) -> Result<Response, Response> {
    let view = call.view().await?;
    let word = standing_word(&view.standing);
    let json = format!("{{\"standing\":\"{word}\",\"left_ms\":{}}}", view.left_ms.max(0));
    let json_type = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    Ok(guard((json_type, json).into_response(), &Policy::default()))
}
