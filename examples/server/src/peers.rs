//! The address of a request's client, behind proxies.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// An address, as the limits count it. An IPv6 /64 counts as one, because one subscriber has all of
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
            address @ IpAddr::V4(_) => address,
        })
    }
}

/// The proxies that are trusted to name their client.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(pub Vec<IpAddr>);

impl TrustedProxies {
    /// Whether an address is a trusted proxy.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// The client of a request: its peer, or behind a trusted proxy an entry of `X-Forwarded-For`. From
    /// the end of the list, the first address that is not a trusted proxy counts: the client may have
    /// written the entries before it.
    pub fn client<'a>(
        &self,
        peer: IpAddr,
        forwarded: impl DoubleEndedIterator<Item = &'a str>,
    ) -> IpAddr {
        let mut client = peer;
        let mut hops = forwarded.rev().flat_map(|list| list.rsplit(','));
        while self.has(client) {
            match hops.next().map(|hop| hop.trim().parse()) {
                Some(Ok(hop)) => client = hop,
                Some(Err(_)) | None => break,
            }
        }
        client.to_canonical()
    }
}

/// A number of places for each address, and what the places of an address share.
pub(crate) struct Places<T = ()> {
    most: usize,
    taken: Arc<Taken<T>>,
}

type Taken<T> = Mutex<HashMap<Network, (usize, Arc<T>)>>;

/// One place, until it is dropped.
pub(crate) struct Place<T> {
    network: Network,
    taken: Arc<Taken<T>>,
    pub(crate) shared: Arc<T>,
}

impl<T: Default> Places<T> {
    pub(crate) fn at_most(most: usize) -> Self {
        Self {
            most,
            taken: Arc::default(),
        }
    }

    /// One more place of an address; `None` at the limit.
    pub(crate) fn take(&self, network: Network) -> Option<Place<T>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, shared) = taken.entry(network).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place {
            network,
            taken: Arc::clone(&self.taken),
            shared: Arc::clone(shared),
        })
    }
}

impl<T> Drop for Place<T> {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((count, _)) = taken.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_ipv6_64_counts_as_one_address_and_ipv4_is_the_same_in_any_spelling() {
        let same = |one, other| Network::of(ip(one)) == Network::of(ip(other));
        assert!(same("2001:db8::1", "2001:db8::ffff:1"));
        assert!(!same("2001:db8:0:1::1", "2001:db8::1"));
        assert!(same("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(!same("::ffff:192.0.2.2", "::ffff:192.0.2.1"));
    }

    #[test]
    fn only_a_trusted_proxy_and_only_its_own_entry_is_believed() {
        let proxies = TrustedProxies(vec![ip("10.0.0.1"), ip("10.0.0.2")]);
        let client = |peer, headers: &[&str]| {
            proxies
                .client(ip(peer), headers.iter().copied())
                .to_string()
        };
        assert_eq!(client("192.0.2.1", &["192.0.2.9"]), "192.0.2.1");
        assert_eq!(client("10.0.0.1", &["192.0.2.9"]), "192.0.2.9");
        assert_eq!(client("10.0.0.1", &["forged, 192.0.2.9"]), "192.0.2.9");
        let both = &["198.51.100.1", "192.0.2.9, 10.0.0.2"];
        assert_eq!(client("10.0.0.1", both), "192.0.2.9");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["unknown"]), "10.0.0.1");
    }

    #[test]
    fn an_address_has_so_many_places_with_one_turn_and_gets_them_back() {
        let places: Places<tokio::sync::Mutex<()>> = Places::at_most(2);
        let one = Network::of(ip("192.0.2.1"));
        let taken = [places.take(one), places.take(one)].map(Option::unwrap);
        assert!(places.take(one).is_none());
        let turn = taken[0].shared.try_lock().unwrap();
        assert!(taken[1].shared.try_lock().is_err());
        // Another address does not wait for it.
        let other = places.take(Network::of(ip("192.0.2.2"))).unwrap();
        assert!(other.shared.try_lock().is_ok());
        drop((turn, other));
        assert!(taken[1].shared.try_lock().is_ok());
        drop(taken);
        assert!(places.take(one).is_some());
        assert!(places.taken.lock().unwrap().is_empty());
    }
}
