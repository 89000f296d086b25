//! What tests of notifications have beside the small world: payments of payments v3, endpoints,
//! and what became of notifications.

use store::{Part, Store as _};

use crate::endpoint::{AddEndpoint, ChangeEndpoint};
use crate::notification::{NOTIFICATIONS, Notification};
use crate::online::Online;
use crate::world::{CUSTOMER, World};
use crate::{Answer, Command, Endpoint, Outcome, Refusal};

impl World {
    /// As [`World::steps`], and `online NAME url=…` makes a payment one of payments v3. Nothing
    /// is refused.
    #[track_caller]
    pub(crate) fn play(&mut self, script: &str) -> Vec<Answer> {
        let mut answers = Vec::new();
        for step in script.split(';').map(str::trim) {
            if let Some(online) = step.strip_prefix("online ") {
                let (name, url) = online.split_once(" url=").unwrap_or((online, ""));
                let mut payment = self.named(name);
                payment.online = Some(Online {
                    brand: "SWISH".to_owned(),
                    notification_url: Some(url.to_owned()).filter(|url| !url.is_empty()),
                    ..Online::default()
                });
                self.put(&[&payment]);
                continue;
            }
            answers.extend(self.steps(step).into_iter().map(|answer| answer.unwrap()));
        }
        answers
    }

    /// Adds an endpoint, and switches it off or not.
    pub(crate) fn endpoint(&mut self, url: Option<&str>, is_active: bool) -> i64 {
        let add = AddEndpoint {
            customer: CUSTOMER,
            url: url.map(str::to_owned),
            secret: "sealed".to_owned(),
            key: None,
            actor: "op".to_owned(),
            idempotency: None,
        };
        let answer = self.run(Command::AddEndpoint(add)).unwrap();
        let Outcome::Endpoint(Endpoint { number: endpoint, .. }) = answer.done else {
            panic!("{answer:?}")
        };
        self.switch(endpoint, is_active).unwrap();
        endpoint
    }

    pub(crate) fn switch(&mut self, endpoint: i64, on: bool) -> Result<Answer, Refusal> {
        let (is_active, actor) = (Some(on), "op".to_owned());
        let change = ChangeEndpoint { endpoint, is_active, actor, ..ChangeEndpoint::default() };
        self.run(Command::ChangeEndpoint(change))
    }

    /// All notifications, oldest first.
    pub(crate) fn notifications(&self) -> Vec<Notification> {
        self.notified(NOTIFICATIONS)
    }

    /// The notifications on a list.
    pub(crate) fn notified(&self, list: &str) -> Vec<Notification> {
        let mut reader = self.store.source().open().unwrap();
        let found = reader.documents(list, Part::After(0), 1_000).unwrap();
        found.iter().map(|document| Notification::of(document).unwrap()).collect()
    }
}
