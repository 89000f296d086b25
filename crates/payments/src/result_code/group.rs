//! The groups of result codes: which one a code is in, and what that says of a payment.

/// A group of result codes (payments v3, result codes), in the order in which they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Done.
    Success,
    /// Done; somebody should look at it.
    SuccessReview,
    /// Open, for some thirty minutes at most.
    PendingShort,
    /// Open, perhaps for days.
    PendingLong,
    /// The issuer wants 3-D Secure; may be tried again with it.
    SoftDecline,
    /// Refused by 3-D Secure or by checks between cards.
    IntercardChecks,
    /// Declined by the issuer, the acquirer or a bank.
    Bank,
    /// Whoever decides could not be reached, or its answer was not understood.
    Communication,
    /// The platform's own fault.
    System,
    /// The payer left, or took too long.
    AsynchronousFlow,
    /// The card scheme advises against trying again.
    RetryBlocked,
    /// 3-D Secure failed.
    ThreeDSecure,
    /// The request's part on risk is wrong.
    RiskRequest,
    /// Refused by an external risk service.
    ExternalRisk,
    /// The address did not pass its check.
    AddressCheck,
    /// The card, the account or the payer is on a block list.
    BlockList,
    /// Refused by a rule on repetition or volume.
    RiskRule,
    /// The merchant is not set up for it.
    Configuration,
    /// Something is wrong with a registration.
    Registration,
    /// Something is wrong with a scheduled job.
    Job,
    /// The payment that is referred to does not allow it.
    Reference,
    /// A parameter is missing or malformed.
    Format,
    /// A part of an address is missing or wrong.
    Address,
    /// A way to reach the payer is missing or wrong.
    Contact,
    /// A part of the card or account is missing or wrong.
    Account,
    /// The amount or the currency is missing or wrong.
    Amount,
    /// The payer took the money back.
    Chargeback,
    /// Something is wrong with the management of an account. Newer than the list of groups, and
    /// tried last.
    AccountManagement,
}

/// What a result code says of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It succeeded.
    Accepted,
    /// It succeeded; somebody should look at it.
    AcceptedReview,
    /// It is open.
    Pending,
    /// It failed.
    Rejected,
    /// It was taken back.
    Chargeback,
}

/// With what the codes of a group begin: its published pattern, written out. The one pattern that
/// is not a choice of beginnings is in [`Group::of`].
const BEGINNINGS: &[(Group, &[&str])] = &[
    (
        Group::Success,
        &["000.000.", "000.100.1", "000.3", "000.5", "000.6", "000.400.110", "000.400.120"],
    ),
    (
        Group::SuccessReview,
        &[
            "000.400.00",
            "000.400.01",
            "000.400.02",
            "000.400.04",
            "000.400.05",
            "000.400.06",
            "000.400.07",
            "000.400.08",
            "000.400.09",
            "000.400.100",
        ],
    ),
    (Group::PendingShort, &["000.200"]),
    (Group::PendingLong, &["800.400.5", "100.400.500"]),
    (Group::SoftDecline, &["300.100.100"]),
    (Group::IntercardChecks, &["000.400.2"]),
    (Group::Bank, &["800.100", "800.700", "800.800.1", "800.800.2", "800.800.3"]),
    (Group::Communication, &["900.100", "900.200", "900.300", "900.400", "000.400.030"]),
    (Group::System, &["800.5", "800.6", "999.", "600.1", "800.800.8", "800.800.4"]),
    (Group::AsynchronousFlow, &["100.397", "100.396", "100.395"]),
    (Group::RetryBlocked, &["700.600", "700.601"]),
    (Group::ThreeDSecure, &["800.400.2", "100.380.4", "100.390"]),
    (Group::RiskRequest, &["100.380.2", "100.380.3", "100.380.101"]),
    (Group::ExternalRisk, &["100.400", "100.38", "100.370.100", "100.370.11"]),
    (Group::AddressCheck, &["800.400.1"]),
    (Group::BlockList, &["100.100.701", "800.3", "800.2"]),
    (Group::RiskRule, &["800.110", "800.120", "800.130", "800.140", "800.150", "800.160"]),
    (Group::Configuration, &["600.2", "600.3", "500.1", "500.2", "800.121"]),
    (Group::Registration, &["100.150", "100.350"]),
    (Group::Job, &["100.250", "100.360"]),
    (
        Group::Reference,
        &["700.100", "700.150", "700.300", "700.350", "700.400", "700.450", "700.500", "700.550"],
    ),
    (
        Group::Format,
        &[
            "200.1",
            "200.2",
            "200.3",
            "100.50",
            "100.57",
            "100.30",
            "100.37",
            "800.900",
            "100.600.500",
            "100.900.500",
        ],
    ),
    (Group::Address, &["100.800"]),
    (Group::Contact, &["100.700", "100.900"]),
    (Group::Account, &["100.100", "100.20", "100.21"]),
    (Group::Amount, &["100.55"]),
    (Group::Chargeback, &["000.100.2"]),
    (Group::AccountManagement, &["100.310.4"]),
];

impl Group {
    /// The group of a published code. A test shows that each of them is in one; for any other text,
    /// [`Group::System`].
    pub(super) fn of(code: &str) -> Group {
        let is_in = |(group, beginnings): &&(Group, &[&str])| {
            // `000.400.[1][0-9][1-9]`: what ends in 0 there is a success, or no code at all.
            let is_intercard = *group == Group::IntercardChecks
                && code.starts_with("000.400.1")
                && !code.ends_with('0');
            is_intercard || beginnings.iter().any(|beginning| code.starts_with(beginning))
        };
        BEGINNINGS.iter().find(is_in).map_or(Group::System, |(group, _)| *group)
    }

    /// What its codes say of a payment.
    pub fn standing(self) -> Standing {
        match self {
            Group::Success => Standing::Accepted,
            Group::SuccessReview => Standing::AcceptedReview,
            Group::PendingShort | Group::PendingLong => Standing::Pending,
            Group::SoftDecline
            | Group::IntercardChecks
            | Group::Bank
            | Group::Communication
            | Group::System
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
            | Group::AccountManagement => Standing::Rejected,
            Group::Chargeback => Standing::Chargeback,
        }
    }
}
