//! The engine does what the model says.

use oob_mfa::testing::{Model, commands, policies};
use proptest::prelude::*;

use crate::harness::{play, world};

proptest! {
    #[test]
    fn the_engine_equals_the_model_on_every_step(
        policy in policies(),
        seed: u64,
        commands in commands(1..60),
    ) {
        let mut model = Model::new(policy.clone());
        play(&mut world(&policy, seed), &commands, |_, command, observation, _| {
            assert_eq!(observation.reply, model.apply(command), "{command:?}");
        });
    }
}
