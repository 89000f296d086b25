//! The table of routes, which the router and the documentation are both made of.

use ledger::{Mount, PostingKind};

use super::links::collection;

/// The path parameters.
pub(super) const COMPANY: &str = "companyNumber";
pub(super) const AUTHORIZATION: &str = "authorizationId";
pub(super) const TRANSACTION: &str = "sourceTransactionId";
pub(super) const CORRECTION: &str = "sourceCorrectionTransactionId";
pub(super) const CANCELLATION: &str = "cancellationId";

/// One method on one path.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) verb: Verb,
    pub(super) path: String,
    pub(super) mount: Mount,
    pub(super) endpoint: Endpoint,
    /// Under the singular `authorization`, by which the contract's first answers pointed.
    pub(super) is_alias: bool,
}

/// The methods of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
}

/// What a route is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Authorizations(Action),
    Cancellations(Action),
    Transactions(PostingKind, Action),
    Corrections(PostingKind, Action),
}

/// What is done there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// POST to a collection.
    Create,
    /// GET a collection.
    List,
    /// GET one.
    Show,
}

impl Route {
    /// Its path below [`base`].
    pub(super) fn relative_path(&self) -> &str {
        self.path.strip_prefix(&base(self.mount)).unwrap_or(&self.path)
    }
}

/// The path of a name of the contract, above companies.
pub(super) fn base(mount: Mount) -> String {
    format!("/ledger/{}/v1", mount.as_str())
}

impl Endpoint {
    pub(super) fn action(self) -> Action {
        match self {
            Endpoint::Authorizations(action)
            | Endpoint::Cancellations(action)
            | Endpoint::Transactions(_, action)
            | Endpoint::Corrections(_, action) => action,
        }
    }
}

/// All routes: for each name of the contract, authorizations and what is under them, and the
/// transactions once more without.
pub(super) fn routes() -> Vec<Route> {
    let mut routes = Vec::new();
    for mount in [Mount::CreditAccountAcquiring, Mount::CardTransaction] {
        let company = format!("{}/{{{COMPANY}}}", base(mount));
        for (word, is_alias) in [("authorizations", false), ("authorization", true)] {
            let all = format!("{company}/{word}");
            let one = format!("{all}/{{{AUTHORIZATION}}}");
            let mut add = |verb, path, endpoint| {
                routes.push(Route { verb, path, mount, endpoint, is_alias });
            };
            collection_at(&all, AUTHORIZATION, Endpoint::Authorizations, &mut add);
            let cancellations = format!("{one}/cancellations");
            collection_at(&cancellations, CANCELLATION, Endpoint::Cancellations, &mut add);
            transactions_at(&one, &mut add);
        }
        let mut add = |verb, path, endpoint| {
            routes.push(Route { verb, path, mount, endpoint, is_alias: false });
        };
        transactions_at(&company, &mut add);
    }
    routes
}

fn transactions_at(base: &str, add: &mut impl FnMut(Verb, String, Endpoint)) {
    for kind in PostingKind::ALL {
        let all = format!("{base}/{}", collection(kind));
        let corrections = format!("{all}/{{{TRANSACTION}}}/corrections");
        collection_at(&all, TRANSACTION, |action| Endpoint::Transactions(kind, action), add);
        collection_at(&corrections, CORRECTION, |action| Endpoint::Corrections(kind, action), add);
    }
}

fn collection_at(
    all: &str,
    parameter: &str,
    endpoint: impl Fn(Action) -> Endpoint,
    add: &mut impl FnMut(Verb, String, Endpoint),
) {
    add(Verb::Post, all.to_owned(), endpoint(Action::Create));
    add(Verb::Get, all.to_owned(), endpoint(Action::List));
    add(Verb::Get, format!("{all}/{{{parameter}}}"), endpoint(Action::Show));
}
