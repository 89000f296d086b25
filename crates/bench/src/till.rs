//! A till: one connection that initializes payments and looks where they stand.

use std::cell::RefCell;
use std::rc::Rc;

use crate::client::Connection;
use crate::load::Errors;
use crate::payment_traffic::{Method, PaymentTraffic, Standing, payment_in, standing_in};

/// The status of a payment that was taken.
const ACCEPTED: u16 = 202;
/// The status of a payment that was found.
const OK: u16 = 200;

/// One connection to the server.
pub(crate) struct Till {
    connection: Connection,
    request: Vec<u8>,
    counter: Rc<Counter>,
}

/// What all tills of one thread share.
pub(crate) struct Counter {
    pub(crate) traffic: PaymentTraffic,
    /// What went wrong at any of them.
    pub(crate) errors: RefCell<Errors>,
}

impl Counter {
    /// Nothing has gone wrong.
    pub(crate) fn new(traffic: PaymentTraffic) -> Rc<Counter> {
        Rc::new(Counter { traffic, errors: RefCell::default() })
    }
}

impl Till {
    pub(crate) fn new(counter: &Rc<Counter>) -> Till {
        Till {
            connection: Connection::new(counter.traffic.server),
            request: Vec::with_capacity(1024),
            counter: Rc::clone(counter),
        }
    }

    /// Asks for a payment; what the server calls it. `None` where something went wrong.
    pub(crate) async fn initialize(&mut self, method: Method) -> Option<u64> {
        self.request.clear();
        self.counter.traffic.write_initialize(method, &mut self.request);
        self.ask(ACCEPTED, payment_in).await
    }

    /// Looks where a payment stands. `None` where something went wrong, or the payment has ended
    /// without money.
    pub(crate) async fn look(&mut self, payment: u64) -> Option<Standing> {
        self.request.clear();
        self.counter.traffic.write_status(payment, &mut self.request);
        self.ask(OK, standing_in).await
    }

    async fn ask<T>(&mut self, status: u16, read: fn(&[u8]) -> Option<T>) -> Option<T> {
        let exchanged = self.connection.exchange(&self.request).await;
        let mut errors = self.counter.errors.borrow_mut();
        match exchanged {
            Ok(answer) => {
                let found = (answer.status == status).then(|| read(answer.body)).flatten();
                if found.is_none() {
                    errors.add_status(answer);
                }
                found
            }
            Err(failure) => {
                errors.add_failure(&failure);
                None
            }
        }
    }
}
