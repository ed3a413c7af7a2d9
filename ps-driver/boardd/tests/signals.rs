//! A signal while something is done with an engine. Alone in its process, which the signal concerns as a whole.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use deltascope_abi::record::Record;
use deltascope_boardd::engines::{self, EngineName};
use deltascope_boardd::signals;
use deltascope_linux::Options;
use deltascope_model::Engine;

#[test]
fn signal_ends_what_is_done_with_an_engine_by_an_error() {
    let mut engine = engines::open(EngineName::Model, &Options::default()).unwrap();
    signals::arm().unwrap();
    assert_eq!(engine.submit(&[Record::nop()]).unwrap(), 1);
    // SAFETY: the handlers of `arm` only set a flag.
    assert_eq!(unsafe { libc::raise(libc::SIGTERM) }, 0);
    for error in [
        engine.submit(&[Record::nop()]).unwrap_err(),
        engine.poll(&mut |_| {}).unwrap_err(),
        engine.reset().unwrap_err(),
    ] {
        assert!(error.to_string().contains("stopped by a signal"), "{error}");
    }
    // The part that serves takes the signals over, and learns of the one that came.
    assert!(signals::disarm());
    assert_eq!(engine.submit(&[Record::nop()]).unwrap(), 1);
    assert!(!signals::disarm());
}
