//! A queue of passwords, one per address at a time: an address that sends many delays only itself. A single
//! password waits for at most one check per other address.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use crate::peers::Network;

/// The waiting addresses, each with its turn and its number of requests.
#[derive(Default)]
pub(super) struct Queue(Arc<Lanes>);

type Lanes = Mutex<HashMap<Network, (Arc<Turn<()>>, usize)>>;

/// How many requests of one address may wait.
const MAX_WAITING: usize = 32;

/// A place in the queue, until it is dropped.
pub(super) struct Place {
    lanes: Arc<Lanes>,
    network: Network,
    turn: Arc<Turn<()>>,
}

impl Queue {
    /// A place for a request of an address; `None` if it has too many.
    pub(super) fn place(&self, network: Network) -> Option<Place> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (turn, waiting) = lanes.entry(network).or_default();
        if *waiting >= MAX_WAITING {
            return None;
        }
        *waiting += 1;
        Some(Place {
            lanes: Arc::clone(&self.0),
            network,
            turn: Arc::clone(turn),
        })
    }
}

impl Place {
    /// Waits until no other request of the address has its turn.
    pub(super) async fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.turn).lock_owned().await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, waiting)) = lanes.get_mut(&self.network) {
            *waiting -= 1;
            if *waiting == 0 {
                lanes.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[tokio::test]
    async fn an_address_has_one_turn_and_a_limited_number_of_places() {
        let queue = Queue::default();
        let [one, other] = [1, 2].map(|last| Network::of(IpAddr::from([127, 0, 0, last])));
        let places: Vec<_> = (0..MAX_WAITING)
            .map(|_| queue.place(one).unwrap())
            .collect();
        assert!(queue.place(one).is_none());
        let turn = places[0].turn().await;
        assert!(places[1].turn.try_lock().is_err());
        // Another address does not wait for it.
        drop(queue.place(other).unwrap().turn().await);
        drop(turn);
        assert!(places[1].turn.try_lock().is_ok());
        drop(places);
        assert!(queue.0.lock().unwrap().is_empty());
    }
}
