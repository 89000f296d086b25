//! Finding transactions, and all that is shown with one.

use engine::queries::documents::{document, documents};
use engine::queries::payments::payment;
use estate::Customer;
use ledger::{Directory, Zone};
use payments::{FirstAnswer, MerchantName, Payee, Payment, PaymentKind};

use super::problem::Problem;
use super::wire::Ask;
use crate::Platform;

/// A transaction with all that is shown of it.
pub(super) struct View {
    pub(super) payment: Payment,
    /// Its merchant. Customers stay in the tree for ever.
    pub(super) customer: Option<Customer>,
    pub(super) payee: Payee,
    /// Where its merchant is.
    pub(super) zone: Zone,
    /// Where we are found: what links begin with.
    pub(super) base: String,
}

impl View {
    pub(super) fn of(
        directory: &Directory,
        payment: Payment,
        base: String,
    ) -> Result<View, Problem> {
        let company = directory.company(&payment.merchant.company);
        let zone = company.map(|company| company.zone.clone());
        let zone = zone.or_else(|| Zone::parse(Zone::DEFAULT_NAME)).ok_or_else(Problem::bug)?;
        let customer = Customer::find(directory, payment.merchant.customer);
        let payee = Payee::find(directory, payment.merchant.customer);
        Ok(View { payment, customer, payee, zone, base })
    }
}

/// What payments know a merchant by.
pub(super) fn merchant_name(customer: &Customer) -> Result<MerchantName, Problem> {
    let merchant = customer.merchant.as_ref().ok_or_else(Problem::not_allowed)?;
    Ok(MerchantName {
        customer: customer.number,
        merchant_id: merchant.merchant_id.clone(),
        company: merchant.company_number.clone(),
        seller: merchant.seller_number.clone(),
    })
}

/// A transaction by its number.
pub(super) async fn transaction(
    platform: &Platform,
    number: i64,
) -> Result<Option<Payment>, Problem> {
    let found = platform.queries.read(move |reader| payment(reader, number));
    found.await.map_err(Problem::not_read)
}

/// What a refund or reversal of a merchant's is about, where there is such a thing.
pub(super) async fn original(
    platform: &Platform,
    ask: &Ask,
    customer: i64,
) -> Result<Option<Payment>, Problem> {
    let Some(reference) = ask.asked.original_reference.clone() else { return Ok(None) };
    let found = match ask.kind {
        PaymentKind::Payment | PaymentKind::Capture | PaymentKind::Credit => None,
        PaymentKind::Refund => match reference.parse() {
            Ok(number) => transaction(platform, number).await?,
            // More digits than any number has.
            Err(_) => None,
        },
        PaymentKind::Reversal => {
            let list = Payment::reference_list(customer, &reference);
            let found = platform.queries.read(move |reader| {
                let pick =
                    |document| Payment::of(&document).filter(|it| it.kind == PaymentKind::Payment);
                documents(reader, &list, None, 1, pick)
            });
            found.await.map_err(Problem::not_read)?.items.into_iter().next()
        }
    };
    Ok(found.filter(|payment| payment.merchant.customer == customer))
}

/// What was answered first to the request that made a transaction.
pub(super) async fn first_answer(
    platform: &Platform,
    number: i64,
) -> Result<Option<FirstAnswer>, Problem> {
    let found = platform.queries.read(move |reader| document(reader, FirstAnswer::id(number)));
    Ok(found.await.map_err(Problem::not_read)?.as_ref().and_then(FirstAnswer::of))
}
