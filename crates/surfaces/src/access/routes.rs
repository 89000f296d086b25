//! The routes of the contract: one table for the router and the documentation.

use super::MOUNT;

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// One of the reference lists, by the name in the path.
    List(String),
    /// The customer tree.
    Customers,
    /// Onboarding requests.
    Requests,
    /// A new onboarding request.
    CreateRequest,
    /// Packages for terminals.
    Packages,
    /// A new order of updates.
    CreateUpdate,
}

/// How an endpoint is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    pub(super) verb: Verb,
    /// Below the mount, as the contract writes it.
    pub(super) path: &'static str,
    /// Unique in the documentation.
    pub(super) operation: &'static str,
    /// For people.
    pub(super) summary: &'static str,
}

const fn route(
    verb: Verb,
    path: &'static str,
    operation: &'static str,
    summary: &'static str,
) -> Route {
    Route { verb, path, operation, summary }
}

/// Before the name of a reference list.
const GET_INFO: &str = "/onboarding/getinfo/";

/// All routes.
pub(super) const ROUTES: [Route; 7] = [
    route(Verb::Get, "/onboarding/getinfo/{type}", "getInfo", "Get a reference list"),
    route(Verb::Get, "/customer/GetCustomers", "getCustomers", "List customers"),
    route(Verb::Get, "/customer/GetRequests", "getRequests", "List onboarding requests"),
    route(
        Verb::Get,
        "/onboarding/GetRequests",
        "getOnboardingRequests",
        "List onboarding requests (the same)",
    ),
    route(Verb::Post, "/onboarding/CreateRequest", "createRequest", "Ask to onboard a merchant"),
    route(Verb::Get, "/terminal/GetPackages", "getPackages", "List packages for terminals"),
    route(Verb::Post, "/terminal/CreateUpdate", "createUpdate", "Order updates of terminals"),
];

/// Where a path leads, however it is written.
pub(super) fn find(path: &str) -> Option<(Endpoint, Verb)> {
    let path = path.to_ascii_lowercase();
    let path = path.strip_prefix(MOUNT)?;
    let path = path.strip_suffix('/').unwrap_or(path);
    if let Some(name) = path.strip_prefix(GET_INFO).filter(|name| !name.contains('/')) {
        return Some((Endpoint::List(name.to_owned()), Verb::Get));
    }
    Some(match path {
        "/customer/getcustomers" => (Endpoint::Customers, Verb::Get),
        "/customer/getrequests" | "/onboarding/getrequests" => (Endpoint::Requests, Verb::Get),
        "/onboarding/createrequest" => (Endpoint::CreateRequest, Verb::Post),
        "/terminal/getpackages" => (Endpoint::Packages, Verb::Get),
        "/terminal/createupdate" => (Endpoint::CreateUpdate, Verb::Post),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_found() {
        for route in ROUTES {
            let (_, verb) = find(&format!("{MOUNT}{}", route.path)).unwrap();
            assert_eq!(verb, route.verb, "{route:?}");
        }
    }

    #[test]
    fn paths_are_read_without_regard_to_case() {
        for path in ["/access/v1/customer/GetCustomers", "/ACCESS/V1/CUSTOMER/getcustomers/"] {
            assert_eq!(find(path), Some((Endpoint::Customers, Verb::Get)), "{path}");
        }
        let list = Endpoint::List("mcccodes".to_owned());
        assert_eq!(find("/access/v1/Onboarding/GetInfo/MccCodes"), Some((list, Verb::Get)));
        for path in [
            "/access/v1",
            "/access/v1/",
            "/access/v2/customer/GetCustomers",
            "/",
            "/access/v1/onboarding/getinfo/a/b",
            "/access/v1/customer/GetCustomers/1",
        ] {
            assert_eq!(find(path), None, "{path}");
        }
    }
}
