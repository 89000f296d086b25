//! What requests are made of.

use std::net::SocketAddr;

/// A request up to the caller's token.
#[derive(Clone)]
pub(crate) struct RequestHead(Vec<u8>);

impl RequestHead {
    /// A POST to `path`.
    pub(crate) fn new(address: SocketAddr, path: &str) -> RequestHead {
        RequestHead::of("POST", address, path)
    }

    /// Another verb to `path`.
    pub(crate) fn of(verb: &str, address: SocketAddr, path: &str) -> RequestHead {
        let head = format!("{verb} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer ");
        RequestHead(head.into_bytes())
    }

    /// Appends the whole request, with a body in JSON.
    pub(crate) fn write(&self, request: &mut Vec<u8>, token: &str, body: &[u8]) {
        request.extend_from_slice(&self.0);
        request.extend_from_slice(token.as_bytes());
        request.extend_from_slice(b"\r\nContent-Type: application/json\r\nContent-Length: ");
        write_digits(request, body.len().try_into().unwrap_or(u64::MAX), 1);
        request.extend_from_slice(b"\r\n\r\n");
        request.extend_from_slice(body);
    }
}

/// Appends `number` in decimal, with zeros in front up to `digits_min`.
pub(crate) fn write_digits(out: &mut Vec<u8>, number: u64, digits_min: usize) {
    let start = out.len();
    let mut rest = number;
    while rest > 0 || out.len() - start < digits_min {
        let digit = u8::try_from(rest % 10).unwrap_or_default();
        out.push(b'0' + digit);
        rest /= 10;
    }
    if let Some(written) = out.get_mut(start..) {
        written.reverse();
    }
}

/// `SplitMix64` (Steele, Lea, Flood 2014): reproducible numbers, for spreading load only.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    /// A number below `bound`, each about equally likely; 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let scaled = (u128::from(mixed) * u128::from(bound)) >> 64;
        u64::try_from(scaled).unwrap_or_default()
    }

    /// One of `choices`, each about equally likely.
    pub(crate) fn choose<'c, T>(&mut self, choices: &'c [T]) -> Option<&'c T> {
        let index = self.below(choices.len().try_into().unwrap_or(u64::MAX));
        choices.get(usize::try_from(index).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_decimals() {
        let check = |number, digits_min, expected: &str| {
            let mut out = b"x".to_vec();
            write_digits(&mut out, number, digits_min);
            assert_eq!(out, [b"x", expected.as_bytes()].concat());
        };
        check(0, 1, "0");
        check(10, 1, "10");
        check(7, 3, "007");
        check(u64::MAX, 1, "18446744073709551615");
    }

    #[test]
    fn numbers_stay_below_their_bound_and_spread() {
        let mut numbers = Numbers(1);
        let mut seen = [0_u32; 10];
        for _ in 0..10_000 {
            seen[usize::try_from(numbers.below(10)).unwrap()] += 1;
        }
        assert!(seen.iter().all(|count| (800..1_200).contains(count)), "{seen:?}");
        assert_eq!(numbers.below(0), 0);
        assert_eq!(numbers.below(1), 0);
        assert_eq!((numbers.choose(&[7]), numbers.choose::<u8>(&[])), (Some(&7), None));
    }
}
