//! Which addresses a notification may go to: the public ones, and those that the operator allows.
//!
//! What is public is what the registries of special-purpose addresses (IANA, RFC 6890) leave over.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::{Context as _, ensure};

/// Most networks that an operator may allow.
const NETWORKS_MAX: usize = 64;

/// Networks of IPv4 that are not public, by their first address and the bits that they share.
const NOT_PUBLIC_V4: [([u8; 4], u32); 17] = [
    ([0, 0, 0, 0], 8),        // this network
    ([10, 0, 0, 0], 8),       // private
    ([100, 64, 0, 0], 10),    // behind a carrier's translation; some clouds have metadata there
    ([127, 0, 0, 0], 8),      // loopback
    ([168, 63, 129, 16], 32), // the platform beneath a machine at a large cloud
    ([169, 254, 0, 0], 16),   // link-local; clouds have metadata there
    ([172, 16, 0, 0], 12),    // private
    ([192, 0, 0, 0], 24),     // protocol assignments; some clouds have metadata there
    ([192, 0, 2, 0], 24),     // documentation
    ([192, 31, 196, 0], 24),  // AS112
    ([192, 52, 193, 0], 24),  // multicast tunnels
    ([192, 88, 99, 0], 24),   // 6to4 relays
    ([192, 168, 0, 0], 16),   // private
    ([198, 18, 0, 0], 15),    // benchmarks
    ([198, 51, 100, 0], 24),  // documentation
    ([203, 0, 113, 0], 24),   // documentation
    ([224, 0, 0, 0], 3),      // multicast, reserved, broadcast
];

/// What is given out of IPv6; all else is reserved, local, or multicast.
const GLOBAL_V6: ([u16; 8], u32) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// What of it is not public all the same.
const NOT_PUBLIC_V6: [([u16; 8], u32); 4] = [
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), // protocol assignments: Teredo, benchmarks, ORCHID
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), // documentation
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), // 6to4, which holds any address of IPv4
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), // documentation
];

/// NAT64's well-known network, which holds an address of IPv4 in its last 32 bits (RFC 6052).
const NAT64: ([u16; 8], u32) = ([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

/// Networks that the operator allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Networks(Vec<Network>);

/// One network: its first address, and how many bits all of its addresses share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    first: IpAddr,
    bits: u32,
}

impl Networks {
    /// Reads networks as `10.1.0.0/16`, or single addresses, with commas between.
    ///
    /// # Errors
    /// When one is none, or there are too many.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Networks> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let networks: Vec<Network> = parts.map(network).collect::<anyhow::Result<_>>()?;
        ensure!(networks.len() <= NETWORKS_MAX, "there are more than {NETWORKS_MAX} networks");
        Ok(Networks(networks))
    }

    /// This machine, for what runs by itself on it.
    pub(crate) fn loopback() -> Networks {
        Networks(vec![
            Network { first: Ipv4Addr::new(127, 0, 0, 0).into(), bits: 8 },
            Network { first: Ipv6Addr::LOCALHOST.into(), bits: 128 },
        ])
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each as text.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.0.iter().map(|network| format!("{}/{}", network.first, network.bits)).collect()
    }

    /// Whether an address is in one of them. No network holds what is nobody's in particular.
    pub(crate) fn allow(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let is_nobodys = address.is_unspecified()
            || address.is_multicast()
            || address == IpAddr::V4(Ipv4Addr::BROADCAST);
        !is_nobodys && self.0.iter().any(|network| network.contains(address))
    }
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                (first.to_bits() ^ address.to_bits()).leading_zeros() >= self.bits
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                (first.to_bits() ^ address.to_bits()).leading_zeros() >= self.bits
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    fn v4((first, bits): ([u8; 4], u32)) -> Network {
        Network { first: Ipv4Addr::from(first).into(), bits }
    }

    fn v6((first, bits): ([u16; 8], u32)) -> Network {
        Network { first: Ipv6Addr::from(first).into(), bits }
    }
}

/// Whether an address is one of the public Internet.
pub(super) fn is_public(address: IpAddr) -> bool {
    let is_in = |network: Network| network.contains(address.to_canonical());
    match address.to_canonical() {
        IpAddr::V4(_) => !NOT_PUBLIC_V4.map(Network::v4).into_iter().any(is_in),
        IpAddr::V6(v6) if is_in(Network::v6(NAT64)) => {
            let [.., a, b, c, d] = v6.octets();
            is_public(Ipv4Addr::new(a, b, c, d).into())
        }
        IpAddr::V6(v6) => {
            is_in(Network::v6(GLOBAL_V6))
                && !NOT_PUBLIC_V6.map(Network::v6).into_iter().any(is_in)
                && !is_isatap(v6)
        }
    }
}

/// Whether an address holds one of IPv4 as an interface of ISATAP (RFC 5214), whatever its network.
fn is_isatap(address: Ipv6Addr) -> bool {
    let [_, _, _, _, kind, mark, _, _] = address.segments();
    mark == 0x5efe && (kind == 0 || kind == 0x200)
}

fn network(text: &str) -> anyhow::Result<Network> {
    let what = || format!("`{text}` is not a network as 10.1.0.0/16");
    let (first, bits) = text.split_once('/').unwrap_or((text, ""));
    let first: IpAddr = first.parse().ok().with_context(what)?;
    let longest = if first.is_ipv4() { 32 } else { 128 };
    let bits: u32 =
        if text.contains('/') { bits.parse().ok().with_context(what)? } else { longest };
    ensure!(bits <= longest, what());
    ensure!(first.to_canonical() == first, "`{text}`: write it as a network of IPv4");
    let host_bits = match first {
        IpAddr::V4(first) => first.to_bits().trailing_zeros(),
        IpAddr::V6(first) => first.to_bits().trailing_zeros(),
    };
    // 0 has as many zeros as it has bits.
    ensure!(host_bits >= longest.saturating_sub(bits), "`{text}` is not the first of its network");
    Ok(Network { first, bits })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// The first and the last address of each network that is not public, and their neighbours.
    const EDGES: [(&str, bool); 92] = [
        ("0.0.0.0", false),
        ("0.255.255.255", false),
        ("1.0.0.0", true),
        ("9.255.255.255", true),
        ("10.0.0.0", false),
        ("10.255.255.255", false),
        ("11.0.0.0", true),
        ("100.63.255.255", true),
        ("100.64.0.0", false),
        ("100.127.255.255", false),
        ("100.128.0.0", true),
        ("126.255.255.255", true),
        ("127.0.0.0", false),
        ("127.255.255.255", false),
        ("128.0.0.0", true),
        ("168.63.129.15", true),
        ("168.63.129.16", false),
        ("168.63.129.17", true),
        ("169.253.255.255", true),
        ("169.254.0.0", false),
        ("169.254.169.254", false),
        ("169.254.255.255", false),
        ("169.255.0.0", true),
        ("172.15.255.255", true),
        ("172.16.0.0", false),
        ("172.31.255.255", false),
        ("172.32.0.0", true),
        ("191.255.255.255", true),
        ("192.0.0.0", false),
        ("192.0.0.255", false),
        ("192.0.1.0", true),
        ("192.0.2.0", false),
        ("192.0.2.255", false),
        ("192.0.3.0", true),
        ("192.31.196.0", false),
        ("192.52.193.0", false),
        ("192.88.99.0", false),
        ("192.88.100.0", true),
        ("192.167.255.255", true),
        ("192.168.0.0", false),
        ("192.168.255.255", false),
        ("192.169.0.0", true),
        ("198.17.255.255", true),
        ("198.18.0.0", false),
        ("198.19.255.255", false),
        ("198.20.0.0", true),
        ("198.51.100.0", false),
        ("198.51.101.0", true),
        ("203.0.113.255", false),
        ("203.0.114.0", true),
        ("223.255.255.255", true),
        ("224.0.0.0", false),
        ("239.255.255.255", false),
        ("240.0.0.0", false),
        ("255.255.255.255", false),
        ("::", false),
        ("::1", false),
        ("::8.8.8.8", false),
        ("::ffff:8.8.8.8", true),
        ("::ffff:10.0.0.1", false),
        ("::ffff:0:8.8.8.8", false),
        ("64:ff9b::8.8.8.8", true),
        ("64:ff9b::127.0.0.1", false),
        ("64:ff9b::a9fe:a9fe", false),
        ("64:ff9b:1::8.8.8.8", false),
        ("100::1", false),
        ("1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false),
        ("2000::", true),
        ("2001::1", false),
        ("2001:1ff:ffff::", false),
        ("2001:200::", true),
        ("2001:db7:ffff::", true),
        ("2001:db8::", false),
        ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", false),
        ("2001:db9::", true),
        ("2002:808:808::", false),
        ("2003::", true),
        ("2606:4700::1111", true),
        ("2606:4700::5efe:a00:1", false),
        ("2606:4700::200:5efe:a00:1", false),
        ("3ffe:ffff::", true),
        ("3fff::", false),
        ("3fff:fff:ffff::", false),
        ("3fff:1000::", true),
        ("4000::", false),
        ("5f00::1", false),
        ("fc00::", false),
        ("fd00:ec2::254", false),
        ("fdff:ffff::", false),
        ("fe80::1", false),
        ("fec0::1", false),
        ("ff02::1", false),
    ];

    #[test]
    fn what_is_public_begins_and_ends_where_the_registries_say() {
        for (text, expected) in EDGES {
            assert_eq!(is_public(address(text)), expected, "{text}");
        }
    }

    #[test]
    fn networks_are_read_and_shown() {
        for (text, expected) in [
            ("", ""),
            (" , ", ""),
            ("10.1.0.0/16", "10.1.0.0/16"),
            ("10.1.2.3", "10.1.2.3/32"),
            ("10.1.2.3/32, ::1", "10.1.2.3/32 ::1/128"),
            ("0.0.0.0/0,::/0", "0.0.0.0/0 ::/0"),
            ("fd00:1::/64", "fd00:1::/64"),
        ] {
            assert_eq!(Networks::parse(text).unwrap().texts().join(" "), expected, "{text}");
        }
        for bad in [
            "localhost",
            "10.1.0.0/33",
            "::/129",
            "10.1.0.0/",
            "10.1.0.0/a",
            "10.1.0.0/-1",
            "10.1.0.0/255.255.0.0",
            "10.1.2.3/16",
            "fd00::1/64",
            "::ffff:10.0.0.0/104",
            "10.0.0.0/8 11.0.0.0/8",
            "10/8",
        ] {
            assert!(Networks::parse(bad).is_err(), "{bad}");
        }
        let many = vec!["10.0.0.0/8"; NETWORKS_MAX + 1].join(",");
        assert!(Networks::parse(&many).is_err());
    }

    #[test]
    fn an_operator_allows_what_its_networks_hold() {
        let networks = Networks::parse("10.1.0.0/16, 192.168.7.9, fd00:1::/64").unwrap();
        for (text, expected) in [
            ("10.1.0.0", true),
            ("10.1.255.255", true),
            ("10.2.0.0", false),
            ("::ffff:10.1.0.1", true),
            ("192.168.7.9", true),
            ("192.168.7.8", false),
            ("fd00:1::5", true),
            ("fd00:1:0:1::5", false),
            ("64:ff9b::10.1.0.1", false),
            ("8.8.8.8", false),
        ] {
            assert_eq!(networks.allow(address(text)), expected, "{text}");
        }
        let all = Networks::parse("0.0.0.0/0, ::/0").unwrap();
        for nobodys in ["0.0.0.0", "255.255.255.255", "224.0.0.1", "::", "ff02::1"] {
            assert!(!all.allow(address(nobodys)), "{nobodys}");
        }
        assert!(all.allow(address("169.254.169.254")) && all.allow(address("::1")));
        assert!(Networks::loopback().allow(address("127.1.2.3")));
        assert!(Networks::default().is_empty() && !Networks::loopback().is_empty());
    }
}
