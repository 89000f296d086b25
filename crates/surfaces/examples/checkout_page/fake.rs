//! A till in memory, for the tests of the checkout page and for trying it in a browser.
//!
//! Cards: `4200 0000 0000 0042` has the bank ask; a holder that is a result code is declined; every
//! other card pays. Santander is refused. Swish and the pages of the others wait until they are
//! told what the payer does.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::api::{
    Answer, Attempt, CardEntry, Decline, Ending, Fault, Field, Framer, Means, Mistake, Outcome,
    Redirect, RedirectMethod, Standing, Till, Unanswered, View, Waiting, Way, Whose,
};

/// How long a checkout lives, in milliseconds.
pub(crate) const LIFE_MS: i64 = 30 * 60_000;

/// The card whose bank asks.
const CHALLENGED: &str = "4200000000000042";

/// The last year that is past, as cards have it.
const PAST_YEAR: u16 = 2025;

/// A till in memory.
pub(crate) struct Fake {
    /// Where the pages of others are.
    pub(crate) base: String,
    /// Tells the time, in milliseconds.
    pub(crate) clock: Box<dyn Fn() -> i64 + Send + Sync>,
    checkouts: Mutex<BTreeMap<String, Kept>>,
}

/// A checkout, and what was attempted.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) view: View,
    pub(crate) expires_ms: i64,
    /// The nonces, each with its outcome.
    attempts: BTreeMap<String, Outcome>,
    /// How many payments were made.
    pub(crate) payments: usize,
    /// Whether it answers.
    pub(crate) is_silent: bool,
}

impl Fake {
    pub(crate) fn new(base: String, clock: Box<dyn Fn() -> i64 + Send + Sync>) -> Fake {
        Fake { base, clock, checkouts: Mutex::default() }
    }

    /// Makes a checkout.
    pub(crate) fn put(&self, view: View) {
        let expires_ms = (self.clock)().saturating_add(view.left_ms);
        let (id, attempts) = (view.id.clone(), BTreeMap::new());
        let kept = Kept { view, expires_ms, attempts, payments: 0, is_silent: false };
        self.rows().insert(id, kept);
    }

    /// Looks at a checkout and may change it.
    pub(crate) fn with<T>(&self, id: &str, change: impl FnOnce(&mut Kept) -> T) -> Option<T> {
        self.rows().get_mut(id).map(change)
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        self.checkouts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer<T>(&self, id: &str, change: impl FnOnce(&mut Kept) -> T) -> Result<T, Unanswered> {
        let answered = self.with(id, |kept| (!kept.is_silent).then(|| change(kept)));
        answered.flatten().ok_or(Unanswered)
    }

    fn attempt(&self, kept: &mut Kept, attempt: Attempt) -> Outcome {
        if let Some(first) = kept.attempts.get(&attempt.nonce) {
            return first.clone();
        }
        let is_open = matches!(kept.view.standing, Standing::Open(_));
        if !is_open || (self.clock)() >= kept.expires_ms {
            return Outcome::Made;
        }
        let outcome = match self.decide(&kept.view.id, attempt.means) {
            Ok(standing) => {
                kept.view.standing = standing;
                kept.payments = kept.payments.saturating_add(1);
                Outcome::Made
            }
            Err(mistake) => Outcome::Refused(vec![mistake]),
        };
        kept.attempts.insert(attempt.nonce, outcome.clone());
        outcome
    }

    fn decide(&self, id: &str, means: Means) -> Result<Standing, Mistake> {
        Ok(match means {
            Means::Card { card, .. } => self.decide_card(id, &card)?,
            Means::SwishPhone(_) => Standing::Waiting(Waiting::Phone),
            Means::SwishCode => {
                let token = "c28a4061470f4af48973bd2a4642b4fa".to_owned();
                Standing::Waiting(Waiting::Code { token })
            }
            Means::Hosted(Way::Santander) => {
                return Err(Mistake { field: Field::Number, fault: Fault::Unknown });
            }
            Means::Hosted(way) => Standing::Waiting(Waiting::Elsewhere(Redirect {
                url: format!("{}/fake/psp?id={id}", self.base),
                method: RedirectMethod::Get,
                parameters: Vec::new(),
                whose: Whose::Way(way),
            })),
        })
    }

    fn decide_card(&self, id: &str, card: &CardEntry) -> Result<Standing, Mistake> {
        if card.expiry.year <= PAST_YEAR {
            return Err(Mistake { field: Field::Year, fault: Fault::Past });
        }
        let declined = |decline| Ok(Standing::Open(Some(Ending::Declined(decline))));
        match card.holder.as_deref().unwrap_or_default() {
            "800.100.203" => declined(Decline::Funds),
            code if code.split('.').all(|part| part.parse::<u16>().is_ok()) => {
                declined(Decline::Refused)
            }
            _ if card.number.reveal() == CHALLENGED => {
                Ok(Standing::Waiting(Waiting::Elsewhere(Redirect {
                    url: format!("{}/fake/acs", self.base),
                    method: RedirectMethod::Post,
                    parameters: vec![("threeDSSessionData".to_owned(), id.to_owned())],
                    whose: Whose::Bank,
                })))
            }
            _ => Ok(Standing::Paid),
        }
    }
}

impl Till for Fake {
    fn view<'t>(&'t self, id: &'t str) -> Answer<'t, Option<View>> {
        Box::pin(async move {
            if self.with(id, |_| ()).is_none() {
                return Ok(None);
            }
            let now_ms = (self.clock)();
            self.answer(id, |kept| {
                let left_ms = kept.expires_ms.saturating_sub(now_ms);
                Some(View { left_ms, ..kept.view.clone() })
            })
        })
    }

    fn pay<'t>(&'t self, id: &'t str, attempt: Attempt) -> Answer<'t, Outcome> {
        Box::pin(async move { self.answer(id, |kept| self.attempt(kept, attempt)) })
    }

    fn extend<'t>(&'t self, id: &'t str) -> Answer<'t, ()> {
        let now_ms = (self.clock)();
        Box::pin(async move {
            self.answer(id, |kept| {
                if kept.view.may_extend && now_ms < kept.expires_ms {
                    kept.expires_ms = now_ms.saturating_add(LIFE_MS);
                }
            })
        })
    }

    fn ask<'t>(&'t self, id: &'t str) -> Answer<'t, ()> {
        Box::pin(async move { self.answer(id, |_| ()) })
    }

    fn cancel<'t>(&'t self, id: &'t str) -> Answer<'t, ()> {
        Box::pin(async move {
            self.answer(id, |kept| {
                if matches!(kept.view.standing, Standing::Waiting(_)) {
                    kept.view.standing = Standing::Open(Some(Ending::Cancelled));
                }
            })
        })
    }
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fake")
    }
}

/// A checkout of 92 kronor that can be paid in every way.
pub(crate) fn view(id: &str, return_url: &str) -> View {
    View {
        id: id.to_owned(),
        merchant: "Åkes Cykel & Sport".to_owned(),
        amount: "1092.00".to_owned(),
        currency: "SEK".to_owned(),
        reference: Some("order-2026-0042".to_owned()),
        ways: vec![Way::Card, Way::Swish, Way::Klarna, Way::Easy, Way::Santander],
        card_brands: vec![payments::Brand::Visa, payments::Brand::Master, payments::Brand::Amex],
        may_save_card: true,
        is_test: true,
        left_ms: LIFE_MS,
        may_extend: true,
        standing: Standing::Open(None),
        framers: vec![Framer::Origin("https://shop.example".to_owned())],
        return_url: return_url.to_owned(),
    }
}
