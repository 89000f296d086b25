//! The stores, from outside: what every store must do, on each of them; that they do the same;
//! and what only the embedded one, or only the one for many nodes, has to.

#[cfg(test)]
mod commands;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod copy;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod settlement;
#[cfg(test)]
mod sqlite;
#[cfg(test)]
mod subject;
