//! Who is at the other end, for counting: IPv4 by address, IPv6 by /64, as one household or machine has it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// What an address counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer(IpAddr);

impl Peer {
    /// The peer that `address` belongs to.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(IpAddr::V4(address)),
            IpAddr::V6(address) => {
                let network = address.to_bits() & !u128::from(u64::MAX);
                Self(IpAddr::V6(Ipv6Addr::from_bits(network)))
            }
        }
    }
}

/// How many connections each peer has.
#[derive(Clone, Debug, Default)]
pub struct Peers(Arc<Mutex<HashMap<Peer, usize>>>);

impl Peers {
    /// Counts one more connection of `peer`, until the pass is dropped; `None` if it has `most` already.
    pub fn admit(&self, peer: Peer, most: usize) -> Option<Pass> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(peer).or_insert(0);
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Pass { peers: self.clone(), peer })
    }

    /// Peers that have a connection.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether nobody has a connection.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One counted connection.
#[derive(Debug)]
pub struct Pass {
    peers: Peers,
    peer: Peer,
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut counts = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_household_is_one_peer() {
        let peer = |text: &str| Peer::of(text.parse().unwrap());
        assert_eq!(peer("2001:db8::1"), peer("2001:db8::ffff:1"));
        assert_ne!(peer("2001:db8:0:1::1"), peer("2001:db8::1"));
        assert_eq!(peer("::ffff:192.0.2.1"), peer("192.0.2.1"));
        assert_ne!(peer("192.0.2.1"), peer("192.0.2.2"));
    }

    #[test]
    fn a_dropped_pass_makes_room_and_nothing_is_left_behind() {
        let peers = Peers::default();
        let peer = Peer::of("192.0.2.1".parse().unwrap());
        let first = peers.admit(peer, 1).unwrap();
        assert!(peers.admit(peer, 1).is_none());
        drop(first);
        assert!(peers.is_empty());
        assert!(peers.admit(peer, 1).is_some());
    }
}
