//! How much a simulator keeps and takes. Everything has a limit, and they stand here.

use std::time::Duration;

/// Payments, sessions, orders or refunds of one kind and PSP. Beyond it the oldest are forgotten,
/// those first that wait for nothing.
pub const THINGS_MAX: usize = 100_000;

/// Scripts that wait at one PSP, each counted once, whatever its `count`. Beyond it the oldest is
/// forgotten.
pub const SCRIPTS_MAX: usize = 10_000;

/// Longest delay of a script, in milliseconds: 30 days.
pub const DELAY_MS_MAX: i64 = 30 * 24 * 60 * 60 * 1000;

/// Callbacks that wait for their delivery at one PSP. Beyond it the oldest is forgotten.
pub const CALLBACKS_MAX: usize = 100_000;

/// How often a callback is delivered until it is taken.
pub const DELIVERIES_MAX: u32 = 10;

/// The pause after the first failed delivery, in milliseconds. Each further one is twice as long.
pub const REDELIVERY_PAUSE_MS: i64 = 500;

/// Captures, or refunds, of one order.
pub const MOVEMENTS_MAX: usize = 1000;

/// Lines of an order.
pub const ORDER_LINES_MAX: usize = 1000;

/// Longest URL, in bytes.
pub const URL_BYTES_MAX: usize = 2000;

/// Largest amount, in minor units.
pub const AMOUNT_MINOR_MAX: i64 = 99_999_999_999_999;

/// Longest body of a request, in bytes.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// Connections at a time.
pub const CONNECTIONS_MAX: usize = 1024;

/// How long a client may take to send a request's head or body.
pub const REQUEST_READ_MAX: Duration = Duration::from_secs(10);

/// How long a receiver of callbacks may take.
pub const CALLBACK_WAIT_MAX: Duration = Duration::from_secs(10);

/// Callbacks under way at a time.
pub const CALLBACKS_UNDER_WAY_MAX: usize = 64;
