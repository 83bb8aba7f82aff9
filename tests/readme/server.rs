// The server of the README's example: it has no users and sends nothing. The README includes this file.

use std::io;
use std::sync::Arc;

use getrandom::SysRng;
use getrandom::rand_core::{CryptoRng, UnwrapErr};
use oob_mfa::exchange::Grant;
use oob_mfa::wire::{ClientCredentials, TokenAnswer};
use oob_mfa::{Account, Delivery, Engine, Key, KeyRing, Next, Policy, Subject, Unsaved, Verified};

struct Server {
    engine: Arc<Engine>,
}

impl Server {
    fn new() -> Self {
        let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
        Self {
            engine: engine.into(),
        }
    }

    fn is_client(&self, _: &ClientCredentials) -> bool {
        true
    }

    fn password(&self, step: Grant) -> Exchange {
        step.unsupported()
    }

    fn load(&self, _: &Subject) -> io::Result<Option<Account>> {
        Ok(None)
    }

    fn replace(&self, _: &Next) -> Result<(), Unsaved<io::Error>> {
        Ok(())
    }

    fn send(&self, _: &Delivery) -> io::Result<()> {
        Ok(())
    }

    fn mint(&self, verified: &Verified) -> TokenAnswer {
        TokenAnswer::new("", 600, verified.scope())
    }
}

fn rng() -> impl CryptoRng {
    UnwrapErr(SysRng)
}
