//! The test acquirer: answers for cards that are not the ledger's, where no real money can move. It
//! takes what it is given, unless the name of the holder asks for another answer.

use crate::payment::Payment;
use crate::result_code::ResultCode;

/// The answer that the holder's name asks for: a result code that is not one of success
/// (`card.holder`). Only in test mode, where it goes for the ledger's cards too.
pub(crate) fn forced(payment: &Payment) -> Option<ResultCode> {
    let online = payment.online.as_ref().filter(|online| online.is_test)?;
    let holder = online.card.as_ref()?.holder.as_deref()?;
    let is_code = holder.len() == 11 && holder.split('.').all(is_group) && !is_success(holder);
    is_code.then(|| ResultCode::parse(holder).unwrap_or(ResultCode::UNKNOWN_WANTED_CODE))
}

fn is_group(group: &str) -> bool {
    group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_success(code: &str) -> bool {
    code.starts_with("000")
}
