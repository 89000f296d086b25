//! The HTTP status that goes with a result code.

use axum::http::StatusCode;
use payments::ResultCode;
use payments::result_code::Group;

/// The HTTP status of an answer with this code. What succeeded or is open is 200, our own faults
/// are 500, and what was declined or refused is 400, but for the few codes that HTTP has a word of
/// its own for.
///
/// Two statuses need more than the code. A missing or malformed `Authorization` header is 401 with
/// the same 800.900.300 as a wrong token, which is 403: see [`NO_CREDENTIALS`]. A body that is no
/// form is 415 with 200.300.404.
pub(crate) fn status_of(code: ResultCode) -> StatusCode {
    match code {
        ResultCode::NOT_AUTHENTICATED | ResultCode::NO_RIGHTS => StatusCode::FORBIDDEN,
        ResultCode::NOT_FOUND => StatusCode::NOT_FOUND,
        ResultCode::THROTTLED => StatusCode::TOO_MANY_REQUESTS,
        other => status_of_group(other.group()),
    }
}

/// The HTTP status where the `Authorization` header is missing or malformed; the code is
/// 800.900.300.
pub(crate) const NO_CREDENTIALS: StatusCode = StatusCode::UNAUTHORIZED;

fn status_of_group(group: Group) -> StatusCode {
    match group {
        Group::Success | Group::SuccessReview | Group::PendingShort | Group::PendingLong => {
            StatusCode::OK
        }
        Group::System => StatusCode::INTERNAL_SERVER_ERROR,
        Group::SoftDecline
        | Group::IntercardChecks
        | Group::Bank
        | Group::Communication
        | Group::AsynchronousFlow
        | Group::RetryBlocked
        | Group::ThreeDSecure
        | Group::RiskRequest
        | Group::ExternalRisk
        | Group::AddressCheck
        | Group::BlockList
        | Group::RiskRule
        | Group::Configuration
        | Group::Registration
        | Group::Job
        | Group::Reference
        | Group::Format
        | Group::Address
        | Group::Contact
        | Group::Account
        | Group::Amount
        | Group::Chargeback
        | Group::AccountManagement => StatusCode::BAD_REQUEST,
    }
}

#[cfg(test)]
mod tests {
    use payments::result_code::Standing;

    use super::*;

    #[test]
    fn statuses_are_as_agreed() {
        for (code, status) in [
            ("000.000.000", 200),
            ("000.100.110", 200),
            ("000.400.000", 200),
            ("000.200.000", 200),
            ("000.200.100", 200),
            ("800.400.500", 200),
            ("300.100.100", 400),
            ("800.100.152", 400),
            ("900.100.300", 400),
            ("600.100.100", 500),
            ("999.999.999", 500),
            ("800.800.800", 500),
            ("100.396.101", 400),
            ("200.300.403", 400),
            ("200.300.404", 400),
            ("200.300.405", 400),
            ("200.300.406", 404),
            ("800.900.300", 403),
            ("800.900.301", 403),
            ("800.900.201", 400),
            ("800.120.100", 429),
            ("800.120.101", 400),
            ("700.400.580", 400),
            ("000.100.211", 400),
        ] {
            assert_eq!(status_of(ResultCode::parse(code).unwrap()).as_u16(), status, "{code}");
        }
    }

    #[test]
    fn exactly_what_succeeded_or_is_open_is_ok() {
        for code in ResultCode::all() {
            let is_good = match code.standing() {
                Standing::Accepted | Standing::AcceptedReview | Standing::Pending => true,
                Standing::Rejected | Standing::Chargeback => false,
            };
            assert_eq!(status_of(code).is_success(), is_good, "{code}");
        }
    }
}
