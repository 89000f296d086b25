//! Each published code against its row: group and standing as the published patterns give them.

use proptest::prelude::*;

use super::*;

#[test]
fn every_published_code_has_the_group_and_the_standing_of_its_row() {
    let rows: Vec<&str> = LIST.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(rows.len(), 669);
    assert_eq!(ResultCode::all().count(), 669);
    for (row, listed) in rows.into_iter().zip(ResultCode::all()) {
        let cells: Vec<&str> = row.split('\t').collect();
        let [text, group, standing, description] = cells[..] else { panic!("{row}") };
        let code = ResultCode::parse(text).unwrap();
        assert_eq!(code, listed);
        assert_eq!(code.as_str(), text);
        assert_eq!(code.description(), description);
        assert_eq!(published_name(code.group()), group, "{row}");
        assert_eq!(published_standing(code.standing()), standing, "{row}");
    }
}

#[test]
fn the_list_is_sorted_and_well_formed() {
    let codes: Vec<&str> = ResultCode::all().map(ResultCode::as_str).collect();
    assert!(codes.is_sorted_by(|earlier, later| earlier < later));
    for code in codes {
        let parts: Vec<&str> = code.split('.').collect();
        assert!(parts.len() == 3 && parts.iter().all(|part| part.len() == 3), "{code}");
        assert!(parts.concat().bytes().all(|byte| byte.is_ascii_digit()), "{code}");
    }
}

#[test]
fn standings_are_as_many_as_the_contract_counts() {
    let count = |standing| ResultCode::all().filter(|code| code.standing() == standing).count();
    let counts = [
        (Standing::Accepted, 20),
        (Standing::AcceptedReview, 12),
        (Standing::Pending, 13),
        (Standing::Rejected, 595),
        (Standing::Chargeback, 29),
    ];
    for (standing, expected) in counts {
        assert_eq!(count(standing), expected, "{standing:?}");
    }
}

#[test]
fn what_is_not_published_is_no_code() {
    for text in [
        "",
        "000.000",
        "000.000.001",
        "000.000.000 ",
        "000-000-000",
        "000.000.0000",
        "999.999.998",
        "#",
        "code",
    ] {
        assert_eq!(ResultCode::parse(text), None, "{text}");
    }
}

#[test]
fn every_named_code_is_published() {
    for code in ResultCode::NAMED {
        assert_eq!(ResultCode::parse(code.as_str()), Some(*code));
        assert!(!code.description().is_empty(), "{code}");
    }
}

#[test]
fn a_code_is_shown_as_it_is_written() {
    let code = ResultCode::SUCCESS_TEST;
    assert_eq!(code.to_string(), "000.100.110");
    assert_eq!(format!("{code:?}"), "ResultCode(000.100.110)");
}

proptest! {
    #[test]
    fn any_text_is_a_published_code_or_none(text in "[0-9]{3}\\.[0-9]{3}\\.[0-9]{3}|\\PC*") {
        if let Some(code) = ResultCode::parse(&text) {
            prop_assert_eq!(code.as_str(), text);
        }
    }
}

/// What the list calls a group.
fn published_name(group: Group) -> &'static str {
    match group {
        Group::Success => "success",
        Group::SuccessReview => "success_review",
        Group::PendingShort => "pending_short",
        Group::PendingLong => "pending_long",
        Group::SoftDecline => "soft_decline",
        Group::IntercardChecks => "rejected_3ds_intercard_checks",
        Group::Bank => "rejected_external_bank",
        Group::Communication => "communication_error",
        Group::System => "system_error",
        Group::AsynchronousFlow => "async_workflow_error",
        Group::RetryBlocked => "retry_block_merchant_advice",
        Group::ThreeDSecure => "rejected_3dsecure",
        Group::RiskRequest => "risk_management_validation",
        Group::ExternalRisk => "rejected_external_risk",
        Group::AddressCheck => "rejected_address_validation",
        Group::BlockList => "rejected_blacklist",
        Group::RiskRule => "rejected_risk_validation",
        Group::Configuration => "configuration_validation",
        Group::Registration => "registration_validation",
        Group::Job => "job_validation",
        Group::Reference => "reference_validation",
        Group::Format => "format_validation",
        Group::Address => "address_validation",
        Group::Contact => "contact_validation",
        Group::Account => "account_validation",
        Group::Amount => "amount_validation",
        Group::Chargeback => "chargeback",
        Group::AccountManagement => "account_management_validation",
    }
}

/// What the list calls a standing.
fn published_standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Accepted => "accepted",
        Standing::AcceptedReview => "accepted_review",
        Standing::Pending => "pending",
        Standing::Rejected => "rejected",
        Standing::Chargeback => "chargeback",
    }
}
