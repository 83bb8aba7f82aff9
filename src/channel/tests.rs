use alloc::string::ToString;
use alloc::vec::Vec;

use super::{Channel, Channels};

#[test]
fn channels_iterate_sms_first() {
    use Channel::{Sms, Voice};
    for (channels, members) in [
        (Channels::Sms, [Sms].as_slice()),
        (Channels::Voice, &[Voice]),
        (Channels::SmsAndVoice, &[Sms, Voice]),
    ] {
        assert_eq!(channels.iter().collect::<Vec<_>>(), members);
        for channel in [Sms, Voice] {
            assert_eq!(channels.contains(channel), members.contains(&channel));
        }
    }
    assert_eq!(
        (Sms.to_string(), Voice.to_string()),
        ("sms".into(), "voice".into())
    );
    assert_eq!(serde_json::to_string(&Voice).unwrap(), "\"voice\"");
    assert!(serde_json::from_str::<Channel>("\"tel\"").is_err());
}

#[test]
fn a_channel_has_its_name_and_voice_has_an_old_one_too() {
    assert_eq!(Channel::named("sms"), Some(Channel::Sms));
    assert_eq!(Channel::named("voice"), Some(Channel::Voice));
    assert_eq!(Channel::named("tel"), Some(Channel::Voice));
    for name in [
        "",
        "SMS",
        "Voice",
        " sms",
        "auth0",
        "email",
        "phone",
        "sms voice",
    ] {
        assert_eq!(Channel::named(name), None, "{name:?}");
    }
}
