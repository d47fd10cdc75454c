//! Where a webhook may lead: out into the world, and never into the network in which the server stands.
//!
//! An address is looked at after its name was resolved and before anything is sent, and the connection goes to exactly the addresses
//! that were looked at: a name that leads elsewhere a moment later (DNS rebinding) leads nowhere. Redirects are not followed.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::LazyLock,
};

use ipnet::{Ipv4Net, Ipv6Net};
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

/// Blocks of the IANA IPv4 Special-Purpose Address Registry (RFC 6890) that are not globally reachable, and multicast.
const NOT_GLOBAL_V4: [&str; 16] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
];

/// The same of IPv6. Addresses that stand for IPv4 ones (mapped, translated, 6to4) are judged by what they stand for, or refused.
const NOT_GLOBAL_V6: [&str; 10] = [
    "::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/9",
];

static V4: LazyLock<Vec<Ipv4Net>> = LazyLock::new(|| NOT_GLOBAL_V4.iter().filter_map(|net| net.parse().ok()).collect());

static V6: LazyLock<Vec<Ipv6Net>> = LazyLock::new(|| NOT_GLOBAL_V6.iter().filter_map(|net| net.parse().ok()).collect());

/// Whether an address lies out in the world.
pub fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !V4.iter().any(|net| net.contains(&v4)),
        IpAddr::V6(v6) => match stands_for(v6) {
            Some(v4) => is_global(IpAddr::V4(v4)),
            None => !v6.is_multicast() && !V6.iter().any(|net| net.contains(&v6)),
        },
    }
}

/// The IPv4 address that an IPv6 one stands for: mapped (RFC 4291) or translated (RFC 6052).
fn stands_for(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let translated = [a, b, c, d, e, f] == [0x64, 0xff9b, 0, 0, 0, 0];
    let [w, x] = g.to_be_bytes();
    let [y, z] = h.to_be_bytes();
    v6.to_ipv4_mapped().or_else(|| translated.then(|| Ipv4Addr::new(w, x, y, z)))
}

/// Why nothing is sent to an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It cannot be read as an address.
    #[error("the address cannot be read")]
    Malformed,
    /// It is not `https`.
    #[error("only https addresses are sent to")]
    NotHttps,
    /// It lies in a private network, or on this machine.
    #[error("the address lies inside a private network")]
    Private,
}

/// Whether something may be sent there, as far as the address itself says; names are judged by the [`Outside`] resolver.
///
/// # Errors
/// See [`Refused`].
pub fn look(url: &str, private_allowed: bool) -> Result<Url, Refused> {
    let url = Url::parse(url).map_err(|_| Refused::Malformed)?;
    if private_allowed {
        return Ok(url);
    }
    if url.scheme() != "https" {
        return Err(Refused::NotHttps);
    }
    let host = url.host_str().ok_or(Refused::Malformed)?;
    let literal: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
    if literal.is_some_and(|address| !is_global(address)) {
        return Err(Refused::Private);
    }
    Ok(url)
}

/// Resolves names to addresses out in the world only.
#[derive(Clone, Copy, Debug)]
pub struct Outside;

impl Resolve for Outside {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            let outside: Vec<SocketAddr> = found.filter(|address| is_global(address.ip())).collect();
            if outside.is_empty() {
                return Err(Box::new(Refused::Private).into());
            }
            Ok(Box::new(outside.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_can_be_read() {
        assert_eq!((V4.len(), V6.len()), (NOT_GLOBAL_V4.len(), NOT_GLOBAL_V6.len()));
    }

    #[test]
    fn nothing_leads_inside() {
        let inside = [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "::7f00:1",
        ];
        for address in inside {
            assert!(!is_global(address.parse().unwrap()), "{address}");
        }
        for address in [
            "8.8.8.8",
            "93.184.216.34",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "64:ff9b::808:808",
            "::ffff:8.8.8.8",
        ] {
            assert!(is_global(address.parse().unwrap()), "{address}");
        }
    }

    /// The ways in which an address inside is written so that it does not look like one: numbers, octal, hexadecimal, brackets.
    #[test]
    fn an_address_in_disguise_is_seen_through() {
        let disguised = [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://[::1]/",
            "https://[::ffff:7f00:1]/",
            "https://169.254.169.254/latest/meta-data",
            "https://①②⑦.0.0.1/",
        ];
        for url in disguised {
            assert_eq!(look(url, false).unwrap_err(), Refused::Private, "{url}");
        }
        assert_eq!(look("http://example.com/", false).unwrap_err(), Refused::NotHttps);
        assert_eq!(look("https://", false).unwrap_err(), Refused::Malformed);
        assert!(look("https://example.com/hook", false).is_ok() && look("http://127.0.0.1:9/", true).is_ok());
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_no_address() {
        let refused = Outside.resolve("localhost".parse().unwrap()).await;
        assert!(refused.is_err_and(|error| error.to_string().contains("private network")));
    }
}
