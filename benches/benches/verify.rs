//! Times of the operations, next to the HMAC that verifying cannot do without.
//!
//! The machines differ and so do runs on one of them: compare within one run.

use std::sync::LazyLock;

use divan::{Bencher, black_box};
use oob_mfa_benches::World;

static WORLD: LazyLock<World> = LazyLock::new(World::new);

fn main() {
    println!("record: {} bytes of postcard", WORLD.record_len());
    divan::main();
}

macro_rules! cases {
    ($($case:ident)*) => {$(
        #[divan::bench]
        fn $case(bencher: Bencher<'_, '_>) {
            let world = black_box(&*WORLD);
            bencher.bench_local(|| world.$case());
        }
    )*};
}
cases! {
    hmac verify_wrong verify_right verify_refused verify_unknown challenge open_token load
    load_and_save
}
