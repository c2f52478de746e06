use super::*;

/// Either it may be opened, or the error says what would help.
#[test]
fn opening_works_or_says_what_forbids_it() {
    match RawLink::open() {
        Ok(link) => assert_eq!(link.mode(), Mode::Raw),
        Err(error) => {
            assert!(matches!(error, Error::NotPermitted { .. }), "{error}");
            assert!(error.to_string().contains("setcap cap_net_raw+p"), "{error}");
        }
    }
}
