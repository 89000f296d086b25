//! Companies and sellers that paths name.

use std::sync::Arc;

use clearing::Refusal;
use ledger::Company;

use super::problem::refused;
use crate::Platform;
use crate::http::problem::Problem;

/// The company with a number.
///
/// # Errors
/// 404 where there is none.
pub(super) fn check_company(platform: &Platform, number: &str) -> Result<Arc<Company>, Problem> {
    let company = platform.engine.directory().company(number).cloned();
    company.ok_or_else(|| refused(&Refusal::CompanyNotFound))
}

/// Looks for a company's seller.
///
/// # Errors
/// 404 where there is none.
pub(super) fn check_seller(
    platform: &Platform,
    company: &str,
    seller: &str,
) -> Result<(), Problem> {
    let company = check_company(platform, company)?;
    let directory = platform.engine.directory();
    let found = directory.seller(company.id, seller);
    found.map(drop).ok_or_else(|| refused(&Refusal::SellerNotFound))
}
